package io.postern.distribution;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Messages as they are stored, and what they have to be on the wire. */
final class Mail {

    /** What no mail program should have written, and some did. All end in LF, not in CRLF. */
    static final List<byte[]> ODD =
            List.of(
                    octets("Subject: no body and no empty line\n"),
                    octets("From: x@example.org\n\n.\n..\n. \nlone\rCR\nFrom me\n>From you\n\n\n"),
                    octets("Subject: 8 bit\n\nhigh \u0080\u00ff\u00fe octets\n"),
                    octets("."));

    private Mail() {}

    static byte[] octets(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** RFC 1939 §3: every line ends in CRLF, the last one too. */
    static byte[] onTheWire(byte[] stored) {
        var wire = new ByteArrayOutputStream(stored.length + stored.length / 32);
        var before = -1;
        for (var octet : stored) {
            if (octet == '\n' && before != '\r') {
                wire.write('\r');
            }
            wire.write(octet);
            before = octet;
        }
        if (before != '\n') {
            wire.writeBytes(octets("\r\n"));
        }
        return wire.toByteArray();
    }
}
