package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Who gets a maildrop, and when it is free again. */
class SessionsIT {
    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;

    @BeforeAll
    static void start() throws Exception {
        site = new Site(folder).user("anna");
        server = PackagedServer.start(site);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void threeMessages() throws Exception {
        site.empty("anna");
        site.deliver("anna", Mail.octets("Subject: one\n\n1\n"));
        site.deliver("anna", Mail.octets("Subject: two\n\n2\n"));
        site.deliver("anna", Mail.octets("Subject: three\n\n3\n"));
    }

    @Test
    void aMaildropHasOneSessionAndIsFreeTheMomentItQuits() throws Exception {
        var first = server.login("anna");

        try (var second = Pop3.connect(server.port())) {
            second.line();
            second.ok("USER anna");
            var refused = second.command("PASS " + site.password("anna"));
            assertTrue(refused.startsWith("-ERR [IN-USE]"), refused);
            first.quit();

            // Back in AUTHORIZATION: the same connection gets in, and without waiting.
            second.ok("USER anna");
            second.ok("PASS " + site.password("anna"));
            second.quit();
        }

        try (var third = server.login("anna")) {
            assertEquals(3, third.count());
            third.quit();
        }
    }

    @Test
    void quitRemovesWhatWasMarkedAndNothingElse() throws Exception {
        var kept = site.stored("anna").get(1);
        try (var session = server.login("anna")) {
            session.ok("DELE 1");
            session.ok("DELE 3");
            site.deliver("anna", Mail.octets("Subject: late\n\narrived during the session\n"));
            session.quit();
        }

        var left = site.stored("anna");
        assertEquals(2, left.size());
        assertArrayEquals(kept, left.get(0));
        try (var next = server.login("anna")) {
            assertEquals(2, next.count());
            assertArrayEquals(Mail.onTheWire(kept), next.retrieve(1));
            next.quit();
        }
    }

    @Test
    void aDropWithoutQuitRemovesNothing() throws Exception {
        try (var session = server.login("anna")) {
            session.ok("DELE 1");
            session.ok("DELE 2");
        }
        assertEquals(3, counted());
        try (var session = server.login("anna")) {
            session.ok("DELE 1");
            session.reset();
        }
        assertEquals(3, counted());
        assertEquals(3, site.stored("anna").size());
    }

    @Test
    void aStoreThatFailsOnOpenLeavesTheMaildropFree() throws Exception {
        var cur = site.maildrop("anna").resolve("cur");
        Files.delete(cur);
        Files.writeString(cur, "a file where a folder belongs");

        try (var session = Pop3.connect(server.port())) {
            session.line();
            session.ok("USER anna");
            var refused = session.command("PASS " + site.password("anna"));
            assertTrue(refused.startsWith("-ERR [SYS/"), refused);
            // A lock that was not let go would answer [IN-USE] here.
            session.ok("USER anna");
            var again = session.command("PASS " + site.password("anna"));
            assertTrue(again.startsWith("-ERR [SYS/"), again);

            Files.delete(cur);
            Files.createDirectory(cur);
            try (var other = server.login("anna")) {
                assertEquals(3, other.count());
                other.quit();
            }
        }
    }

    @Test
    void aWrongPasswordAndAnUnknownUserHearTheSame() throws Exception {
        try (var session = Pop3.connect(server.port())) {
            session.line();
            session.ok("USER anna");
            var wrong = session.command("PASS nothing");
            session.ok("USER nobody");
            var unknown = session.command("PASS nothing");
            assertTrue(wrong.startsWith("-ERR [AUTH]"), wrong);
            assertEquals(wrong, unknown);
        }
    }

    @Test
    void theLogSaysHowASessionEnded() throws Exception {
        try (var session = server.login("anna")) {
            session.retrieve(2);
            session.ok("DELE 2");
            session.quit();
        }
        await().atMost(Duration.ofSeconds(5))
                .until(() -> server.log().lines().anyMatch(line -> line.contains("removed=1")));
        var line = server.log().lines().filter(one -> one.contains("removed=1")).findFirst().get();
        for (var part : new String[] {"user=anna", "127.0.0.1", "retrieved=1", "left=2", "quit"}) {
            assertTrue(line.contains(part), part + " is not in: " + line);
        }
    }

    private int counted() throws Exception {
        try (var session =
                await("the maildrop is free")
                        .atMost(Duration.ofSeconds(1))
                        .ignoreException(AssertionError.class)
                        .until(() -> server.login("anna"), java.util.Objects::nonNull)) {
            return session.count();
        }
    }
}
