package io.postern.store.maildir;

import io.airlift.compress.zstd.ZstdInputStream;

import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorInputStream;
import org.tukaani.xz.XZInputStream;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Optional;

/**
 * The ways in which Dovecot's plugin {@code zlib} (in later versions {@code mail_compress}) stores
 * a message. It tells them by the first octets of the file, and so does this; scripts that compress
 * older mail also note the flag {@code Z} in the file's name.
 */
enum Compression {
    /** RFC 1952. */
    GZIP(1, "\u001f\u008b") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return GzipCompressorInputStream.builder()
                    .setInputStream(packed)
                    .setDecompressConcatenated(true)
                    .get();
        }
    },

    /** With a first block, or with the end of one that is empty. */
    BZIP2(8, "BZh?1AY&SY", "BZh?\u0017rE8P\u0090") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new BZip2CompressorInputStream(packed, true);
        }
    },

    /** At its highest level the dictionary takes 64 MiB. */
    XZ(72, "\u00fd7zXZ\0") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new XZInputStream(packed, memory() * 1024);
        }
    },

    /** Windows of up to 8 MiB are read, of which a few are in memory: all levels up to 19. */
    ZSTD(40, "(\u00b5/\u00fd") {
        @Override
        InputStream open(InputStream packed) {
            return new ZstdInputStream(packed);
        }
    },

    /** Dovecot's own framing of LZ4 blocks. */
    DOVECOT_LZ4(2, DovecotLz4.MAGIC) {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new DovecotLz4(packed);
        }

        @Override
        boolean marksItsEnd() {
            return false;
        }
    },

    /** The frames of the program {@code lz4}. */
    LZ4(12, "\u0004\"M\u0018") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new FramedLZ4CompressorInputStream(packed, true);
        }
    };

    /** So many octets of a file tell how it is compressed. */
    static final int MAGIC_OCTETS = 16;

    /** With the flag Z, so many are enough: the rest may be damaged. */
    private static final int CLEAR = 3;

    /** Stands for any octet of a magic. */
    private static final char ANY = '?';

    private final int memory;

    /** One behind the other, each with a line end that none holds. */
    private final String magics;

    /**
     * @param memory that reading takes at most, MiB
     * @param magics first octets of a file, one character each
     */
    Compression(int memory, String... magics) {
        this.memory = memory;
        this.magics = String.join("\n", magics);
    }

    /** As the operator knows it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** Memory that reading takes at most, MiB. */
    int memory() {
        return memory;
    }

    /** Whether an archive that was cut can always be told from a whole one. */
    boolean marksItsEnd() {
        return true;
    }

    /**
     * Starts to read.
     *
     * @param packed best buffered; closed with what is returned
     * @return gives the message; fails where the file is damaged, with an {@link IOException} or
     *     any {@link RuntimeException}
     */
    abstract InputStream open(InputStream packed) throws IOException;

    /**
     * How a file is compressed, by its first octets.
     *
     * @param flagged whether its name says that it is compressed
     */
    static Optional<Compression> of(byte[] head, int length, boolean flagged) {
        for (var compression : values()) {
            for (var magic : compression.magics.split("\n", -1)) {
                if (begins(head, length, magic, flagged)) {
                    return Optional.of(compression);
                }
            }
        }
        return Optional.empty();
    }

    private static boolean begins(byte[] head, int length, String magic, boolean flagged) {
        var needed = flagged ? Math.min(CLEAR, magic.length()) : magic.length();
        if (length < needed) {
            return false;
        }
        for (var at = 0; at < needed; at++) {
            if ((head[at] & 0xFF) != magic.charAt(at) && magic.charAt(at) != ANY) {
                return false;
            }
        }
        return true;
    }

    /** Whether these first octets may be those of a message, and not of an unknown archive. */
    static boolean text(byte[] head, int length) {
        for (var at = 0; at < length; at++) {
            var octet = head[at] & 0xFF;
            if (octet < ' ' && octet != '\t' && octet != '\n' && octet != '\r') {
                return false;
            }
        }
        return true;
    }
}
