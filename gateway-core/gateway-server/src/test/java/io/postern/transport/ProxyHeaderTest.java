package io.postern.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

class ProxyHeaderTest {

    private static Stream<Arguments> good() {
        var ipv4 = ProxyOctets.ipv4("192.0.2.7", 50_022, "198.51.100.1", 110);
        var ipv6 = ProxyOctets.ipv6("2001:db8::7", 50_022, "2001:db8::1", 995);
        return Stream.of(
                good(line("PROXY TCP4 192.0.2.7 198.51.100.1 50022 110"), "192.0.2.7", 50_022),
                good(line("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0"), "255.255.255.255", 65_535),
                good(line("PROXY TCP6 2001:db8::7 2001:db8::1 1 995"), "2001:db8::7", 1),
                good(line("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 995"), "192.0.2.7", 1),
                good(
                        line(
                                "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
                                        + " ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535"),
                        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                        65_535),
                none(line("PROXY UNKNOWN")),
                none(line("PROXY UNKNOWN ffff:: whatever 99999 x")),
                good(ProxyOctets.version2(0x21, 0x11, ipv4), "192.0.2.7", 50_022),
                good(ProxyOctets.version2(0x21, 0x21, ipv6), "2001:db8::7", 50_022),
                good(
                        ProxyOctets.version2(0x21, 0x11, ipv4, ProxyOctets.field(0x04, "padding")),
                        "192.0.2.7",
                        50_022),
                good(
                        ProxyOctets.version2(0x21, 0x11, ipv4, ProxyOctets.field(0xE0, "")),
                        "192.0.2.7",
                        50_022),
                none(ProxyOctets.version2(0x20, 0x00)),
                none(ProxyOctets.version2(0x20, 0x11, ipv4)),
                none(ProxyOctets.version2(0x20, 0x31, new byte[216])),
                none(ProxyOctets.version2(0x20, 0x00, new byte[] {1, 2, 3})),
                none(ProxyOctets.version2(0x21, 0x00)));
    }

    private static Arguments good(byte[] header, String client, int port) {
        return Arguments.of(header, Optional.of(new InetSocketAddress(client, port)));
    }

    private static Arguments none(byte[] header) {
        return Arguments.of(header, Optional.empty());
    }

    private static byte[] line(String line) {
        return (line + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @MethodSource("good")
    @Tag("protocol-134")
    void aHeaderIsReadOnceItIsWholeWhereverItIsSplit(
            byte[] header, Optional<InetSocketAddress> client) throws Exception {
        for (var come = 0; come < header.length; come++) {
            assertEquals(Optional.empty(), ProxyHeader.parse(ByteBuffer.wrap(header, 0, come)));
        }
        var more = Arrays.copyOf(header, header.length + 6);
        for (var come = header.length; come <= more.length; come++) {
            var in = ByteBuffer.wrap(more, 0, come);
            var read = ProxyHeader.parse(in).orElseThrow();
            assertEquals(client, read.client());
            assertEquals(header.length, read.octets());
            assertEquals(0, in.position());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "QUIT\r\n",
                "proxy TCP4 192.0.2.7 198.51.100.1 50022 110\r\n",
                "PROXY  TCP4 192.0.2.7 198.51.100.1 50022 110\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 50022\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 50022 110 \r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 50022 65536\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 050022 110\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 -1 110\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 +1 110\r\n",
                "PROXY TCP4 192.0.2.256 198.51.100.1 1 110\r\n",
                "PROXY TCP4 192.0.2 198.51.100.1 1 110\r\n",
                "PROXY TCP4 localhost 198.51.100.1 1 110\r\n",
                "PROXY TCP4 2001:db8::7 198.51.100.1 1 110\r\n",
                "PROXY TCP6 192.0.2.7 2001:db8::1 1 110\r\n",
                "PROXY TCP6 fe80::1%eth0 2001:db8::1 1 110\r\n",
                "PROXY TCP5 192.0.2.7 198.51.100.1 1 110\r\n",
                "PROXY UNKNOWNS\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 50022 110\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 50022 110\rX",
                "PROXY TCP4 192.0.2.7 198.51.100.1 50022\u0000110\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 50022 110\u00FF\r\n",
                "\r\n\r\n\u0000\r\nQUIT\r\n"
            })
    void aLineThatIsNoneIsRefused(String text) {
        var octets = text.getBytes(StandardCharsets.ISO_8859_1);
        assertThrows(ProxyHeader.Malformed.class, () -> ProxyHeader.parse(ByteBuffer.wrap(octets)));
    }

    @Test
    @Tag("protocol-134")
    void aLineIsAtMost107Octets() throws Exception {
        var longest = line("PROXY UNKNOWN " + "x".repeat(107 - 16));
        assertEquals(107, longest.length);
        assertTrue(ProxyHeader.parse(ByteBuffer.wrap(longest)).isPresent());
        var longer = line("PROXY UNKNOWN " + "x".repeat(108 - 16));
        assertThrows(ProxyHeader.Malformed.class, () -> ProxyHeader.parse(ByteBuffer.wrap(longer)));
        // It is known before the line has ended, so that nobody has to wait for the end.
        assertThrows(
                ProxyHeader.Malformed.class,
                () -> ProxyHeader.parse(ByteBuffer.wrap(longer, 0, 108 - 1 + 1)));
    }

    private static Stream<byte[]> bad() {
        var ipv4 = ProxyOctets.ipv4("192.0.2.7", 50_022, "198.51.100.1", 110);
        return Stream.of(
                ProxyOctets.version2(0x11, 0x11, ipv4), // version 1 in the form of version 2
                ProxyOctets.version2(0x31, 0x11, ipv4),
                ProxyOctets.version2(0x22, 0x11, ipv4),
                ProxyOctets.version2(0x21, 0x12, ipv4), // UDP
                ProxyOctets.version2(0x21, 0x31, new byte[216]), // a UNIX socket
                ProxyOctets.version2(0x21, 0x41, ipv4),
                ProxyOctets.version2(0x21, 0x11, Arrays.copyOf(ipv4, 11)),
                ProxyOctets.version2(0x21, 0x21, ipv4),
                ProxyOctets.version2(0x21, 0x11, ipv4, new byte[] {4, 0}), // half a field
                ProxyOctets.version2(0x21, 0x11, ipv4, new byte[] {4, 0, 2, 0}),
                ProxyOctets.version2(0x21, 0x11, ipv4, ProxyOctets.field(0x20, "tls")),
                ProxyOctets.version2(0x21, 0x11, ipv4, ProxyOctets.field(0x03, "sum")),
                ProxyOctets.version2(0x21, 0x11, ipv4, ProxyOctets.field(0x03, "sums")),
                ProxyOctets.version2(0x21, 0x11, ipv4, new byte[4096]));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void aBlockOfOctetsThatIsNoHeaderIsRefused(byte[] octets) {
        assertThrows(ProxyHeader.Malformed.class, () -> ProxyHeader.parse(ByteBuffer.wrap(octets)));
    }

    @Test
    @Tag("protocol-134")
    void theLengthIsBoundedBeforeTheOctetsCome() {
        var head = Arrays.copyOf(ProxyOctets.version2(0x21, 0x11, new byte[65_535]), 16);
        assertThrows(ProxyHeader.Malformed.class, () -> ProxyHeader.parse(ByteBuffer.wrap(head)));
    }

    @Test
    void theChecksumIsOfTheWholeHeader() throws Exception {
        var ipv4 = ProxyOctets.ipv4("192.0.2.7", 50_022, "198.51.100.1", 110);
        var header =
                ProxyOctets.version2(
                        0x21,
                        0x11,
                        ipv4,
                        ProxyOctets.field(0x03, "\0\0\0\0"),
                        ProxyOctets.field(0x01, "pop3"));
        var sum = new CRC32C();
        sum.update(header);
        ByteBuffer.wrap(header).putInt(16 + 12 + 3, (int) sum.getValue());
        assertEquals(
                Map.of("alpn", "pop3"),
                ProxyHeader.parse(ByteBuffer.wrap(header)).orElseThrow().facts());
        for (var at = 16; at < header.length; at++) {
            if (at == 16 + 12) {
                continue; // without its type it is no checksum
            }
            header[at] ^= 1;
            assertThrows(
                    ProxyHeader.Malformed.class, () -> ProxyHeader.parse(ByteBuffer.wrap(header)));
            header[at] ^= 1;
        }
    }

    @Test
    void factsOfTlsAreThoseThatTheProxyVouchesFor() throws Exception {
        assertEquals(
                "{tls=TLSv1.3, cn=anna, alpn=pop3, authority=mail.example}",
                facts(ProxyOctets.tls(0x07, 0)).toString());
        assertEquals(
                "{tls=TLSv1.3, alpn=pop3, authority=mail.example}",
                facts(ProxyOctets.tls(0x07, 1)).toString(),
                "a certificate that was not verified names nobody");
        assertEquals(
                "{tls=TLSv1.3, alpn=pop3, authority=mail.example}",
                facts(ProxyOctets.tls(0x01, 0)).toString(),
                "there was no certificate");
        assertEquals(
                "{alpn=pop3, authority=mail.example}",
                facts(ProxyOctets.tls(0x06, 0)).toString(),
                "the client's connection was in the clear");
    }

    private static Map<String, String> facts(byte[] tls) throws ProxyHeader.Malformed {
        var header =
                ProxyOctets.version2(
                        0x21,
                        0x11,
                        ProxyOctets.ipv4("192.0.2.7", 1, "198.51.100.1", 995),
                        ProxyOctets.field(0x02, "mail.example"),
                        tls,
                        ProxyOctets.field(0x05, "unique"),
                        ProxyOctets.field(0x01, "pop3"));
        return ProxyHeader.parse(ByteBuffer.wrap(header)).orElseThrow().facts();
    }

    /** Octets that are nearly headers, and octets that are none: no other exception, no hang. */
    @Test
    void garbageIsReadOrRefused() {
        var random = new Random(134);
        var seeds = good().map(arguments -> (byte[]) arguments.get()[0]).toList();
        var read = 0;
        for (var round = 0; round < 200_000; round++) {
            var octets =
                    round % 10 == 0
                            ? new byte[random.nextInt(300)]
                            : seeds.get(random.nextInt(seeds.size())).clone();
            if (round % 10 == 0) {
                random.nextBytes(octets);
            }
            for (var change = random.nextInt(4); change > 0 && octets.length > 0; change--) {
                octets[random.nextInt(octets.length)] = (byte) random.nextInt(256);
            }
            try {
                var header = ProxyHeader.parse(ByteBuffer.wrap(octets));
                if (header.isPresent()) {
                    assertTrue(header.get().octets() <= octets.length);
                    read++;
                }
            } catch (ProxyHeader.Malformed e) {
                assertTrue(e.getMessage().length() < 100);
            }
        }
        assertTrue(read > 1_000, "the seeds were read " + read + " times");
    }
}
