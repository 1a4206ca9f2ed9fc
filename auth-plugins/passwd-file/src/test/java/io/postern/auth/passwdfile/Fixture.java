package io.postern.auth.passwdfile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.postern.auth.stored.PasswordCheck;
import io.postern.auth.stored.StoredPassword;
import io.postern.spi.Findings;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.Verdict;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** A password file in a folder of its own, a clock that stands still, and what is logged. */
final class Fixture {
    final Path file;
    private final AtomicLong nanos = new AtomicLong();
    private final PasswordCheck check;

    /** Takes no time for somebody who has no password. */
    Fixture(Path folder) {
        this(
                folder,
                new PasswordCheck((stored, password) ->
                        stored != StoredPassword.none() && stored.matches(password)));
    }

    Fixture(Path folder, PasswordCheck check) {
        this.file = folder.resolve("passwd");
        this.check = check;
    }

    void write(byte[] text) throws IOException {
        // Through another file, so that the change is seen within the clock's grain.
        var fresh = file.resolveSibling("fresh");
        Files.write(fresh, text);
        Files.deleteIfExists(file);
        Files.move(fresh, file);
        pass();
    }

    /** The time after which a change is seen. */
    void pass() {
        nanos.addAndGet(Duration.ofSeconds(2).toNanos());
    }

    void write(String text) throws IOException {
        write(text.getBytes(StandardCharsets.UTF_8));
    }

    PasswdFile start(String text) throws IOException {
        return start(text, Map.of());
    }

    PasswdFile start(String text, Map<String, String> settings) throws IOException {
        write(text);
        return start(settings);
    }

    PasswdFile start(Map<String, String> settings) {
        var users = new PasswdFile(check, nanos::get);
        users.start(config(users, settings));
        return users;
    }

    private PluginConfig config(PasswdFile users, Map<String, String> settings) {
        var values = new TreeMap<String, List<String>>();
        settings.forEach((name, value) -> values.put(name, List.of(value)));
        values.put("file", List.of(file.toString()));
        return new PluginConfig(users.settings(), values, file.getParent(), file.getParent());
    }

    /** What a check says: warnings, and problems behind an exclamation mark. */
    List<String> check() {
        var all = new ArrayList<String>();
        var users = new PasswdFile();
        users.check(
                config(users, Map.of()),
                new Findings() {
                    @Override
                    public void problem(SettingException problem) {
                        all.add("!" + problem.getMessage() + ". " + problem.remedy());
                    }

                    @Override
                    public void warning(SettingException warning) {
                        assertEquals("file", warning.setting());
                        all.add(warning.getMessage() + ". " + warning.remedy());
                    }
                });
        return all;
    }

    static Verdict ask(PasswdFile users, String name, String text) throws InterruptedException {
        try (var password = Secret.of(text)) {
            return users.verify(name, password);
        }
    }

    static void assertLetIn(PasswdFile users, String name, String password)
            throws InterruptedException {
        assertEquals(new Verdict.Accepted(new User(name)), ask(users, name, password));
    }

    interface Task {
        void run() throws Exception;
    }

    static String logOf(Task task) throws Exception {
        var before = System.err;
        var written = new ByteArrayOutputStream();
        try (var caught = new PrintStream(written, true, StandardCharsets.UTF_8)) {
            System.setErr(caught);
            task.run();
        } finally {
            System.setErr(before);
        }
        return written.toString(StandardCharsets.UTF_8);
    }
}
