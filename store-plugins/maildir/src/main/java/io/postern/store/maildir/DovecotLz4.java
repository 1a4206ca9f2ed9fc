package io.postern.store.maildir;

import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Reads the LZ4 files of Dovecot: a magic, the size that no chunk exceeds when it is unpacked, then
 * chunks, each a block of LZ4 behind its own length. Numbers are of four octets, the highest first.
 * There is no checksum, and no mark of the end (Dovecot's {@code iostream-lz4.h}).
 */
final class DovecotLz4 extends InputStream {
    /** First in the file. */
    static final String MAGIC = "Dovecot-LZ4\r*\u009b\u00c5";

    /** Dovecot refuses larger ones, octets; it writes 64 KiB. */
    private static final int MAX_CHUNK = 1024 * 1024;

    private final InputStream in;
    private final int limit;
    private byte[] chunk = {};
    private int at;

    DovecotLz4(InputStream in) throws IOException {
        this.in = in;
        var magic = MAGIC.getBytes(StandardCharsets.ISO_8859_1);
        var head = in.readNBytes(magic.length + Integer.BYTES);
        if (head.length < magic.length + Integer.BYTES
                || !new String(head, 0, magic.length, StandardCharsets.ISO_8859_1).equals(MAGIC)) {
            throw new IOException("its head is damaged");
        }
        limit = ByteBuffer.wrap(head).getInt(magic.length);
        if (limit < 1 || limit > MAX_CHUNK) {
            throw new IOException("it has chunks of " + limit + " octets");
        }
    }

    @Override
    public int read() throws IOException {
        return filled() ? chunk[at++] & 0xFF : -1;
    }

    @Override
    public int read(byte[] octets, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!filled()) {
            return -1;
        }
        var count = Math.min(length, chunk.length - at);
        System.arraycopy(chunk, at, octets, from, count);
        at += count;
        return count;
    }

    /** Whether there is more. */
    private boolean filled() throws IOException {
        while (at == chunk.length) {
            var length = in.readNBytes(Integer.BYTES);
            if (length.length == 0) {
                return false;
            }
            if (length.length < Integer.BYTES) {
                throw new EOFException("it ends within the length of a chunk");
            }
            chunk = unpacked(ByteBuffer.wrap(length).getInt());
            at = 0;
        }
        return true;
    }

    private byte[] unpacked(int length) throws IOException {
        // What cannot be made smaller gets a little longer.
        if (length < 1 || length > limit + limit / 255 + 16) {
            throw new IOException("it has a chunk of " + length + " octets");
        }
        var packed = in.readNBytes(length);
        if (packed.length < length) {
            throw new EOFException("it ends within a chunk");
        }
        try (var block = new BlockLZ4CompressorInputStream(new ByteArrayInputStream(packed))) {
            var plain = block.readNBytes(limit + 1);
            if (plain.length > limit) {
                throw new IOException("it has a chunk of more than " + limit + " octets");
            }
            return plain;
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
