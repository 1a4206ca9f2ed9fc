package io.postern.store.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;

/**
 * A body, read chunk by chunk: one statement and one array of at most {@link #CHUNK} octets at a
 * time, and no connection between them. One thread at a time.
 */
final class BlobStream extends InputStream {
    /** Longest chunk, octets. */
    static final int CHUNK = 256 * 1024;

    private final Database database;
    private final String blob;
    private final long octets;
    private long given;
    private int next;
    private byte[] chunk = new byte[0];
    private int at;

    /**
     * @param octets of the whole body
     */
    BlobStream(Database database, String blob, long octets) {
        this.database = database;
        this.blob = blob;
        this.octets = octets;
    }

    @Override
    public int read() throws IOException {
        if (!more()) {
            return -1;
        }
        given++;
        return chunk[at++] & 0xFF;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!more()) {
            return -1;
        }
        var some = Math.min(length, chunk.length - at);
        System.arraycopy(chunk, at, into, from, some);
        at += some;
        given += some;
        return some;
    }

    /** Makes sure that the chunk has an octet that was not given, unless all were. */
    private boolean more() throws IOException {
        if (given == octets) {
            return false;
        }
        if (at == chunk.length) {
            chunk = fetch();
            at = 0;
            next++;
            if (chunk.length == 0 || chunk.length > octets - given) {
                throw new IOException("body " + blob + " is damaged at chunk " + (next - 1));
            }
        }
        return true;
    }

    private byte[] fetch() throws IOException {
        byte[] data;
        try {
            data =
                    database.transaction(connection -> {
                        try (var query =
                                connection.prepareStatement(
                                        "SELECT data FROM blob_chunk WHERE blob_id = ?"
                                                + " AND n = ?")) {
                            query.setString(1, blob);
                            query.setInt(2, next);
                            try (var rows = query.executeQuery()) {
                                return rows.next() ? rows.getBytes(1) : null;
                            }
                        }
                    });
        } catch (SQLException e) {
            throw new IOException("body " + blob + " cannot be read: " + e.getMessage(), e);
        }
        if (data == null) {
            throw new IOException("body " + blob + " has no chunk " + next);
        }
        return data;
    }
}
