package io.postern.store.mbox;

import io.postern.spi.PrivateFiles;
import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The listing of a file as it was when it was last read, so that a login need not read a file that
 * has not changed. Only an accelerator: one that is torn, damaged or of another file is not looked
 * at.
 */
final class ListingCache {
    private static final Logger LOG = LoggerFactory.getLogger(ListingCache.class);

    /** Changes with the layout of what follows it, and with what a surrogate or a From_ line is. */
    private static final int VERSION = 0x706d6235;

    private final Path cache;

    ListingCache(Path cache) {
        this.cache = cache;
    }

    /** The listing of the file that has this fingerprint, if it is known. */
    Optional<MboxListing> recall(Fingerprint fingerprint, MboxFormat format) {
        try {
            var octets = MaildropState.octets(cache);
            var end = octets.length - Long.BYTES;
            if (end < 0) {
                return Optional.empty();
            }
            try (var in = new DataInputStream(new ByteArrayInputStream(octets, 0, end))) {
                var sum = new DataInputStream(new ByteArrayInputStream(octets, end, Long.BYTES));
                if (sum.readLong() != checksum(octets, end)
                        || in.readInt() != VERSION
                        || !in.readUTF().equals(format.name())
                        || !in.readUTF().equals(fingerprint.identity())
                        || in.readLong() != fingerprint.size()
                        || in.readLong() != fingerprint.changed()) {
                    return Optional.empty();
                }
                return Optional.of(MboxListing.of(in));
            }
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (ClosedByInterruptException e) {
            LOG.debug("{} is not looked at: the client has gone", cache, e);
            return Optional.empty();
        } catch (IOException e) {
            LOG.warn("cannot use {}: the mbox is read instead ({})", cache, e.toString());
            return Optional.empty();
        }
    }

    /** Keeps a listing, unless the file could yet change without another fingerprint. */
    void keep(Fingerprint fingerprint, MboxFormat format, MboxListing listing) {
        if (!fingerprint.settled()) {
            return;
        }
        try {
            var octets = new ByteArrayOutputStream();
            try (var out = new DataOutputStream(octets)) {
                out.writeInt(VERSION);
                out.writeUTF(format.name());
                out.writeUTF(fingerprint.identity());
                out.writeLong(fingerprint.size());
                out.writeLong(fingerprint.changed());
                out.write(listing.saved());
                var body = octets.toByteArray();
                out.writeLong(checksum(body, body.length));
            }
            var next = cache.resolveSibling(cache.getFileName() + ".next");
            try (var out =
                    PrivateFiles.open(
                            next,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING)) {
                var left = ByteBuffer.wrap(octets.toByteArray());
                while (left.hasRemaining()) {
                    out.write(left);
                }
            }
            Files.move(next, cache, StandardCopyOption.ATOMIC_MOVE);
        } catch (ClosedByInterruptException e) {
            LOG.debug("{} is not kept: the client has gone", cache, e);
        } catch (IOException e) {
            LOG.warn(
                    "cannot keep {}: the next login reads the mbox again ({})",
                    cache,
                    e.toString());
        }
    }

    private static long checksum(byte[] octets, int end) {
        var sum = new CRC32C();
        sum.update(octets, 0, end);
        return sum.getValue();
    }
}
