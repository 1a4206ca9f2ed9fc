package io.postern.auth.passwdfile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

class PasswdFileTest {
    @TempDir Path folder;
    private Fixture fixture;

    @BeforeEach
    void newFixture() {
        fixture = new Fixture(folder);
    }

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(UserDirectory.class).findFirst().orElseThrow();
        assertEquals("passwd-file", found.name());
    }

    @Test
    void theFieldsOfDovecotBecomeAttributes() throws Exception {
        try (var users =
                fixture.start(
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
                    Fixture.ask(users, "alice@EXAMPLE.org", "x"));
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
                fixture.start(
                        "alice@example.org:{PLAIN}x::::/var/vmail/org/./a::userdb_box=7",
                        settings)) {
            var accepted = (Verdict.Accepted) Fixture.ask(users, "alice@example.org", "x");
            assertEquals(maildrop, accepted.user().attributes().get("maildrop"));
        }
    }

    @ParameterizedTest
    @CsvSource({"maildrop, all", "maildrop, {nobody}", "maildrop, {user", "homes, {home}"})
    void aTemplateThatIsNoneIsRefused(String setting, String template) {
        var refused =
                assertThrows(
                        SettingException.class,
                        () -> fixture.start("alice:{PLAIN}x", Map.of("maildrop", template)));
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
        try (var users = fixture.start(text)) {
            for (var name : List.of("b", "m", "s", "2", "5")) {
                assertEquals(
                        new Verdict.Accepted(new User(name)),
                        Fixture.ask(users, name, "tän staaf"));
                assertEquals(
                        new Verdict.Refused(Reason.WRONG_PROOF),
                        Fixture.ask(users, name, "tan staaf"));
            }
        }
    }

    @Test
    void thePasswordWithoutASchemeHasTheOneThatIsSet() throws Exception {
        try (var users = fixture.start("alice:tän staaf", Map.of("scheme", "PLAIN"))) {
            assertEquals(
                    new Verdict.Accepted(new User("alice")),
                    Fixture.ask(users, "alice", "tän staaf"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "!", "!!", "!$6$x", "*LK*"})
    void aLockedPasswordBarsTheUser(String locked) throws Exception {
        try (var users = fixture.start("alice:" + locked)) {
            for (var password : List.of("x", locked)) {
                assertTrue(Fixture.ask(users, "alice", password) instanceof Verdict.Refused);
            }
        }
    }

    @Test
    void aMissingFileIsRefused() {
        var refused = assertThrows(SettingException.class, () -> fixture.start(Map.of()));
        assertEquals("file", refused.setting());
        assertTrue(refused.getMessage().contains("no such file"), refused.getMessage());
        assertTrue(refused.getMessage().contains(fixture.file.toString()), refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"alice:{PLAIN}x", "alice:{PLAIN}x::::/etc/a", "alice:{PLAIN}x::::/v/.."})
    void whoLacksWhatTheTemplateAsksForIsBarred(String line) throws Exception {
        var settings = Map.of("maildrop", "{home}", "homes", "/v");
        var log =
                Fixture.logOf(() -> {
                    try (var users = fixture.start(line + "\nbob:{PLAIN}x::::/v/b\n", settings)) {
                        assertEquals(
                                new Verdict.Refused(Reason.NOT_ALLOWED),
                                Fixture.ask(users, "alice", "x"));
                        assertTrue(Fixture.ask(users, "bob", "x") instanceof Verdict.Accepted);
                    }
                });
        assertTrue(
                log.contains("passwd:1: \"alice\" is barred: the account has no home below /v"),
                log);
    }

    @Test
    void whatPasswdMakesWorksInTheFile() throws Exception {
        try (var maker = new PasswdFile();
                var password = Secret.of("a:b \u2603")) {
            var text = new StringBuilder();
            for (var scheme : maker.schemes()) {
                text.append(scheme).append(':').append(maker.hash(scheme, password)).append('\n');
            }
            try (var users = fixture.start(text.toString())) {
                for (var scheme : maker.schemes()) {
                    assertEquals(
                            new Verdict.Accepted(new User(scheme)), users.verify(scheme, password));
                }
            }
        }
    }
}
