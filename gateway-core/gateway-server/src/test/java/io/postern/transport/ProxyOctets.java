package io.postern.transport;

import io.postern.limit.Networks;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Headers of the PROXY protocol's version 2, as a proxy makes them. */
final class ProxyOctets {
    private static final byte[] SIGNATURE = {
        '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'
    };

    private ProxyOctets() {}

    /**
     * @param parts addresses, then fields
     */
    static byte[] version2(int command, int family, byte[]... parts) {
        var rest = new ByteArrayOutputStream();
        for (var part : parts) {
            rest.writeBytes(part);
        }
        return ByteBuffer.allocate(16 + rest.size())
                .put(SIGNATURE)
                .put((byte) command)
                .put((byte) family)
                .putShort((short) rest.size())
                .put(rest.toByteArray())
                .array();
    }

    static byte[] ipv4(String client, int clientPort, String server, int serverPort) {
        return addresses(2 * 4, client, clientPort, server, serverPort);
    }

    static byte[] ipv6(String client, int clientPort, String server, int serverPort) {
        return addresses(2 * 16, client, clientPort, server, serverPort);
    }

    private static byte[] addresses(
            int octets, String client, int clientPort, String server, int serverPort) {
        return ByteBuffer.allocate(octets + 4)
                .put(Networks.address(client).getAddress())
                .put(Networks.address(server).getAddress())
                .putShort((short) clientPort)
                .putShort((short) serverPort)
                .array();
    }

    /** A type, a length and a value. */
    static byte[] field(int type, String value) {
        return field(type, value.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] field(int type, byte[] value) {
        return ByteBuffer.allocate(3 + value.length)
                .put((byte) type)
                .putShort((short) value.length)
                .put(value)
                .array();
    }

    /** The field about TLS: TLSv1.3, with the certificate of anna. */
    static byte[] tls(int client, int verify) {
        var version = field(0x21, "TLSv1.3");
        var name = field(0x22, "anna");
        var cipher = field(0x23, "TLS_AES_128_GCM_SHA256");
        var value =
                ByteBuffer.allocate(5 + version.length + name.length + cipher.length)
                        .put((byte) client)
                        .putInt(verify)
                        .put(version)
                        .put(name)
                        .put(cipher)
                        .array();
        return field(0x20, value);
    }
}
