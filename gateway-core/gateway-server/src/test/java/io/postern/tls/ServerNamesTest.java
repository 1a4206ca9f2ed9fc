package io.postern.tls;

import static io.postern.tls.Engines.client;
import static io.postern.tls.Engines.shake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;

import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLParameters;

/** The names that clients ask for, whatever they are made of. */
class ServerNamesTest {
    private static TestAuthority authority;
    private static TestAuthority.Issued usual;

    @TempDir private Path folder;

    /** Java's own SNIHostName takes strict host names only. */
    private static final class AnyName extends SNIServerName {
        AnyName(byte[] octets) {
            super(0, octets);
        }
    }

    @BeforeAll
    static void authority() throws Exception {
        authority = new TestAuthority("authority");
        usual = authority.issue("EC", "usual.example");
    }

    private ListenerTls listener(TestAuthority.Issued... issued) throws Exception {
        var sources = new ArrayList<IdentitySource>();
        for (var one : issued) {
            sources.add(one.write(folder.resolve(Integer.toString(sources.size()))));
        }
        return new ServerTls(sources).listener(Optional.empty());
    }

    private static Consumer<SSLParameters> asking(String version, byte[] name) {
        return it -> {
            it.setProtocols(new String[] {version});
            it.setServerNames(List.of(new AnyName(name)));
        };
    }

    private static X509Certificate shown(ListenerTls server, String version, byte[] name)
            throws Exception {
        var session = shake(server, client(authority.client(), asking(version, name)));
        assertEquals(version, session.getProtocol());
        return (X509Certificate) session.getPeerCertificates()[0];
    }

    private static Stream<byte[]> names() {
        var fixed =
                Stream.of(
                                "mail_1.example.org",
                                "_",
                                "-",
                                "-a-.example",
                                "mail.example.org.",
                                ".",
                                "..",
                                "a..b",
                                ".example.org",
                                "192.0.2.7",
                                "192.0.2.7:995",
                                "2001:db8::1",
                                "[2001:db8::1]",
                                "[2001:db8::1]:995",
                                "fe80::1%eth0",
                                "999.999.999.999",
                                "mail.example.org:995",
                                "mail.example.org:",
                                ":995",
                                "*",
                                "*.example.org",
                                " ",
                                " mail.example.org ",
                                "mail example org",
                                "a".repeat(64) + ".example",
                                "a.".repeat(200) + "example",
                                "a".repeat(3000),
                                "b\u00fccher.example",
                                "\u4f8b\u3048.\u30c6\u30b9\u30c8",
                                "xn--",
                                "xn--\u00fc",
                                "\u0000",
                                "a\u0000b",
                                "a\r\nb",
                                "\ud83d\udce7.example",
                                "/",
                                "anna@example.org")
                        .map(it -> it.getBytes(UTF_8));
        var torn =
                Stream.of("b\u00fccher.example", "\u00ff\u00fe").map(it -> it.getBytes(ISO_8859_1));
        var random = new Random(12);
        var any =
                Stream.generate(
                                () -> {
                                    var octets = new byte[1 + random.nextInt(80)];
                                    random.nextBytes(octets);
                                    return octets;
                                })
                        .limit(40);
        return Stream.of(fixed, torn, any).flatMap(it -> it);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void noNameMakesAHandshakeFail(String version) throws Exception {
        var server = listener(usual);
        for (var name : names().toList()) {
            assertEquals(
                    usual.certificate(),
                    shown(server, version, name),
                    new String(name, ISO_8859_1));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "postern_mail_1, postern_mail_1",
        "mail.example.org., mail.example.org",
        "MAIL.example.org:995, mail.example.org",
        "' mail.example.org', mail.example.org",
        "192.0.2.7, 192.0.2.7",
        "192.0.2.7:995, 192.0.2.7",
        "[2001:DB8:0::1]:995, 2001:db8::1",
        "2001:db8::1, 2001:db8::1",
        "*.example.org, *.example.org",
        "pop_3.example.org, *.example.org",
        "b\u00fccher.example, xn--bcher-kva.example",
        "B\u00dcCHER.example., xn--bcher-kva.example",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example,"
                + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
        "b\u00fccher_1.example, xn--bcher_1-n2a.example",
    })
    void theCertificateThatHasThisNameIsUsed(String asked, String certified) throws Exception {
        var own = authority.issue("EC", "own", certified);
        var server = listener(usual, own);
        for (var version : List.of("TLSv1.2", "TLSv1.3")) {
            assertEquals(own.certificate(), shown(server, version, asked.getBytes(UTF_8)));
            assertEquals(usual.certificate(), shown(server, version, "other".getBytes(UTF_8)));
        }
    }

    /** RFC 6066 §3: a session is not resumed under another name. */
    @Test
    void aSessionIsResumedUnderItsOwnNameOnly() throws Exception {
        var server = listener(usual);
        var context = authority.client();
        for (var name : List.of("a_1.example", "b_1.example", "c.example")) {
            var octets = name.getBytes(UTF_8);
            var first = shake(server, client(context, asking("TLSv1.2", octets)));
            var again = shake(server, client(context, asking("TLSv1.2", octets)));
            assertEquals(first.getCreationTime(), again.getCreationTime(), name);
            assertArrayEquals(first.getId(), again.getId(), name);
        }
    }

    @Test
    void aFloodOfNamesLeavesNothingButAFullHandshake() throws Exception {
        var server = listener(usual);
        for (var n = 0; n < 2000; n++) {
            var _ = server.engine(Optional.of("name-" + n));
        }
        assertEquals(usual.certificate(), shown(server, "TLSv1.3", "name-0".getBytes(UTF_8)));
    }

    // --- the reading ---

    /** A hello as it is on the wire. */
    private static byte[] hello(byte[] serverNameExtension) {
        var extensions = new ByteArrayOutputStream();
        extensions.writeBytes(new byte[] {0, 23, 0, 0}); // another one first
        extensions.writeBytes(new byte[] {0, 0});
        extensions.writeBytes(u16(serverNameExtension));
        var body = new ByteArrayOutputStream();
        body.writeBytes(new byte[] {3, 3});
        body.writeBytes(new byte[32]);
        body.writeBytes(new byte[] {4, 1, 2, 3, 4}); // session id
        body.writeBytes(new byte[] {0, 2, 0x13, 1}); // suites
        body.writeBytes(new byte[] {1, 0}); // compression
        body.writeBytes(u16(extensions.toByteArray()));
        var message = new ByteArrayOutputStream();
        message.writeBytes(new byte[] {1, 0});
        message.writeBytes(u16(body.toByteArray()));
        return message.toByteArray();
    }

    private static byte[] u16(byte[] content) {
        return ByteBuffer.allocate(2 + content.length)
                .putShort((short) content.length)
                .put(content)
                .array();
    }

    private static byte[] entry(int type, String name) {
        var counted = u16(name.getBytes(UTF_8));
        return ByteBuffer.allocate(1 + counted.length).put((byte) type).put(counted).array();
    }

    private static byte[] list(byte[]... entries) {
        var all = new ByteArrayOutputStream();
        Arrays.stream(entries).forEach(all::writeBytes);
        return u16(all.toByteArray());
    }

    /** The message in records of so many octets each. */
    private static byte[] records(byte[] message, int size) {
        var all = new ByteArrayOutputStream();
        for (var at = 0; at < message.length; at += size) {
            all.writeBytes(new byte[] {22, 3, 1});
            all.writeBytes(
                    u16(Arrays.copyOfRange(message, at, Math.min(message.length, at + size))));
        }
        return all.toByteArray();
    }

    private static Optional<String> read(byte[] octets) {
        return ClientHello.read(ByteBuffer.wrap(octets)).orElseThrow().serverName();
    }

    private static Stream<byte[]> namelessExtensions() {
        return Stream.of(
                new byte[0], // as a server's answer has it
                list(),
                list(entry(0, "")),
                list(entry(1, "mail")),
                new byte[] {0},
                new byte[] {0, 9, 0, 0, 1, 'a'}, // a list longer than the extension
                new byte[] {0, 4, 0, 0, 9, 'a'}); // a name longer than the list
    }

    @ParameterizedTest
    @MethodSource("namelessExtensions")
    void whatHasNoNameIsReadAsOneWithout(byte[] extension) {
        assertEquals(Optional.empty(), read(records(hello(extension), 16_000)));
    }

    @Test
    void theFirstOfSeveralNamesCounts() {
        var octets = list(entry(7, "x"), entry(0, "one_1"), entry(0, "two"));
        assertEquals(Optional.of("one_1"), read(records(hello(octets), 16_000)));
    }

    @Test
    void itIsReadFromRecordsOfAnySizeAndOnlyWhenItIsWhole() {
        var message = hello(list(entry(0, "mail_1.example.org.")));
        for (var size = 1; size <= message.length; size++) {
            var octets = records(message, size);
            assertEquals(Optional.of("mail_1.example.org."), read(octets));
            for (var come = 0; come < octets.length; come++) {
                assertTrue(ClientHello.read(ByteBuffer.wrap(octets, 0, come)).isEmpty());
            }
        }
    }

    @Test
    void whatIsNoHelloIsLeftToTheEngine() {
        for (var octets :
                List.of(
                        "CAPA\r\n".getBytes(UTF_8),
                        new byte[] {(byte) 0x80, 46, 1},
                        new byte[] {21, 3, 1, 0, 2, 2, 40},
                        records(new byte[] {2, 0, 0, 1, 0}, 16),
                        records(new byte[] {1, 127, 0, 0}, 16))) {
            assertEquals(Optional.empty(), read(octets));
        }
        assertEquals(Optional.empty(), read(records(new byte[20_000], 16_000)));
        var endless = records(new byte[] {1, 0, 60, 0}, 16);
        var padded = Arrays.copyOf(endless, 40_000);
        assertEquals(Optional.empty(), read(padded));
        assertFalse(ClientHello.read(ByteBuffer.wrap(new byte[0])).isPresent());
    }

    @Test
    void noOctetsMakeTheReadingFail() {
        var random = new Random(8);
        var good = records(hello(list(entry(0, "mail.example.org"))), 40);
        for (var round = 0; round < 20_000; round++) {
            var octets = good.clone();
            for (var changes = random.nextInt(4); changes >= 0; changes--) {
                octets[random.nextInt(octets.length)] = (byte) random.nextInt(256);
            }
            var _ = ClientHello.read(ByteBuffer.wrap(octets));
        }
    }
}
