package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code postern check --start}: everything but the listeners, and nothing stays. */
@Timeout(60)
class StartCheckTest {
    @TempDir private Path home;
    private TestSite site;

    @BeforeEach
    void anInstallation() {
        site = new TestSite(home);
    }

    @Test
    void everythingIsStartedAndEnded() throws Exception {
        var ended = site.config(TestSite.good(0)).run("check", "--start");
        assertEquals("", ended.err());
        assertEquals(ExitCode.OK, ended.code());
        assertTrue(ended.out().contains("\nstarted and ended: plugins, keys; "), ended.out());
        assertEquals("anybody+ words+ words- anybody-", TestSite.life());
    }

    @ParameterizedTest
    @CsvSource({
        "setting, '11: password: \"${file:UTF-8:secret}\" is too short. Be longer.'",
        "fault, 'directory: anybody cannot start: the server is away: nobody answers'",
        "defect, '<directory plugin=\"anybody\"> cannot start, it has a defect: java.lang.Ill'",
        "link, 'needs the class lib.Missing, which no jar of its folder holds.'"
    })
    void whatAPluginCannotDoIsToldBesideThePortsAndAllIsEnded(String trouble, String words)
            throws Exception {
        try (var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var config =
                    TestSite.good(other.getLocalPort())
                            .replace(
                                    "</directory>",
                                    "<trouble>" + trouble + "</trouble></directory>");
            assertEquals(ExitCode.OK, site.config(config).run("check").code());
            var ended = site.run("check", "--start");
            assertEquals(ExitCode.START, ended.code());
            assertTrue(ended.err().contains(words), ended.err());
            assertTrue(ended.err().contains(":3: listener: cannot listen on 127.0.0.1:"));
            assertFalse(ended.err().contains("hunter2"), ended.err());
            assertEquals("anybody+ words+ words- anybody-", TestSite.life());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, it is not an address of this host",
        "no-such-host.invalid, name an address of this host",
        "2001:db8::1, it is not an address of this host"
    })
    void anAddressOfAnotherHostIsTold(String address, String words) throws Exception {
        site.config(TestSite.good(0).replace("127.0.0.1", address));
        assertEquals(ExitCode.OK, site.run("check").code());
        var ended = site.run("check", "--start");
        assertEquals(ExitCode.START, ended.code());
        assertTrue(ended.err().contains(":3: listener: cannot listen on "), ended.err());
        assertTrue(ended.err().contains(words), ended.err());
        assertEquals(ExitCode.START, site.run("run").code());
    }

    @Test
    void besideARunningServerItsPortIsAWarningAndItsStateIsLeftAlone() throws Exception {
        site.config(TestSite.good(0));
        var server = new RunTest.Server(site);
        try {
            var beside = home.resolve("conf/beside.xml");
            Files.writeString(beside, TestSite.good(server.port()));
            var ended = site.run("check", "--start", "--config=" + beside);
            assertEquals(ExitCode.OK, ended.code(), ended.err());
            assertTrue(
                    ended.err().startsWith("warning: " + beside + ":3: listener: "), ended.err());
            assertTrue(ended.err().contains("a server of this installation runs"), ended.err());
            // A foreign address is no port of the server's.
            Files.writeString(beside, TestSite.good(1).replace("127.0.0.1", "192.0.2.1"));
            assertEquals(ExitCode.START, site.run("check", "--start", "--config=" + beside).code());
        } finally {
            server.stop();
        }
        assertEquals(ExitCode.OK, server.code(), server.err());
    }

    @Test
    void foldersThatTheStartMakesAreLookedAtByCheckAlready() throws Exception {
        Files.createFile(home.resolve("kept"));
        Files.createFile(home.resolve("state"));
        site.config(
                TestSite.good(0)
                        .replace("</realm>", "<kept-deletions folder=\"kept\" days=\"1\"/></realm>")
                        .replace(
                                "</listeners>",
                                "</listeners><tls><identity self-signed=\"true\"/></tls>"));
        for (var command : new String[] {"check", "run"}) {
            var ended = site.run(command);
            assertEquals(ExitCode.CONFIGURATION, ended.code(), command);
            assertTrue(
                    ended.err()
                            .contains(
                                    ":13: kept-deletions: "
                                            + home.resolve("kept/main")
                                            + " cannot be made: "
                                            + home.resolve("kept")
                                            + " is not a folder. Let the server's user write there"),
                    ended.err());
            assertTrue(
                    ended.err()
                            .contains(
                                    ":4: self-signed: "
                                            + home.resolve("state/tls")
                                            + " cannot be made: "),
                    ended.err());
        }
        assertEquals("", TestSite.life());
    }

    @Test
    void theSameDirectoryTwiceInARealmIsAWarning() throws Exception {
        var directory =
                "<directory plugin=\"anybody\"><password>${file:UTF-8:secret}</password></directory>";
        var twice = TestSite.good(0).replace(directory, directory + "\n" + directory);
        var ended = site.config(twice).run("check");
        assertEquals(ExitCode.OK, ended.code(), ended.err());
        assertTrue(
                ended.out()
                        .contains(
                                ":12: directory: it is the same as at line 11, so the same users are looked"
                                        + " up twice. Remove one of them."),
                ended.out());
        var other = directory.replace("<password>", "<trouble/><password>");
        assertFalse(
                site.config(TestSite.good(0).replace(directory, directory + "\n" + other))
                        .run("check")
                        .out()
                        .contains("is the same as"));
    }
}
