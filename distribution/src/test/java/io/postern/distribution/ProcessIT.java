package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Starting and stopping: signals, exit statuses and what an operator is told. */
class ProcessIT {
    /** More than the buffers of both ends of a loopback connection hold, octets. */
    private static final int LARGE = 24 << 20;

    @TempDir Path folder;
    private Site site;

    @BeforeEach
    void oneUser() throws Exception {
        site = new Site(folder).user("anna");
        site.deliver("anna", Mail.octets("Subject: one\n\n1\n"));
    }

    @Test
    void sigtermEndsAnIdleServer() throws Exception {
        try (var server = PackagedServer.start(site)) {
            server.terminate();
            assertEquals(0, server.ended(), server.log());
        }
    }

    @Test
    void sigtermLetsARunningRetrievalFinish() throws Exception {
        var large = large();
        site.deliver("anna", large);
        try (var server = PackagedServer.start(site)) {
            var port = server.port();
            try (var session = server.login("anna")) {
                session.ok("DELE 1");
                session.ok("RETR 2");
                server.terminate();
                awaitRefusal(port);
                assertArrayEquals(Mail.onTheWire(large), session.multiline());
                session.rest();
            }
            assertEquals(0, server.ended(), server.log());
        }
        assertEquals(2, site.stored("anna").size(), "the client never said QUIT");
    }

    @Test
    void aCrashDuringASessionRemovesNothing() throws Exception {
        try (var server = PackagedServer.start(site)) {
            try (var session = server.login("anna")) {
                session.ok("DELE 1");
                server.kill();
            }
        }
        assertEquals(1, site.stored("anna").size());
        try (var server = PackagedServer.start(site);
                var session = server.login("anna")) {
            assertEquals(1, session.count());
            session.quit();
        }
    }

    @Test
    void aPortInUseStopsTheStart() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var port = Integer.toString(taken.getLocalPort());
            var config = site.write();
            Files.writeString(
                    config, site.gateway().replaceFirst("port=\"0\"", "port=\"" + port + "\""));

            var ending = Installation.shared().postern("run", "--config", config + "").run();

            assertEquals(3, ending.status());
            assertTrue(ending.err().contains("127.0.0.1:" + port), ending.err());
            assertFalse(ending.err().contains("\tat "), ending.err());
        }
    }

    @Test
    void everythingThatIsWrongIsToldAtOnce() throws Exception {
        var config = site.write();
        var wrong =
                site.gateway()
                        .replaceFirst("port=\"0\"", "port=\"99999\"")
                        .replace("PT0.1S", "soon")
                        .replace("<drain>PT10S</drain>", "<dream>PT10S</dream>")
                        .replace("plugin=\"apop\"", "plugin=\"aop\"");
        Files.writeString(config, wrong);

        for (var command : new String[] {"check", "run"}) {
            var ending = Installation.shared().postern(command, "--config", config + "").run();
            assertEquals(1, ending.status(), command);
            for (var fault : new String[] {"99999", "soon", "<dream>", "aop"}) {
                var line = wrong.substring(0, wrong.indexOf(fault)).lines().count();
                assertTrue(
                        ending.err().contains(config + ":" + line + ":"),
                        line + "\n" + ending.err());
            }
            assertFalse(ending.err().contains("\tat "), ending.err());
        }
    }

    @Test
    void checkFindsNothingWrongWithAGoodFile() throws Exception {
        var config = site.write();
        var ending = Installation.shared().postern("check", "--config", config + "").run();
        assertEquals(0, ending.status(), ending.err());
    }

    @Test
    void theShippedConfigurationIsGood() throws Exception {
        var ending = Installation.shared().postern("check").in(folder).run();
        assertEquals(0, ending.status(), ending.err());
    }

    @Test
    void theReadmesConfigurationIsGood() throws Exception {
        var readme = Files.readString(Installation.shared().home().resolve("README.md"));
        var from = readme.indexOf("<gateway>");
        var config = folder.resolve("readme.xml");
        Files.writeString(config, readme.substring(from, readme.indexOf("```", from)));
        var ending = Installation.shared().postern("check", "--config", config + "").run();
        assertEquals(0, ending.status(), ending.err());
    }

    @Test
    void aMissingConfigurationIsNamed() throws Exception {
        var missing = folder.resolve("nowhere.xml").toString();
        var ending = Installation.shared().postern("run", "--config", missing).run();
        assertEquals(1, ending.status());
        assertTrue(ending.err().contains(missing), ending.err());
    }

    @Test
    void anUnknownCommandIsRefusedWithTheUsage() throws Exception {
        var ending = Installation.shared().postern("fly").run();
        assertEquals(2, ending.status());
        assertTrue(ending.err().contains("run"), ending.err());
    }

    /** Waits until nobody new is let in. */
    private static void awaitRefusal(int port) {
        org.awaitility.Awaitility.await()
                .atMost(java.time.Duration.ofSeconds(5))
                .until(() -> {
                    try (var client = Pop3.connect(port)) {
                        return client.octet() == -1;
                    } catch (ConnectException e) {
                        return true;
                    }
                });
    }

    private static byte[] large() {
        var random = new Random(5);
        var message = new byte[LARGE];
        for (var at = 0; at < LARGE; at++) {
            message[at] = (byte) (at % 80 == 79 ? '\n' : '!' + random.nextInt(90));
        }
        return message;
    }
}
