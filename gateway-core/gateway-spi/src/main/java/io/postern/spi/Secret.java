package io.postern.spi;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * A password or another secret, as octets that can be wiped. Its text form is always {@code ***}.
 *
 * <p>Whoever makes it closes it. Safe for use by several threads as long as nobody closes it.
 */
public final class Secret implements AutoCloseable {
    private final byte[] octets;
    private volatile boolean wiped;

    private Secret(byte[] octets) {
        this.octets = octets;
    }

    /**
     * @param octets copied; the caller wipes its own
     */
    public static Secret of(byte[] octets) {
        return new Secret(octets.clone());
    }

    /** Takes part of an array. The part is copied; the caller wipes its own. */
    public static Secret of(byte[] octets, int from, int to) {
        return new Secret(Arrays.copyOfRange(octets, from, to));
    }

    /** The UTF-8 octets of a text that came from a file or a test, where no array was at hand. */
    public static Secret of(CharSequence text) {
        var encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(text));
        var octets = new byte[encoded.remaining()];
        encoded.get(octets).flip();
        while (encoded.hasRemaining()) {
            encoded.put((byte) 0);
        }
        return new Secret(octets);
    }

    /** Number of octets. */
    public int length() {
        return octets.length;
    }

    /**
     * @return a copy, which the caller wipes
     * @throws IllegalStateException after {@link #close}
     */
    public byte[] octets() {
        open();
        return octets.clone();
    }

    /**
     * The secret read as UTF-8.
     *
     * @return a copy, which the caller wipes; octets that are not UTF-8 come out as U+FFFD
     * @throws IllegalStateException after {@link #close}
     */
    public char[] chars() {
        open();
        var decoded = StandardCharsets.UTF_8.decode(ByteBuffer.wrap(octets));
        var chars = new char[decoded.remaining()];
        decoded.get(chars).flip();
        while (decoded.hasRemaining()) {
            decoded.put('\0');
        }
        return chars;
    }

    /** Compares in a time that depends on the lengths only. */
    public boolean matches(byte[] other) {
        open();
        return MessageDigest.isEqual(octets, other);
    }

    /** Overwrites the octets with zeros. Idempotent. */
    @Override
    public void close() {
        wiped = true;
        Arrays.fill(octets, (byte) 0);
    }

    @Override
    public String toString() {
        return "***";
    }

    private void open() {
        if (wiped) {
            throw new IllegalStateException("this secret has been wiped");
        }
    }
}
