package io.postern.kept;

import io.postern.spi.Fault;
import io.postern.spi.wire.MessageEncoder;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/**
 * The copies of what one QUIT is to remove: {@link #add} each, then {@link #secure}, then ask the
 * store; behind that {@link #settle}, or {@link #drop} where the store was never asked. One thread.
 *
 * <p>What a crash leaves at any point is a copy more than needed, or a file with the ending {@value
 * #UNFINISHED}.
 */
public final class Copies {
    /** The ending of a file that is being written. */
    static final String UNFINISHED = ".tmp";

    private static final Logger LOG = LoggerFactory.getLogger(Copies.class);
    private static final SecureRandom RANDOM = new SecureRandom();

    /** How much is read at once, octets. */
    private static final int CHUNK = 64 * 1024;

    /** Files that are forced at the same time: a disk does some in the time of one. */
    private static final int AT_ONCE = 16;

    private final KeptDeletions kept;
    private final String user;
    private final String session;
    private final Instant removed;
    private final BooleanSupplier late;
    private final String batch = HexFormat.of().toHexDigits(RANDOM.nextLong());
    private final List<Copy> copies = new ArrayList<>();
    private final byte[] chunk = new byte[CHUNK];
    private final ByteBuffer encoded = ByteBuffer.allocate(2 * CHUNK);
    private final Semaphore places = new Semaphore(AT_ONCE);
    private final AtomicReference<Fault> failure = new AtomicReference<>();
    private Path place;

    /** A copy under its first name, and the one that it is to have. */
    private record Copy(Path unfinished, KeptName name) {}

    Copies(KeptDeletions kept, String user, String session, Instant removed, BooleanSupplier late) {
        this.kept = kept;
        this.user = user;
        this.session = session;
        this.removed = removed.truncatedTo(ChronoUnit.MILLIS);
        this.late = late;
    }

    /**
     * Writes one copy.
     *
     * @param number the message's in its session; none twice
     * @param octets its size on the wire, as it was listed
     * @param content as it is stored; read, not closed
     * @return the size that it has, if it is not larger than that; else some larger one. A copy
     *     with another size than the listed one is not to be trusted
     * @throws Fault if it cannot be written, or the time is over
     * @throws IOException if {@code content} cannot be read
     */
    public long add(int number, String uniqueId, long octets, InputStream content)
            throws Fault, IOException {
        failIfOneHas();
        makePlace();
        var unfinished = place.resolve(batch + "-" + number + UNFINISHED);
        var digest = KeptDeletions.sha256();
        digest.update((uniqueId + "\0").getBytes(StandardCharsets.US_ASCII));
        var encoder = new MessageEncoder(MessageEncoder.WHOLE);
        FileChannel channel;
        try {
            channel =
                    FileChannel.open(
                            unfinished,
                            EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                            kept.ownersAlone("rw-------"));
        } catch (IOException e) {
            delete(unfinished); // a disk may tell of an error that came behind the deed
            throw unkept(unfinished, e);
        }
        var whole = false;
        try {
            // First of all, so that it is dropped with the others.
            copies.add(new Copy(unfinished, null));
            write(
                    channel,
                    unfinished,
                    ByteBuffer.wrap(new Head(user, uniqueId, octets, removed, session).bytes()));
            // What the reading throws is the caller's; what the writing throws is ours.
            for (int read; (read = content.read(chunk, 0, CHUNK)) != -1; ) {
                if (read <= 0 || read > CHUNK) {
                    throw new IOException("a stream that says it read " + read + " octets");
                }
                if (late.getAsBoolean()) {
                    throw Fault.temporary("the time for the commit is over", null);
                }
                digest.update(chunk, 0, read);
                encoder.encode(ByteBuffer.wrap(chunk, 0, read), encoded.clear());
                if (encoder.octets() > octets) {
                    return encoder.octets();
                }
                write(channel, unfinished, ByteBuffer.wrap(chunk, 0, read));
            }
            whole = true;
        } finally {
            if (!whole) {
                channel.close();
            }
        }
        forceLater(channel, unfinished);
        encoder.finish(encoded.clear());
        var sum = HexFormat.of().formatHex(digest.digest(), 0, 16);
        copies.set(
                copies.size() - 1, new Copy(unfinished, new KeptName(removed, batch, number, sum)));
        return encoder.octets();
    }

    /**
     * Forces a file to the disk and closes it, behind the back of the thread that writes the next
     * one.
     */
    private void forceLater(FileChannel channel, Path file) {
        places.acquireUninterruptibly();
        Thread.ofVirtual()
                .name("keep " + session)
                .start(() -> {
                    try (channel) {
                        channel.force(true);
                    } catch (IOException | RuntimeException | Error e) {
                        failure.compareAndSet(null, unkept(file, e));
                    } finally {
                        places.release();
                    }
                });
    }

    private void awaitForced() {
        places.acquireUninterruptibly(AT_ONCE);
        places.release(AT_ONCE);
    }

    private void failIfOneHas() throws Fault {
        if (failure.get() != null) {
            throw failure.get();
        }
    }

    /**
     * Makes all of them copies that outlive a loss of power.
     *
     * @throws Fault if that is not so for sure
     */
    public void secure() throws Fault {
        awaitForced();
        failIfOneHas();
        for (var copy : copies) {
            var name = Objects.requireNonNull(copy.name, "a copy that is not whole");
            try {
                Files.move(
                        copy.unfinished,
                        place.resolve(name.text()),
                        StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                throw unkept(copy.unfinished, e);
            }
        }
        if (!copies.isEmpty()) {
            try {
                KeptDeletions.force(place);
            } catch (IOException e) {
                throw unkept(place, e);
            }
        }
    }

    /** Throws them away: the store was not asked to remove anything. Never throws. */
    public void drop() {
        awaitForced();
        for (var copy : copies) {
            delete(copy.unfinished);
            if (copy.name != null) {
                delete(place.resolve(copy.name.text()));
            }
        }
    }

    /**
     * The store has answered, or failed to: the copies stay. Never throws.
     *
     * @param whole whether all of the messages are surely gone. Otherwise some may be there still,
     *     and come back with the next QUIT: older copies of the same octets go, so that there are
     *     never more than two
     */
    public void settle(boolean whole) {
        if (whole || copies.isEmpty()) {
            return;
        }
        var own = new HashMap<String, KeptName>();
        copies.forEach(copy -> own.put(copy.name.digest(), copy.name));
        try {
            for (var name : KeptDeletions.names(place)) {
                var mine = own.get(name.digest());
                // Only what is older than one that stays: two who do this leave the newest.
                if (mine != null && name.compareTo(mine) < 0) {
                    delete(place.resolve(name.text()));
                }
            }
        } catch (IOException e) {
            LOG.info("older copies in {} are left: {}", place, e.toString());
        }
    }

    private void makePlace() throws Fault {
        if (place == null) {
            try {
                place = kept.makeUserFolder(user);
            } catch (IOException e) {
                throw unkept(kept.userFolder(user), e);
            }
        }
    }

    private static void write(FileChannel channel, Path file, ByteBuffer octets) throws Fault {
        try {
            while (octets.hasRemaining()) {
                channel.write(octets);
            }
        } catch (IOException e) {
            throw unkept(file, e);
        }
    }

    private static Fault unkept(Path where, Throwable why) {
        return Fault.temporary("no copy can be kept in " + where + ": " + why, why);
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.info("a copy that nobody needs is left: {}", e.toString());
        }
    }
}
