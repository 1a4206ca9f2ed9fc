package io.postern.auth.ldap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.unboundid.ldap.sdk.Modification;
import com.unboundid.ldap.sdk.ModificationType;
import com.unboundid.ldap.sdk.ResultCode;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

class LdapTest {
    private static final Verdict ALICE =
            new Verdict.Accepted(new User("alice", Map.of("maildrop", "team/alice")));
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);
    private static final Verdict BARRED = new Verdict.Refused(Reason.NOT_ALLOWED);

    @TempDir Path folder;
    private MemoryServer server;

    @BeforeEach
    void startServer() throws Exception {
        server = new MemoryServer();
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(UserDirectory.class).findFirst().orElseThrow();
        assertEquals("ldap", found.name());
    }

    @Test
    void attributesAreMappedAndTheNameIsTheEntrys() throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url()))) {
            assertEquals(ALICE, Fixture.ask(ldap, "ALICE", Fixture.PASSWORD));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'uid={user},ou=people,dc=example,dc=org'",
        "'UID={local}, ou=People,dc=example,dc=org'"
    })
    void aBindAtOnceNeedsNoSearchOfAStranger(String dn) throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url(), "user-dn", dn))) {
            assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(BARRED, Fixture.ask(ldap, "bob", Fixture.PASSWORD));
            server.questions.set(0);
            assertEquals(WRONG, Fixture.ask(ldap, "alice", "x"));
            assertEquals(WRONG, Fixture.ask(ldap, "mallory", "x"), "nobody can tell");
            assertEquals(2, server.questions.get());
            for (var name :
                    List.of("alice,ou=people", "*", "alice+cn=x", "a\\2c", "alice ", "\0alice")) {
                assertTrue(
                        Fixture.ask(ldap, name, Fixture.PASSWORD) instanceof Verdict.Refused, name);
            }
        }
    }

    @Test
    void whoHasBoundIsWhoIsFound() throws Exception {
        // Whatever is typed, alice binds; and the filter finds bob by his name.
        try (var ldap =
                Fixture.start(
                        Fixture.search(
                                server.url(),
                                "user-dn",
                                "uid={local},ou=people,dc=example,dc=org",
                                "filter",
                                "(uid={domain})"))) {
            assertEquals(BARRED, Fixture.ask(ldap, "alice@bob", Fixture.PASSWORD));
            assertEquals(ALICE, Fixture.ask(ldap, "alice@alice", Fixture.PASSWORD));
        }
    }

    @Test
    void aFilterTakesWhatIsTypedAsAValue() throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url()))) {
            for (var name :
                    List.of("*", "a*", "alice)(uid=*", "*)(|(uid=*", "\\61lice", "al\\69ce")) {
                assertEquals(UNKNOWN, Fixture.ask(ldap, name, Fixture.PASSWORD), name);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "INVALID_CREDENTIALS, WRONG_PROOF",
        "UNWILLING_TO_PERFORM, NOT_ALLOWED",
        "CONSTRAINT_VIOLATION, NOT_ALLOWED"
    })
    void theServersReasonIsHandedOn(String code, Reason reason) throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url()))) {
            server.binds.set(
                    switch (code) {
                        case "UNWILLING_TO_PERFORM" -> ResultCode.UNWILLING_TO_PERFORM;
                        case "CONSTRAINT_VIOLATION" -> ResultCode.CONSTRAINT_VIOLATION;
                        default -> ResultCode.INVALID_CREDENTIALS;
                    });
            assertEquals(new Verdict.Refused(reason), Fixture.ask(ldap, "alice", Fixture.PASSWORD));
        }
    }

    @Test
    void aServerThatIsBusyIsAnOutageAndOneThatRefusesIsBroken() throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url()))) {
            server.binds.set(ResultCode.BUSY);
            var outage =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(Fault.Kind.TEMPORARY, outage.kind());
            server.binds.set(ResultCode.INSUFFICIENT_ACCESS_RIGHTS);
            var broken =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(Fault.Kind.PERMANENT, broken.kind());
        }
    }

    @Test
    void aServerThatIsDownIsAnOutageAndNoWrongPassword() throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url()))) {
            server.close();
            var fault =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        }
        try (var ldap = Fixture.start(Fixture.search(server.url()))) {
            var fault =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(
                    "the LDAP server gave no answer: connect error (127.0.0.1:"
                            + server.port()
                            + ": Connection refused)",
                    fault.getMessage());
        }
    }

    @Test
    void aServerThatSaysNothingIsAnOutage() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var ldap =
                        Fixture.start(
                                Fixture.search(
                                        "ldap://127.0.0.1:" + silent.getLocalPort(),
                                        "timeout",
                                        "PT1S"))) {
            var fault =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        }
    }

    @Test
    void whenOneServerIsDownTheNextIsAsked() throws Exception {
        try (var second = new MemoryServer();
                var ldap =
                        Fixture.start(
                                Fixture.search(
                                        server.url(),
                                        "server",
                                        server.url(),
                                        "server",
                                        second.url()))) {
            assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(0, second.questions.get());
            server.close();
            assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(WRONG, Fixture.ask(ldap, "alice", "x"));
            assertTrue(second.questions.get() > 0);
        }
    }

    @Test
    void aSearcherWhomTheServerDoesNotTakeIsSaidAtTheStart() {
        for (var pairs :
                new String[][] {
                    {"bind-password", "wrong"},
                    {"bind-dn", "cn=nobody,dc=example,dc=org"},
                    {"bind-password", "wrong", "check", "compare"}
                }) {
            var refused =
                    assertThrows(
                            SettingException.class,
                            () -> Fixture.start(Fixture.search(server.url(), pairs)));
            assertEquals("bind-password", refused.setting());
            assertTrue(refused.getMessage().contains("refuses the bind of cn="), refused::toString);
            assertTrue(refused.getMessage().contains("invalid credentials"), refused::toString);
        }
    }

    @Test
    void aSearcherWhosePasswordWasChangedIsSaidAtALogin() throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url()))) {
            assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            server.entries()
                    .modify(
                            Fixture.SEARCHER,
                            new Modification(ModificationType.REPLACE, "userPassword", "other"));
            server.goesDown();
            server.comesBack();
            var fault =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(Fault.Kind.PERMANENT, fault.kind(), fault.getMessage());
            assertTrue(fault.getMessage().contains("refuses the bind of"), fault.getMessage());
            assertTrue(fault.getMessage().contains("<bind-password>"), fault.getMessage());
            assertEquals(fault.getMessage(), ldap.trouble().orElseThrow());
        }
    }

    @Test
    void twoEntriesForOneNameAreAFault() {
        var settings = Fixture.search(server.url(), "filter", "(|(uid={user})(sn=*))");
        var fault = assertThrows(Fault.class, () -> Fixture.start(settings));
        assertEquals(Fault.Kind.PERMANENT, fault.kind());
    }

    @ParameterizedTest
    @CsvSource({
        // The one in the entry's own name wins.
        "uid, 'ally,ALF', alice",
        "UID, 'aaron', alice",
        // Else the first in order, whatever the server's order and the spelling.
        "mail, 'b.ela@example.org,Anna@example.org,alias@example.org', alias@example.org",
        "mail, 'alias@example.org,Anna@example.org', alias@example.org",
        "mail, 'B@example.org,a@example.org', a@example.org",
        "mail, 'only@example.org', only@example.org"
    })
    void ofSeveralNamesOneIsTakenTheSameEachTime(String attribute, String values, String name)
            throws Exception {
        var all = new ArrayList<>(List.of(values.split(",", -1)));
        for (int turn = 0; turn < all.size(); turn++) {
            Collections.rotate(all, 1);
            if (attribute.equalsIgnoreCase("uid")) {
                all.remove("alice");
                all.add("alice");
            }
            server.entries()
                    .modify(
                            "uid=alice,ou=people,dc=example,dc=org",
                            new Modification(
                                    ModificationType.REPLACE,
                                    attribute,
                                    all.toArray(String[]::new)));
            try (var ldap =
                    Fixture.start(
                            Fixture.search(
                                    server.url(),
                                    "name-attribute",
                                    attribute,
                                    "filter",
                                    "(|(uid={user})(mail={user}))"))) {
                for (var typed : all) {
                    assertEquals(
                            new Verdict.Accepted(new User(name, Map.of("maildrop", "team/alice"))),
                            Fixture.ask(ldap, typed, Fixture.PASSWORD),
                            typed);
                }
            }
        }
    }

    @Test
    void anEntryWithoutANameIsAFault() throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url(), "name-attribute", "mail"))) {
            var fault =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(Fault.Kind.PERMANENT, fault.kind());
            assertTrue(fault.getMessage().contains("<name-attribute>"), fault.getMessage());
        }
    }

    @Test
    void aCheckAsksNobody() {
        server.questions.set(0);
        try (var ldap = new Ldap()) {
            ldap.check(
                    new PluginConfig(
                            ldap.settings(),
                            Fixture.search(server.url()),
                            Path.of("target"),
                            Path.of("target")),
                    null);
        }
        assertEquals(0, server.questions.get());
    }

    @Test
    void whatIsRememberedEndsWhenThePasswordIsSeenToChange() throws Exception {
        try (var ldap = Fixture.start(Fixture.search(server.url(), "cache-time", "PT10M"))) {
            assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            server.entries()
                    .modify(
                            "uid=alice,ou=people,dc=example,dc=org",
                            new Modification(ModificationType.REPLACE, "userPassword", "new"));
            assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD), "remembered");
            assertEquals(ALICE, Fixture.ask(ldap, "alice", "new"));
            assertEquals(WRONG, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
        }
    }

    @Test
    void passwordsGoThroughTlsToTheServerThatIsMeantOnly() throws Exception {
        var keys = keys("dns:localhost");
        try (var secure = new MemoryServer(keys)) {
            var ca = folder.resolve("ca.pem").toString();
            for (var settings :
                    List.of(
                            Fixture.search(secure.tlsUrl("localhost"), "ca-file", ca),
                            Fixture.search(
                                    "ldap://localhost:" + secure.port(),
                                    "start-tls",
                                    "true",
                                    "ca-file",
                                    ca))) {
                try (var ldap = Fixture.start(settings)) {
                    assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
                }
            }
            secure.questions.set(0);
            for (var settings :
                    List.of(
                            Fixture.search(secure.tlsUrl("127.0.0.1"), "ca-file", ca),
                            Fixture.search(secure.url(), "start-tls", "true", "ca-file", ca),
                            Fixture.search(secure.tlsUrl("localhost")),
                            Fixture.search(
                                    "ldap://localhost:" + secure.port(), "start-tls", "true"))) {
                try (var ldap = Fixture.start(settings)) {
                    var fault =
                            assertThrows(
                                    Fault.class,
                                    () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
                    assertEquals(Fault.Kind.TEMPORARY, fault.kind());
                }
            }
            assertEquals(0, secure.questions.get(), "asked a server that proved nothing");
        }
    }

    @Test
    void startTlsThatTheServerDoesNotOfferIsNoReasonToGoOnWithout() throws Exception {
        assertThrows(
                Fault.class,
                () -> Fixture.start(Fixture.search(server.url(), "start-tls", "true")));
        assertEquals(0, server.questions.get());
    }

    @ParameterizedTest
    @CsvSource({
        "server, http://x",
        "server, ldap:x",
        "server, ldap://a/dc=x",
        "server, ldap://u@a",
        "base, nonsense",
        "filter, uid={user",
        "filter, (uid=alice)",
        "filter, (uid={dn})",
        "filter, (uid={user}",
        "user-dn, uid=alice",
        "user-dn, 'uid={user},nonsense'",
        "group-filter, (member={x})",
        "attribute, maildrop",
        "pool-size, 0",
        "timeout, PT0S",
        "cache-entries, 0",
        "ca-file, /nowhere.pem",
        "group-base, ''",
        "group-filter, ''",
        "bind-dn, ''",
        "bind-password, ''"
    })
    void aSettingThatCannotBeUsedIsRefused(String setting, String value) {
        var refused =
                assertThrows(
                        SettingException.class,
                        () -> Fixture.start(Fixture.search(server.url(), setting, value)));
        assertEquals(setting, refused.setting());
    }

    @Test
    void settingsThatContradictEachOtherAreRefused() {
        assertThrows(
                SettingException.class,
                () ->
                        Fixture.start(
                                Fixture.search(
                                        server.url(),
                                        "user-dn",
                                        "uid={user},dc=x",
                                        "check",
                                        "compare")));
        assertThrows(
                SettingException.class,
                () -> Fixture.start(Fixture.search("ldaps://localhost", "start-tls", "true")));
    }

    @Test
    void aLoginIsPossibleOnceTheServerIsThere() throws Exception {
        int port = server.port();
        server.close();
        try (var ldap = Fixture.start(Fixture.search("ldap://127.0.0.1:" + port))) {
            assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            server.entries().startListening();
            assertInstanceOf(Verdict.Accepted.class, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
        }
    }

    /** A key and a certificate of its own for this name; the certificate is in ca.pem, too. */
    private Path keys(String name) throws Exception {
        var file = folder.resolve("keys.p12");
        var keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "server",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=x",
                                "-ext",
                                "SAN=" + name,
                                "-storetype",
                                "PKCS12",
                                "-storepass",
                                "geheim",
                                "-keystore",
                                file.toString())
                        .inheritIO()
                        .start();
        assertEquals(0, keytool.waitFor());
        var store = KeyStore.getInstance(file.toFile(), "geheim".toCharArray());
        Files.writeString(
                folder.resolve("ca.pem"),
                "-----BEGIN CERTIFICATE-----\n"
                        + Base64.getMimeEncoder()
                                .encodeToString(store.getCertificate("server").getEncoded())
                        + "\n-----END CERTIFICATE-----\n");
        return file;
    }
}
