package io.postern.auth.ldap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.unboundid.ldap.sdk.Modification;
import com.unboundid.ldap.sdk.ModificationType;
import com.unboundid.ldap.sdk.ResultCode;

import io.postern.spi.Fault;
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
import java.util.Base64;
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
    void aSearcherWhomTheServerDoesNotTakeIsBrokenAndNoWrongPassword() {
        var fault =
                assertThrows(
                        Fault.class,
                        () ->
                                Fixture.start(
                                        Fixture.search(server.url(), "bind-password", "wrong")));
        assertEquals(Fault.Kind.PERMANENT, fault.kind());
    }

    @Test
    void twoEntriesForOneNameAreAFault() {
        var settings = Fixture.search(server.url(), "filter", "(|(uid={user})(sn=*))");
        var fault = assertThrows(Fault.class, () -> Fixture.start(settings));
        assertEquals(Fault.Kind.PERMANENT, fault.kind());
    }

    @Test
    void anEntryWithTwoNamesIsAFault() throws Exception {
        server.entries()
                .modify(
                        "uid=alice,ou=people,dc=example,dc=org",
                        new Modification(ModificationType.ADD, "uid", "ally"));
        try (var ldap = Fixture.start(Fixture.search(server.url()))) {
            var fault =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "ally", Fixture.PASSWORD));
            assertEquals(Fault.Kind.PERMANENT, fault.kind());
        }
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
