package io.postern.auth.xmlusers;

import io.postern.auth.stored.PasswordCheck;
import io.postern.auth.stored.StoredPassword;
import io.postern.spi.Findings;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.auth.Verdict;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;

/** A file of users in a folder of its own, a clock that stands still, and what was hashed. */
final class Fixture {
    /** Password: "tän staaf". */
    static final String PBKDF2 =
            "{PBKDF2-SHA512}$1000$AAECAwQFBgcICQoLDA0ODw==$zpcXl4Hg2JGO41DHNqtncKOteYzbstsRAozZ2EoI"
                    + "RwDn0coH51kY6W/J5pvouqbqy8tDDo2uivLoVkLLst8H0g==";

    /** Password: "tän staaf". */
    static final String SHA_CRYPT =
            "{SHA512-CRYPT}$6$rounds=1000$saltstringSALT16$wyKm2SJEfwyOJnnGgAOmcvLqPyrK3sX5RMGG/byY"
                    + "LaNEsJFXVcjM4vOWZxQ.BSAzdC7wY9MlghwCsTjCxdcQ01";

    /** Password: "tän staaf". Made by doveadm pw of Dovecot 2.3.19. */
    static final String SCRAM =
            "{SCRAM-SHA-256}4096,8rBIRzpKuQQ2OAFWSypdwQ==,LMw5tuEJiRfxdeQDyMCSbKV5g9S97DO2JFZZI4Xb8Ts="
                    + ",S0nalf9L1WADDNEmVVYYxu+Vw7rSKP19veIiw9ljUhk=";

    static final String PLAIN = "{PLAIN}tän staaf";

    final Path file;
    final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);

    /** The form of every stored password that was compared, in order. */
    final List<String> hashed = Collections.synchronizedList(new ArrayList<>());

    /** How they are compared. */
    BiPredicate<StoredPassword, Secret> compare = StoredPassword::matches;

    Fixture(Path folder) {
        this.file = folder.resolve("users.xml");
    }

    void write(String text) throws IOException {
        write(text, "utf-8");
    }

    void write(String text, String encoding) throws IOException {
        // Through another file, so that the change is seen within the clock's grain.
        var fresh = file.resolveSibling("fresh.xml");
        Files.writeString(fresh, text, Charset.forName(encoding));
        Files.deleteIfExists(file);
        Files.move(fresh, file);
    }

    /** A file with alice, and with bob, who may not log in; both with this password. */
    static String aliceAndBob(String password) {
        return """
        <users>
          <user name="alice" password="%s"/>
          <user name="bob" password="%s" enabled="false"/>
        </users>
        """
                .formatted(password, password);
    }

    XmlUsers start(String text) throws IOException {
        write(text);
        return start();
    }

    XmlUsers start() {
        var users =
                new XmlUsers(
                        new PasswordCheck((stored, password) -> {
                            hashed.add(stored.form());
                            return compare.test(stored, password);
                        }),
                        nanos::get);
        users.start(config(users));
        return users;
    }

    private PluginConfig config(XmlUsers users) {
        return new PluginConfig(
                users.settings(),
                Map.of("file", List.of(file.toString())),
                file.getParent(),
                file.getParent());
    }

    /** What a check says: warnings, and problems behind an exclamation mark. */
    List<String> check() {
        var all = new ArrayList<String>();
        var users = new XmlUsers();
        users.check(
                config(users),
                new Findings() {
                    @Override
                    public void problem(SettingException problem) {
                        all.add("!" + problem.getMessage() + ". " + problem.remedy());
                    }

                    @Override
                    public void warning(SettingException warning) {
                        all.add(warning.getMessage() + ". " + warning.remedy());
                    }
                });
        return all;
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

    static Verdict ask(XmlUsers users, String name, String text) throws InterruptedException {
        try (var password = Secret.of(text)) {
            return users.verify(name, password);
        }
    }
}
