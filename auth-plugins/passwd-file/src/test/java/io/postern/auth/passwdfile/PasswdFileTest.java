package io.postern.auth.passwdfile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.auth.stored.PasswordCheck;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

class PasswdFileTest {
    private static final AtomicLong NANOS = new AtomicLong();

    @TempDir Path folder;

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(UserDirectory.class).findFirst().orElseThrow();
        assertEquals("passwd-file", found.name());
    }

    @Test
    void theFieldsOfDovecotBecomeAttributes() throws Exception {
        try (var users =
                start(
                        "Alice@example.org:{PLAIN}x:5000:6000:The:/var/vmail/a:/bin/sh:"
                                + "userdb_mail=maildir:~/M allow_nets=10.0.0.0/8,::1 nodelay")) {
            assertEquals(
                    new Verdict.Accepted(
                            new User(
                                    "Alice@example.org",
                                    Map.of(
                                            "uid", "5000",
                                            "gid", "6000",
                                            "home", "/var/vmail/a",
                                            "shell", "/bin/sh",
                                            "mail", "maildir:~/M",
                                            "networks", "10.0.0.0/8 ::1"))),
                    ask(users, "alice@EXAMPLE.org", "x"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "{domain}/{local},          example.org/alice",
        "{home}/Maildir,            org/a/Maildir",
        "mail-{attribute:box}/{user}, mail-7/alice@example.org"
    })
    void theMaildropIsMadeByTheTemplate(String template, String maildrop) throws Exception {
        var settings = Map.of("maildrop", template, "homes", "/var/vmail");
        try (var users =
                start("alice@example.org:{PLAIN}x::::/var/vmail/org/./a::userdb_box=7", settings)) {
            var accepted = (Verdict.Accepted) ask(users, "alice@example.org", "x");
            assertEquals(maildrop, accepted.user().attributes().get("maildrop"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"alice:{PLAIN}x", "alice:{PLAIN}x::::/etc/a", "alice:{PLAIN}x::::/v/.."})
    void aUserWithoutWhatTheTemplateAsksForIsTold(String line) {
        var refused =
                assertThrows(
                        SettingException.class,
                        () -> start(line, Map.of("maildrop", "{home}", "homes", "/v")));
        assertTrue(refused.getMessage().contains("line 1: \"alice\" has no home below /v"));
    }

    @ParameterizedTest
    @CsvSource({"maildrop, all", "maildrop, {nobody}", "maildrop, {user", "homes, {home}"})
    void aTemplateThatIsNoneIsRefused(String setting, String template) {
        var refused =
                assertThrows(
                        SettingException.class,
                        () -> start("alice:{PLAIN}x", Map.of("maildrop", template)));
        assertEquals(setting, refused.setting());
    }

    @Test
    void whatHtpasswdMakesWorks() throws Exception {
        // htpasswd -nb of Apache 2.4: -B, -m, -s, -2, -5
        var text =
                """
                b:$2y$05$KoKqN61NkioY8zDlT7e3Deg78SecVFKIycEu2w58.kEtE5uIhx4Mq
                m:$apr1$xWRjs/nY$CAx9fR331lnGO9cavWGZP0

                s:{SHA}ZnKzbsQrNZDLCMWKULJFd8k2LuQ=
                2:$5$ArF8lHvVpRdRlIR1$//XVQVSSFNI7/1Y9CQ/KOA2hsTj/CIPWNCn05REpZF5
                5:$6$9LSpq.9ZRD9mzP22$GgxiwAPkh4ss2W5CMYO7nJuNENbi0YIVVhz6CRETaKOGlkkYfNEL1GLIyUicmrceMJc0qujHO3rWDOw.kLq4V.
                """;
        try (var users = start(text)) {
            for (var name : List.of("b", "m", "s", "2", "5")) {
                assertEquals(new Verdict.Accepted(new User(name)), ask(users, name, "tän staaf"));
                assertEquals(
                        new Verdict.Refused(Reason.WRONG_PROOF), ask(users, name, "tan staaf"));
            }
        }
    }

    @Test
    void thePasswordWithoutASchemeHasTheOneThatIsSet() throws Exception {
        try (var users = start("alice:tän staaf", Map.of("scheme", "PLAIN"))) {
            assertEquals(new Verdict.Accepted(new User("alice")), ask(users, "alice", "tän staaf"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "!", "!!", "!$6$x", "*LK*"})
    void aLockedPasswordBarsTheUser(String locked) throws Exception {
        try (var users = start("alice:" + locked)) {
            for (var password : List.of("x", locked)) {
                assertTrue(ask(users, "alice", password) instanceof Verdict.Refused);
            }
        }
    }

    @Test
    void everythingThatIsWrongIsToldAtOnceWithItsLine() {
        var text =
                """
                # comment
                alice:{PLAIN}geheim
                geheim
                ALICE:{PLAIN}geheim
                bob:geheim
                carol:
                dave:{PLAIN}x::::::proxy=10.0.0.1
                erin:{PLAIN}x::::::nopassword=y userdb_a=b
                :{PLAIN}x
                """
                        + " frank:{PLAIN}x\n"
                        + "n".repeat(256)
                        + ":{PLAIN}x\n";
        var refused = assertThrows(SettingException.class, () -> start(text));
        var message = refused.getMessage();
        for (int line : new int[] {3, 4, 5, 6, 7, 8, 9, 10, 11}) {
            assertTrue(message.contains("line " + line + ": "), line + " in " + message);
        }
        for (int line : new int[] {1, 2}) {
            assertFalse(message.contains("line " + line + ": "), line + " in " + message);
        }
        assertFalse(message.contains("geheim"), message);
        assertTrue(message.contains("proxy"), message);
        assertFalse(message.contains("10.0.0.1"), message);
        assertEquals("file", refused.setting());
    }

    @Test
    void octetsThatAreNotUtf8AreToldWithTheirPlace() throws Exception {
        var file = folder.resolve("passwd");
        Files.write(file, new byte[] {'a', ':', (byte) 0xe4, '\n'});
        var refused = assertThrows(SettingException.class, () -> start(file, Map.of()));
        assertTrue(refused.getMessage().contains("not in UTF-8"), refused.getMessage());
    }

    @Test
    void aMissingFileIsRefused() {
        var file = folder.resolve("nowhere");
        var refused = assertThrows(SettingException.class, () -> start(file, Map.of()));
        assertTrue(refused.getMessage().contains("no such file"), refused.getMessage());
    }

    @Test
    void aChangeIsSeenAndABrokenFileChangesNothing() throws Exception {
        try (var users = start("alice:{PLAIN}x")) {
            replace("carol:{PLAIN}longer");
            assertEquals(new Verdict.Accepted(new User("carol")), ask(users, "carol", "longer"));
            assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), ask(users, "alice", "x"));
            replace("dave");
            assertEquals(new Verdict.Accepted(new User("carol")), ask(users, "carol", "longer"));
        }
    }

    @Test
    void whatPasswdMakesWorksInTheFile() throws Exception {
        try (var maker = new PasswdFile();
                var password = Secret.of("a:b \u2603")) {
            var text = new StringBuilder();
            for (var scheme : maker.schemes()) {
                text.append(scheme).append(':').append(maker.hash(scheme, password)).append('\n');
            }
            try (var users = start(text.toString())) {
                for (var scheme : maker.schemes()) {
                    assertEquals(
                            new Verdict.Accepted(new User(scheme)), users.verify(scheme, password));
                }
            }
        }
    }

    private void replace(String text) throws IOException {
        var fresh = folder.resolve("fresh");
        Files.writeString(fresh, text);
        Files.delete(folder.resolve("passwd"));
        Files.move(fresh, folder.resolve("passwd"));
        NANOS.addAndGet(Duration.ofSeconds(2).toNanos());
    }

    private PasswdFile start(String text) throws IOException {
        return start(text, Map.of());
    }

    private PasswdFile start(String text, Map<String, String> settings) throws IOException {
        var file = folder.resolve("passwd");
        Files.writeString(file, text);
        return start(file, settings);
    }

    private static PasswdFile start(Path file, Map<String, String> settings) {
        return start(file, settings, new PasswordCheck());
    }

    static PasswdFile start(Path folder, String text, PasswordCheck check) throws IOException {
        var file = folder.resolve("passwd");
        Files.writeString(file, text);
        return start(file, Map.of(), check);
    }

    private static PasswdFile start(Path file, Map<String, String> settings, PasswordCheck check) {
        var users = new PasswdFile(check, NANOS::get);
        var values = new TreeMap<String, List<String>>();
        settings.forEach((name, value) -> values.put(name, List.of(value)));
        values.put("file", List.of(file.toString()));
        users.start(new PluginConfig(users.settings(), values, file.getParent(), file.getParent()));
        return users;
    }

    private static Verdict ask(PasswdFile users, String name, String text)
            throws InterruptedException {
        try (var password = Secret.of(text)) {
            return users.verify(name, password);
        }
    }
}
