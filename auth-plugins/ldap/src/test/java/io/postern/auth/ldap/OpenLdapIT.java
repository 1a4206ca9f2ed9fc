package io.postern.auth.ldap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.auth.PasswordDirectoryContract;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The contract against OpenLDAP's slapd, in every way to ask it. */
class OpenLdapIT {
    private static final Verdict ALICE =
            new Verdict.Accepted(new User("alice", Map.of("maildrop", "team/alice")));

    @TempDir static Path folder;
    private static Slapd slapd;

    @BeforeAll
    static void startServer() throws Exception {
        slapd = new Slapd(folder);
    }

    @AfterAll
    static void stopServer() throws Exception {
        slapd.close();
    }

    abstract static class Searching implements PasswordDirectoryContract {
        abstract Map<String, List<String>> settings();

        @Override
        public Ldap directory() throws Exception {
            return Fixture.start(settings());
        }

        @Override
        public Optional<String> otherSpelling() {
            return Optional.of("ALIce");
        }

        @Override
        public Optional<String> barredUser() {
            return Optional.of("bob");
        }
    }

    @Nested
    class AndBindingByStartTls extends Searching {
        @Override
        Map<String, List<String>> settings() {
            return Fixture.search(
                    slapd.namedUrl(),
                    "start-tls",
                    "true",
                    "ca-file",
                    slapd.certificate().toString());
        }
    }

    @Nested
    class AndComparingByLdaps extends Searching {
        @Override
        Map<String, List<String>> settings() {
            return Fixture.search(
                    slapd.tlsUrl(), "check", "compare", "ca-file", slapd.certificate().toString());
        }
    }

    @Test
    void inTheClearItWorksToo() throws Exception {
        for (var check : List.of("bind", "compare")) {
            try (var ldap = Fixture.start(Fixture.search(slapd.url(), "check", check))) {
                assertEquals(ALICE, Fixture.ask(ldap, "ALICE", Fixture.PASSWORD));
                assertEquals(
                        new Verdict.Refused(Reason.WRONG_PROOF), Fixture.ask(ldap, "alice", "x"));
            }
        }
    }

    @Test
    void aBindAtOnceByLdaps() throws Exception {
        var settings =
                Fixture.search(
                        slapd.tlsUrl(),
                        "user-dn",
                        "uid={user},ou=people,dc=example,dc=org",
                        "ca-file",
                        slapd.certificate().toString());
        try (var ldap = Fixture.start(settings)) {
            assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(
                    new Verdict.Refused(Reason.WRONG_PROOF), Fixture.ask(ldap, "mallory", "x"));
            assertEquals(
                    new Verdict.Refused(Reason.NOT_ALLOWED),
                    Fixture.ask(ldap, "bob", Fixture.PASSWORD));
        }
    }

    @Test
    void aServerThatProvesAnotherNameIsToldNoPassword() throws Exception {
        // Its address is not in its certificate.
        var settings =
                Fixture.search(
                        slapd.url(),
                        "start-tls",
                        "true",
                        "ca-file",
                        slapd.certificate().toString());
        try (var ldap = Fixture.start(settings)) {
            var fault =
                    assertThrows(Fault.class, () -> Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        }
    }

    @Test
    void aServerThatDiesIsAnOutageUnlessThereIsAnother(@TempDir Path first, @TempDir Path second)
            throws Exception {
        try (var dying = new Slapd(first);
                var other = new Slapd(second);
                var both =
                        Fixture.start(
                                Fixture.search(
                                        dying.url(),
                                        "server",
                                        dying.url(),
                                        "server",
                                        other.url()));
                var alone = Fixture.start(Fixture.search(dying.url()))) {
            for (var ldap : List.of(both, alone)) {
                assertEquals(ALICE, Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            }
            dying.kill();
            assertEquals(ALICE, Fixture.ask(both, "alice", Fixture.PASSWORD));
            assertInstanceOf(Verdict.Refused.class, Fixture.ask(both, "alice", "x"));
            var fault = assertThrows(Fault.class, () -> Fixture.ask(alone, "alice", "x"));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        }
    }
}
