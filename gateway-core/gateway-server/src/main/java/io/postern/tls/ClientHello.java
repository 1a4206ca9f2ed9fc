package io.postern.tls;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The first message of a TLS client, as far as the server's choice of a certificate needs it.
 * Immutable.
 *
 * <p>Java's own reading fails a handshake for every name that is not strictly a host name. Here a
 * name is whatever the client sent; what cannot be read counts as no name, and whether the message
 * is TLS at all is for the engine to say.
 *
 * @param serverName the first host name of the extension {@code server_name} (RFC 6066 §3), as it
 *     was sent; a stranger's text, never empty
 */
public record ClientHello(Optional<String> serverName) {

    /** Octets within which the message has to be whole, or it counts as one without a name. */
    static final int MAX_OCTETS = 16 * 1024;

    private static final ClientHello UNNAMED = new ClientHello(Optional.empty());

    private static final int RECORD_HEAD = 5;
    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int SERVER_NAME = 0;
    private static final int HOST_NAME = 0;

    /** Octets of the version and the random value (RFC 8446 §4.1.2). */
    private static final int VERSION_AND_RANDOM = 2 + 32;

    /**
     * Reads it from what has come so far, in as many records as the client likes.
     *
     * @param received from the connection's first octet of TLS; not changed
     * @return empty as long as more has to come
     */
    public static Optional<ClientHello> read(ByteBuffer received) {
        var in = received.slice();
        var message = ByteBuffer.allocate(Math.min(in.remaining(), MAX_OCTETS));
        while (in.hasRemaining()) {
            if (in.get(in.position()) != HANDSHAKE) {
                return Optional.of(UNNAMED);
            }
            if (in.remaining() < RECORD_HEAD) {
                break;
            }
            var length = in.getShort(in.position() + 3) & 0xFFFF;
            if (in.remaining() - RECORD_HEAD < length) {
                break;
            }
            if (message.remaining() < length) {
                return Optional.of(UNNAMED);
            }
            message.put(in.slice(in.position() + RECORD_HEAD, length));
            in.position(in.position() + RECORD_HEAD + length);
            var whole = message(message.duplicate().flip());
            if (whole.isPresent()) {
                return whole;
            }
        }
        return received.remaining() < MAX_OCTETS ? Optional.empty() : Optional.of(UNNAMED);
    }

    /** Empty as long as the message is not whole. */
    private static Optional<ClientHello> message(ByteBuffer in) {
        if (in.hasRemaining() && in.get(0) != CLIENT_HELLO) {
            return Optional.of(UNNAMED);
        }
        if (in.remaining() < 4) {
            return Optional.empty();
        }
        var length = in.getInt() & 0xFF_FFFF;
        if (length > MAX_OCTETS) {
            return Optional.of(UNNAMED);
        }
        if (in.remaining() < length) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ClientHello(serverName(in.slice(in.position(), length))));
        } catch (BufferUnderflowException | IndexOutOfBoundsException _) {
            return Optional.of(UNNAMED); // a length that reaches beyond its end
        }
    }

    private static Optional<String> serverName(ByteBuffer body) {
        part(body, VERSION_AND_RANDOM);
        part(body, body.get() & 0xFF); // session id
        part(body, body.getShort() & 0xFFFF); // suites
        part(body, body.get() & 0xFF); // compression
        if (!body.hasRemaining()) {
            return Optional.empty(); // an old client without extensions
        }
        var extensions = part(body, body.getShort() & 0xFFFF);
        while (extensions.hasRemaining()) {
            var type = extensions.getShort() & 0xFFFF;
            var content = part(extensions, extensions.getShort() & 0xFFFF);
            if (type == SERVER_NAME) {
                return hostName(content);
            }
        }
        return Optional.empty();
    }

    private static Optional<String> hostName(ByteBuffer extension) {
        var names = part(extension, extension.getShort() & 0xFFFF);
        while (names.hasRemaining()) {
            var type = names.get();
            var name = part(names, names.getShort() & 0xFFFF);
            if (type == HOST_NAME && name.hasRemaining()) {
                return Optional.of(StandardCharsets.UTF_8.decode(name).toString());
            }
        }
        return Optional.empty();
    }

    /** The next octets, which are left behind. */
    private static ByteBuffer part(ByteBuffer in, int octets) {
        var part = in.slice(in.position(), octets);
        in.position(in.position() + octets);
        return part;
    }
}
