package io.postern.kept;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashMap;

/**
 * What stands at the head of a kept message's file: six lines of UTF-8 and an empty one. The
 * message follows, as it was stored.
 *
 * @param user the canonical name
 * @param octets the size on the wire (RFC 1939 §11)
 * @param removed when QUIT was said
 * @param session whose QUIT it was
 */
public record Head(String user, String uniqueId, long octets, Instant removed, String session) {
    private static final String FIRST = "Postern-Kept: 1";

    /** Longest head, octets: a user name takes up to 765, a unique-id 70. */
    private static final int MOST = 4096;

    byte[] bytes() {
        return """
        %s
        User: %s
        Unique-Id: %s
        Octets: %d
        Removed: %s
        Session: %s

        """
                .formatted(FIRST, user, uniqueId, octets, removed, session)
                .getBytes(StandardCharsets.UTF_8);
    }

    static Head of(Path file) throws IOException {
        try (var in = open(file)) {
            return read(in);
        }
    }

    /** The message of a file, without the head. */
    static InputStream content(Path file) throws IOException {
        var in = open(file);
        try {
            var _ = read(in);
            return in;
        } catch (Throwable e) {
            in.close();
            throw e;
        }
    }

    private static InputStream open(Path file) throws IOException {
        return new BufferedInputStream(Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS));
    }

    private static Head read(InputStream in) throws IOException {
        var left = new int[] {MOST};
        if (!line(in, left).equals(FIRST)) {
            throw new IOException("it does not begin with " + FIRST);
        }
        var fields = new HashMap<String, String>();
        for (var line = line(in, left); !line.isEmpty(); line = line(in, left)) {
            var colon = line.indexOf(": ");
            if (colon < 0) {
                throw new IOException("a line of its head has no name");
            }
            fields.put(line.substring(0, colon), line.substring(colon + 2));
        }
        try {
            return new Head(
                    field(fields, "User"),
                    field(fields, "Unique-Id"),
                    Long.parseLong(field(fields, "Octets")),
                    Instant.parse(field(fields, "Removed")),
                    field(fields, "Session"));
        } catch (NumberFormatException | DateTimeException e) {
            throw new IOException("its head cannot be read: " + e.getMessage(), e);
        }
    }

    private static String field(HashMap<String, String> fields, String name) throws IOException {
        var value = fields.get(name);
        if (value == null) {
            throw new IOException("its head has no " + name);
        }
        return value;
    }

    private static String line(InputStream in, int[] left) throws IOException {
        var octets = new byte[left[0]];
        for (var count = 0; count < octets.length; count++) {
            var octet = in.read();
            if (octet < 0) {
                throw new EOFException("it ends in its head");
            }
            if (octet == '\n') {
                left[0] -= count + 1;
                return new String(octets, 0, count, StandardCharsets.UTF_8);
            }
            octets[count] = (byte) octet;
        }
        throw new IOException("its head does not end");
    }
}
