package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Clients that are old, odd, of another protocol or too many, and the packaged server. */
class OldAndStrangeClientsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Of the listeners that the site has after the three usual ones. */
    private static final String MORE =
            """
            <listener address="127.0.0.1" port="0" tls="implicit" tls-profile="legacy"/>
            <listener address="127.0.0.1" port="0" tls="none">
              <proxy-protocol from="127.0.0.1"/>
            </listener>
            """;

    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;
    private static int legacy;
    private static int proxied;

    @BeforeAll
    static void start() throws Exception {
        var authority = new Authority(Files.createDirectory(folder.resolve("authority")));
        site =
                new Site(Files.createDirectory(folder.resolve("site")))
                        .user("anna")
                        .user("bela")
                        .mechanisms("user-pass", "sasl-plain")
                        .identity(authority.identity("rsa", "rsa:2048", "-days 90"))
                        .listener(MORE);
        server = PackagedServer.start(site);
        var usual = Security.values().length;
        legacy = server.port(usual);
        proxied = server.port(usual + 1);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    // --- names ---

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postern_mail_1",
                "mail.example.org.",
                "192.0.2.7",
                "2001:db8::1",
                "mail.example.org:995",
                "*",
                "a b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"
            })
    void opensslMayAskForAnyName(String name) throws Exception {
        for (var version : List.of("-tls1_2", "-tls1_3")) {
            for (var way : List.of(Security.TLS, Security.STLS)) {
                var said =
                        openssl(
                                server.port(way),
                                version,
                                way == Security.STLS ? "-starttls pop3" : "",
                                "-servername '" + name + "'");
                assertTrue(said.contains("+OK bye"), said);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"postern_mail_1", "mail.example.org."})
    void curlMayAskForAnyHost(String host) throws Exception {
        var port = server.port(Security.TLS);
        Program.client(
                        "curl",
                        "-sSk",
                        "--noproxy",
                        "*",
                        "--resolve",
                        host + ":" + port + ":127.0.0.1",
                        "-u",
                        "anna:" + site.password("anna"),
                        "pop3s://" + host + ":" + port + "/")
                .run()
                .well();
    }

    /** Two names are not allowed (RFC 6066 §3); the server answers with its own hello. */
    @Test
    void aHelloWithTwoNamesIsAnsweredWithAHello() throws Exception {
        try (var socket = plain(server.port(Security.TLS))) {
            socket.getOutputStream().write(helloWithNames("one.example", "two_2.example"));
            var record = socket.getInputStream().readNBytes(6);
            assertEquals(22, record[0], "a handshake, no alert");
            assertEquals(2, record[5], "ServerHello");
        }
    }

    private static byte[] helloWithNames(String... names) {
        var list = new ByteArrayOutputStream();
        for (var name : names) {
            list.write(0);
            list.writeBytes(counted(2, name.getBytes(US_ASCII)));
        }
        var extensions = new ByteArrayOutputStream();
        extensions.writeBytes(new byte[] {0, 0});
        extensions.writeBytes(counted(2, counted(2, list.toByteArray())));
        extensions.writeBytes(new byte[] {0, 10, 0, 4, 0, 2, 0, 23}); // secp256r1
        extensions.writeBytes(new byte[] {0, 13, 0, 6, 0, 4, 4, 1, 8, 4}); // RSA, SHA-256
        var body = new ByteArrayOutputStream();
        body.writeBytes(new byte[] {3, 3});
        body.writeBytes(new byte[32]);
        body.write(0);
        body.writeBytes(new byte[] {0, 2, (byte) 0xC0, 0x2F}); // ECDHE, RSA, AES-128-GCM
        body.writeBytes(new byte[] {1, 0});
        body.writeBytes(counted(2, extensions.toByteArray()));
        var message = new ByteArrayOutputStream();
        message.write(1);
        message.writeBytes(counted(3, body.toByteArray()));
        var record = new ByteArrayOutputStream();
        record.writeBytes(new byte[] {22, 3, 1});
        record.writeBytes(counted(2, message.toByteArray()));
        return record.toByteArray();
    }

    private static byte[] counted(int octets, byte[] content) {
        var number = ByteBuffer.allocate(4).putInt(content.length).array();
        return ByteBuffer.allocate(octets + content.length)
                .put(number, 4 - octets, octets)
                .put(content)
                .array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void aClientThatDoesNotTrustIsNamedByItsAlert(String version) throws Exception {
        var before = count("the client sent the alert unknown_ca: it does not accept");
        openssl(server.port(Security.TLS), version, "-verify_return_error");
        await().atMost(PATIENCE)
                .until(() -> count("the client sent the alert unknown_ca: it does not") > before);
        assertFalse(server.log().contains("Unexpected exception"));
    }

    // --- old devices ---

    @ParameterizedTest
    @CsvSource({
        "-tls1, ALL",
        "-tls1_1, ALL",
        "-tls1, AES128-SHA",
        "-tls1, DHE-RSA-AES128-SHA",
        "-tls1_1, ECDHE-RSA-AES256-SHA",
        "-tls1_2, AES256-SHA256",
        "-tls1_2, ECDHE-RSA-AES128-SHA",
    })
    @Tag("protocol-123")
    void anOldDeviceIsServedAtTheLegacyListenerAndNowhereElse(String version, String suites)
            throws Exception {
        var wish = version + " -cipher " + suites + ":@SECLEVEL=0";
        var old = openssl(legacy, wish);
        assertTrue(old.contains("+OK bye"), old);
        for (var way : List.of(Security.TLS, Security.STLS)) {
            var modern =
                    openssl(server.port(way), wish, way == Security.STLS ? "-starttls pop3" : "");
            assertTrue(modern.contains("Cipher is (NONE)"), modern);
            assertTrue(modern.contains("alert"), modern);
        }
    }

    @Test
    void aModernClientIsServedThereToo() throws Exception {
        assertTrue(openssl(legacy, "-tls1_3").contains("+OK bye"));
        assertTrue(server.log().contains("port 0 takes TLS 1.0, TLS 1.1 and suites with CBC"));
    }

    // --- TLS that ends at a proxy ---

    @Test
    @Tag("protocol-134")
    void behindAProxyThatEndsTlsPasswordsAreTakenAndElseTheyAreNot() throws Exception {
        try (var client = Pop3.connect(proxied)) {
            client.send(proxyHeader(true));
            Pop3.login(client, "anna", site.password("anna")).quit();
        }
        await().atMost(PATIENCE).until(() -> server.log().contains("proxied-tls=TLSv1.3"));
        try (var client = Pop3.connect(proxied)) {
            client.send(proxyHeader(false));
            assertTrue(client.line().startsWith("+OK"));
            assertEquals("-ERR not offered here", client.command("USER anna"));
            client.quit();
        }
    }

    /** Version 2, as haproxy's send-proxy-v2-ssl writes it; each octet is a character. */
    private static String proxyHeader(boolean tls) {
        var version = "TLSv1.3".getBytes(US_ASCII);
        var about =
                ByteBuffer.allocate(5 + 3 + version.length)
                        .put((byte) 1)
                        .putInt(0)
                        .put((byte) 0x21)
                        .putShort((short) version.length)
                        .put(version)
                        .array();
        var header = new ByteArrayOutputStream();
        header.writeBytes("\r\n\r\n\0\r\nQUIT\n".getBytes(US_ASCII));
        header.write(0x21);
        header.write(0x11);
        var rest = new ByteArrayOutputStream();
        rest.writeBytes(new byte[] {(byte) 203, 0, 113, 7, (byte) 198, 51, 100, 1});
        rest.writeBytes(new byte[] {(byte) 195, 90, 0, 110});
        if (tls) {
            rest.write(0x20);
            rest.writeBytes(counted(2, about));
        }
        header.writeBytes(counted(2, rest.toByteArray()));
        return header.toString(ISO_8859_1);
    }

    // --- strangers ---

    @Test
    void httpAndTlsOnAPlainPortEndAtOnceWithALineAMinute() throws Exception {
        for (var says :
                List.of(
                        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                        "POST /x HTTP/1.0\r\n",
                        new String(helloWithNames("x"), ISO_8859_1))) {
            try (var socket = plain(server.port())) {
                socket.getOutputStream().write(says.getBytes(ISO_8859_1));
                var heard = new String(socket.getInputStream().readAllBytes(), US_ASCII);
                assertTrue(heard.matches("\\+OK [^\r\n]*\r\n"), heard);
            }
        }
        await().atMost(PATIENCE).until(() -> server.log().contains("limit=other-protocol"));
        assertEquals(1, count("limit=other-protocol"));
    }

    @Test
    void aStormOfGuessesFromATrustedAddressHasABound() throws Exception {
        var begin = System.nanoTime();
        for (var guess = 0; guess < 12; guess++) {
            try (var client = Pop3.connect(server.port())) {
                client.line();
                client.ok("USER bela");
                assertTrue(client.command("PASS guess" + guess).startsWith("-ERR [AUTH]"));
            }
        }
        assertTrue(System.nanoTime() - begin >= Duration.ofMillis(2900).toNanos(), "1 s, then 2 s");
    }

    // --- descriptors ---

    @Test
    void outOfDescriptorsClientsAreRefusedAndOneLineAMinuteSaysWhy() throws Exception {
        var small = new Site(Files.createDirectory(folder.resolve("small"))).user("anna");
        var prefix = new String[] {"sh", "-c", "ulimit -n 160 && exec \"$0\" \"$@\""};
        try (var running = PackagedServer.launch(Installation.shared(), small, prefix)) {
            running.awaitReady();
            assertTrue(running.log().contains("the limit of open files is 160"), running.log());
            var held = new ArrayList<Socket>();
            var refusals = 0;
            try {
                var refused = "";
                while (held.size() < 300 && !refused.startsWith("-ERR")) {
                    var socket = plain(running.port());
                    held.add(socket);
                    refused = line(socket);
                }
                assertTrue(refused.startsWith("-ERR [SYS/TEMP] "), refused + held.size());
                for (var more = 0; more < 50; more++) {
                    var socket = plain(running.port()); // the server may have closed a file
                    held.add(socket);
                    var said = line(socket);
                    assertTrue(said.matches("\\+OK .*|-ERR \\[SYS/TEMP\\] .*"), said);
                    refusals += said.startsWith("-ERR") ? 1 : 0;
                }
                assertTrue(refusals > 25, refusals + " refused");
                try (var socket = plain(running.port(Security.TLS))) {
                    assertEquals(-1, read(socket));
                }
            } finally {
                for (var socket : held) {
                    socket.close();
                }
            }
            await().atMost(PATIENCE)
                    .ignoreExceptions()
                    .untilAsserted(() -> running.login("anna").quit());
            var log = running.log();
            var lines = log.lines().filter(it -> it.contains("limit=open-files")).count();
            assertTrue(lines >= 1 && lines <= 4, "one a minute for each listener:\n" + log);
            assertFalse(log.contains("\tat "), log);
        }
    }

    private static int read(Socket socket) {
        try {
            return socket.getInputStream().read();
        } catch (IOException e) {
            return -1; // cut off, which is a refusal as well
        }
    }

    private static String line(Socket socket) throws IOException {
        var line = new StringBuilder();
        for (var octet = socket.getInputStream().read(); octet >= 0 && octet != '\n'; ) {
            line.append((char) octet);
            octet = socket.getInputStream().read();
        }
        return line.toString().stripTrailing();
    }

    private static Socket plain(int port) throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private static long count(String words) {
        return server.log().lines().filter(it -> it.contains(words)).count();
    }

    private static String openssl(int port, String... options) throws InterruptedException {
        Program.client("openssl", "version").run().well();
        var words =
                "printf 'quit\\r\\n' | openssl s_client -ign_eof -connect 127.0.0.1:%d %s"
                        .formatted(port, String.join(" ", options));
        var ending = Program.of("sh", "-c", words).run();
        return ending.text() + ending.err();
    }
}
