package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.postern.distribution.MailClient.Account;
import io.postern.distribution.MailClient.Login;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Mail programs that nobody here wrote read and remove mail from the packaged server. */
class ClientsIT {
    private static final Comparator<byte[]> BY_OCTETS = java.util.Arrays::compare;

    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;

    /**
     * A mail program and one of its ways to log in.
     *
     * @param asSent whether it keeps what it got octet for octet; the others write line ends of LF
     * @param takesOdd whether it leaves messages alone that break the rules for mail
     */
    record Case(
            String program,
            Login login,
            Security security,
            MailClient client,
            boolean asSent,
            boolean takesOdd) {
        @Override
        public String toString() {
            return program + " with " + login + ", " + security;
        }
    }

    static Stream<Case> all() {
        var cases = new ArrayList<Case>();
        // fetchmail ends a header with the empty line that is not there; getmail6 adds a header.
        add(cases, "curl", MailClient::curl, true, true, Set.of(Login.APOP, Login.PLAIN));
        add(cases, "fetchmail", MailClient::fetchmail, true, false, Set.of(Login.USER, Login.APOP));
        add(cases, "getmail6", MailClient::getmail, false, false, Set.of(Login.USER, Login.APOP));
        add(cases, "mpop", MailClient::mpop, false, true, Set.of(Login.values()));
        add(cases, "poplib", MailClient::poplib, true, false, Set.of(Login.USER, Login.APOP));
        add(cases, "Angus Mail", MailClient::angus, true, true, Set.of(Login.values()));
        add(cases, "Commons Net", MailClient::commonsNet, true, true, Set.of(Login.values()));
        return cases.stream();
    }

    /** Every login in the clear; with TLS and with STLS, the one that shows the password. */
    private static void add(
            List<Case> cases,
            String program,
            MailClient client,
            boolean asSent,
            boolean takesOdd,
            Set<Login> logins) {
        for (var security : Security.values()) {
            if (security == Security.STLS && program.equals("getmail6")) {
                continue; // it knows no STLS
            }
            logins.stream()
                    .sorted()
                    .filter(login -> security == Security.CLEAR || login == shown(logins))
                    .map(login -> new Case(program, login, security, client, asSent, takesOdd))
                    .forEach(cases::add);
        }
    }

    private static Login shown(Set<Login> logins) {
        return logins.contains(Login.USER) ? Login.USER : Login.PLAIN;
    }

    @BeforeAll
    static void start() throws Exception {
        site = new Site(folder).user("demo");
        server = PackagedServer.start(site);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void empty() throws Exception {
        site.empty("demo");
    }

    @ParameterizedTest
    @MethodSource("all")
    @Tag("protocol-65")
    void everyMessageArrivesAsItIsStored(Case one) throws Exception {
        site.deliverDemo("demo");
        if (one.takesOdd()) {
            for (var message : Mail.ODD) {
                site.deliver("demo", message);
            }
        }
        var stored = site.stored("demo");

        var read = read(one, false);

        assertEquals(stored.size(), read.size(), "messages");
        var sent = sorted(stored.stream().map(Mail::onTheWire).toList());
        var got = sorted(one.asSent() ? read : read.stream().map(Mail::onTheWire).toList());
        for (var number = 0; number < sent.size(); number++) {
            assertArrayEquals(sent.get(number), got.get(number));
        }
        assertEquals(stored.size(), site.stored("demo").size(), "messages left");
    }

    @ParameterizedTest
    @MethodSource("all")
    void whatTheClientRemovesIsGone(Case one) throws Exception {
        site.deliverDemo("demo");
        var count = site.stored("demo").size();

        assertEquals(count, read(one, true).size());

        assertEquals(0, site.stored("demo").size());
    }

    private List<byte[]> read(Case one, boolean remove) throws Exception {
        var scratch = Files.createTempDirectory(folder, "client");
        return one.client()
                .read(
                        new Account(
                                server.port(one.security()),
                                one.security(),
                                certificate(scratch),
                                "demo",
                                site.password("demo"),
                                scratch),
                        one.login(),
                        remove);
    }

    /** Where its path has no spaces, which not every program takes. */
    private static Path certificate(Path scratch) throws IOException {
        return Files.copy(server.certificate(), scratch.resolve("server.pem"));
    }

    private static List<byte[]> sorted(List<byte[]> messages) {
        return messages.stream().sorted(BY_OCTETS).toList();
    }
}
