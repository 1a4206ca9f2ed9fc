package io.postern.transport;

import io.postern.limit.Networks;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * What a proxy says of the client for whom it connects: the PROXY protocol, version 1 and 2
 * (haproxy's {@code proxy-protocol.txt}, revision of 2020). Immutable.
 *
 * @param client the client's address; empty where the proxy speaks for itself (LOCAL, a health
 *     check) or does not know, so that the connection's own address counts
 * @param facts what else it says, in this order if it is there: {@code tls} (the version, where the
 *     client's connection to the proxy is encrypted), {@code cn} (of the client's certificate, if
 *     the proxy has verified that), {@code alpn}, {@code authority} (the name that the client asked
 *     for); all of it is text of strangers
 * @param octets how many the header took
 */
record ProxyHeader(Optional<InetSocketAddress> client, Map<String, String> facts, int octets) {

    /** Longest header that is read, octets. Version 2 could have 65,551; none needs so many. */
    static final int MAX_OCTETS = 4096;

    /** Longest header of version 1, octets, CRLF included (§2.1). */
    private static final int MAX_VERSION_1 = 107;

    private static final byte[] VERSION_1 = "PROXY ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] VERSION_2 = {
        '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'
    };

    /** Octets of version 2 before the addresses (§2.2). */
    private static final int HEAD = 16;

    private static final Pattern PORT = Pattern.compile("0|[1-9][0-9]{0,4}");
    private static final int MAX_PORT = 65_535;

    // Version 2's fields (§2.2).
    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;
    private static final int UNSPEC = 0x00;
    private static final int TCP_IPV4 = 0x11;
    private static final int TCP_IPV6 = 0x21;
    private static final int ALPN = 0x01;
    private static final int AUTHORITY = 0x02;
    private static final int CRC = 0x03;
    private static final int SSL = 0x20;
    private static final int SSL_VERSION = 0x21;
    private static final int SSL_CN = 0x22;
    private static final int CLIENT_SSL = 0x01;
    private static final int CLIENT_CERTIFICATE = 0x02 | 0x04; // on this connection or its session

    /** It is no PROXY header. The message says why, in words of ours. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String message) {
            super(message);
        }
    }

    ProxyHeader {
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    }

    /**
     * Reads it from what has come so far.
     *
     * @param in from the connection's first octet; not changed
     * @return empty as long as more has to come
     * @throws Malformed as soon as it cannot become one any more
     */
    static Optional<ProxyHeader> parse(ByteBuffer in) throws Malformed {
        var octets = in.slice();
        if (!octets.hasRemaining()) {
            return Optional.empty();
        }
        if (octets.get(0) == VERSION_1[0]) {
            return begins(octets, VERSION_1) ? version1(octets) : Optional.empty();
        }
        return begins(octets, VERSION_2) ? version2(octets) : Optional.empty();
    }

    /**
     * @return false if all that is there is right, and it is not all
     */
    private static boolean begins(ByteBuffer octets, byte[] signature) throws Malformed {
        for (var at = 0; at < Math.min(octets.limit(), signature.length); at++) {
            if (octets.get(at) != signature[at]) {
                throw new Malformed("no PROXY header");
            }
        }
        return octets.limit() >= signature.length;
    }

    private static Optional<ProxyHeader> version1(ByteBuffer octets) throws Malformed {
        for (var at = VERSION_1.length; at < octets.limit(); at++) {
            if (at == MAX_VERSION_1) {
                throw new Malformed("a line of more than 107 octets");
            }
            var octet = octets.get(at);
            if (octet == '\n' && octets.get(at - 1) == '\r') {
                var line = new byte[at - 1 - VERSION_1.length];
                octets.get(VERSION_1.length, line);
                var text = new String(line, StandardCharsets.US_ASCII);
                return Optional.of(new ProxyHeader(line1(text), Map.of(), at + 1));
            }
            if (octets.get(at - 1) == '\r' || (octet != '\r' && (octet < ' ' || octet > '~'))) {
                throw new Malformed("a line with other than printable ASCII in it");
            }
        }
        return Optional.empty();
    }

    /** The client in a line of version 1, without its first word. */
    private static Optional<InetSocketAddress> line1(String line) throws Malformed {
        if (line.equals("UNKNOWN") || line.startsWith("UNKNOWN ")) {
            return Optional.empty();
        }
        var words = line.split(" ", -1);
        if (words.length != 5 || !(words[0].equals("TCP4") || words[0].equals("TCP6"))) {
            throw new Malformed("a line that is not TCP4, TCP6 or UNKNOWN with its four words");
        }
        var ipv6 = words[0].equals("TCP6");
        var client = socket(address(words[1], ipv6), words[3]);
        var _ = socket(address(words[2], ipv6), words[4]);
        return Optional.of(client);
    }

    private static InetAddress address(String text, boolean ipv6) throws Malformed {
        try {
            if (text.contains(":") == ipv6) {
                return Networks.address(text);
            }
        } catch (IllegalArgumentException _) {
            // Told below.
        }
        throw new Malformed("an address that is none of its family");
    }

    private static InetSocketAddress socket(InetAddress address, String port) throws Malformed {
        if (!PORT.matcher(port).matches() || Integer.parseInt(port) > MAX_PORT) {
            throw new Malformed("a port that is none");
        }
        return new InetSocketAddress(address, Integer.parseInt(port));
    }

    private static Optional<ProxyHeader> version2(ByteBuffer octets) throws Malformed {
        if (octets.limit() < HEAD) {
            return Optional.empty();
        }
        var command = octets.get(12) & 0xFF;
        var family = octets.get(13) & 0xFF;
        var length = octets.getShort(14) & 0xFFFF;
        if (command != LOCAL && command != PROXY) {
            throw new Malformed("a version or command that is not known");
        }
        if (HEAD + length > MAX_OCTETS) {
            throw new Malformed("a header of more than " + MAX_OCTETS + " octets");
        }
        var addresses =
                switch (family) {
                    case UNSPEC -> 0;
                    case TCP_IPV4 -> 2 * (4 + 2);
                    case TCP_IPV6 -> 2 * (16 + 2);
                    default -> {
                        if (command == PROXY) {
                            throw new Malformed("an address family that is not TCP");
                        }
                        yield length; // to be ignored, whatever it is (§2.2)
                    }
                };
        if (command == PROXY && length < addresses) {
            throw new Malformed("a header too short for its addresses");
        }
        if (octets.limit() < HEAD + length) {
            return Optional.empty();
        }
        if (command == LOCAL) {
            return Optional.of(new ProxyHeader(Optional.empty(), Map.of(), HEAD + length));
        }
        var whole = octets.slice(0, HEAD + length);
        var facts = facts(whole, HEAD + addresses);
        var client =
                addresses == 0
                        ? Optional.<InetSocketAddress>empty()
                        : Optional.of(client2(whole, (addresses - 2 * 2) / 2));
        return Optional.of(new ProxyHeader(client, facts, HEAD + length));
    }

    private static InetSocketAddress client2(ByteBuffer header, int addressOctets) {
        var address = new byte[addressOctets];
        header.get(HEAD, address);
        var port = header.getShort(HEAD + 2 * addressOctets) & 0xFFFF;
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address), port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("4 or 16 octets are an address", e);
        }
    }

    private static Map<String, String> facts(ByteBuffer header, int from) throws Malformed {
        var facts = new LinkedHashMap<String, String>();
        String alpn = null;
        String authority = null;
        for (var at = from; at < header.limit(); at = end(header, at)) {
            var value = header.slice(at + 3, end(header, at) - at - 3);
            switch (header.get(at) & 0xFF) {
                case ALPN -> alpn = text(value);
                case AUTHORITY -> authority = text(value);
                case CRC -> check(header, at + 3, value);
                case SSL -> tls(value, facts);
                default -> {} // not of interest, or not known yet
            }
        }
        if (alpn != null) {
            facts.put("alpn", alpn);
        }
        if (authority != null) {
            facts.put("authority", authority);
        }
        return facts;
    }

    /** Where the field ends that begins there. */
    private static int end(ByteBuffer fields, int at) throws Malformed {
        if (fields.limit() - at < 3) {
            throw new Malformed("a field without its length");
        }
        var end = at + 3 + (fields.getShort(at + 1) & 0xFFFF);
        if (end > fields.limit()) {
            throw new Malformed("a field longer than the header");
        }
        return end;
    }

    private static void tls(ByteBuffer value, Map<String, String> facts) throws Malformed {
        if (value.limit() < 5) {
            throw new Malformed("a field about TLS that is too short");
        }
        var client = value.get(0);
        var verified = value.getInt(1) == 0 && (client & CLIENT_CERTIFICATE) != 0;
        if ((client & CLIENT_SSL) == 0) {
            return;
        }
        facts.put("tls", "unknown");
        for (var at = 5; at < value.limit(); at = end(value, at)) {
            var part = value.slice(at + 3, end(value, at) - at - 3);
            var type = value.get(at) & 0xFF;
            if (type == SSL_VERSION) {
                facts.put("tls", text(part));
            } else if (type == SSL_CN && verified) {
                facts.put("cn", text(part));
            }
        }
    }

    private static String text(ByteBuffer octets) {
        return StandardCharsets.UTF_8.decode(octets.slice()).toString();
    }

    /** The sum is over the whole header, with zeros in place of itself (§2.2.4). */
    private static void check(ByteBuffer header, int at, ByteBuffer value) throws Malformed {
        if (value.limit() != Integer.BYTES) {
            throw new Malformed("a checksum that is not of 4 octets");
        }
        var sum = new CRC32C();
        sum.update(header.slice(0, at));
        sum.update(new byte[Integer.BYTES]);
        sum.update(header.slice(at + Integer.BYTES, header.limit() - at - Integer.BYTES));
        if ((int) sum.getValue() != value.getInt(0)) {
            throw new Malformed("a checksum that does not fit");
        }
    }
}
