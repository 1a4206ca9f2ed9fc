package io.postern.tls;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The little of DER (X.690) that it takes to write a key or a certificate. */
final class Der {
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OCTET_STRING = 0x04;
    private static final int OBJECT_IDENTIFIER = 0x06;
    private static final int UTF8_STRING = 0x0C;
    private static final int GENERALIZED_TIME = 0x18;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    private static final int LONG_LENGTH = 0x80;

    private Der() {}

    static byte[] value(int tag, byte[]... parts) {
        var content = new ByteArrayOutputStream();
        for (var part : parts) {
            content.writeBytes(part);
        }
        var length = content.size();
        var value = new ByteArrayOutputStream();
        value.write(tag);
        if (length < LONG_LENGTH) {
            value.write(length);
        } else {
            var octets = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
            value.write(LONG_LENGTH | octets);
            for (var octet = octets - 1; octet >= 0; octet--) {
                value.write(length >> (8 * octet));
            }
        }
        value.writeBytes(content.toByteArray());
        return value.toByteArray();
    }

    static byte[] sequence(byte[]... parts) {
        return value(SEQUENCE, parts);
    }

    static byte[] set(byte[]... parts) {
        return value(SET, parts);
    }

    static byte[] integer(long number) {
        return integer(BigInteger.valueOf(number));
    }

    static byte[] integer(BigInteger number) {
        return value(INTEGER, number.toByteArray());
    }

    static byte[] octetString(byte[] octets) {
        return value(OCTET_STRING, octets);
    }

    static byte[] bitString(byte[] octets) {
        return value(BIT_STRING, new byte[] {0}, octets); // no unused bits
    }

    static byte[] utf8String(String text) {
        return value(UTF8_STRING, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * @param text year to second, and {@code Z}
     */
    static byte[] generalizedTime(String text) {
        return value(GENERALIZED_TIME, text.getBytes(StandardCharsets.US_ASCII));
    }

    static byte[] objectIdentifier(int first, int second, int... more) {
        var content = new ByteArrayOutputStream();
        content.write(40 * first + second);
        for (var arc : more) {
            for (var shift = 28; shift > 0; shift -= 7) {
                if (arc >> shift != 0) {
                    content.write((arc >> shift & 0x7F) | 0x80);
                }
            }
            content.write(arc & 0x7F);
        }
        return value(OBJECT_IDENTIFIER, content.toByteArray());
    }

    /** The first value of a sequence that is well-formed, tag and length included. */
    static byte[] firstOfSequence(byte[] sequence) {
        var from = contentAt(sequence, 0);
        var to = contentAt(sequence, from) + lengthAt(sequence, from);
        return Arrays.copyOfRange(sequence, from, to);
    }

    private static int contentAt(byte[] der, int value) {
        var first = der[value + 1] & 0xFF;
        return value + 2 + (first < LONG_LENGTH ? 0 : first & 0x7F);
    }

    private static int lengthAt(byte[] der, int value) {
        var first = der[value + 1] & 0xFF;
        if (first < LONG_LENGTH) {
            return first;
        }
        var length = 0;
        for (var at = value + 2; at < contentAt(der, value); at++) {
            length = length << 8 | (der[at] & 0xFF);
        }
        return length;
    }
}
