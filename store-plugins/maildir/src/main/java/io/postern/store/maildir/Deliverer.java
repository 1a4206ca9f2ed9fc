package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.spi.PrivateFiles;
import io.postern.spi.wire.MessageEncoder;
import io.postern.store.files.IoFaults;
import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Puts messages into Maildirs as a delivery agent does: written to {@code tmp}, made durable there,
 * then renamed to {@code new}. Any number of threads.
 *
 * <p>A name that somebody else chooses is new by its nature; a unique-id that was given is not. So
 * of all Posterns that deliver to a Maildir one at a time looks at the unique-ids that are there
 * and renames. What others deliver, rename or remove meanwhile cannot collide with it.
 */
final class Deliverer {
    private static final Logger LOG = LoggerFactory.getLogger(Deliverer.class);

    private static final int CHUNK = 64 * 1024;

    /** How long another delivery may hold the lock; it holds it for one rename. */
    private static final Duration WAIT = Duration.ofSeconds(30);

    private static final long PAUSE_MILLIS = 20;

    /** A file in tmp that nobody finished may be removed after this time (Maildir's own rule). */
    private static final Duration UNFINISHED = Duration.ofHours(36);

    private static final String OURS = "postern.";

    /** Longest part of a name that says which host made it. */
    private static final int MAX_HOST = 20;

    /** An fcntl lock is the whole JVM's, so in here another one is needed. */
    private static final ReentrantLock ALONE = new ReentrantLock();

    private static final AtomicLong DELIVERIES = new AtomicLong();
    private static final String HOST = host();

    /**
     * The unique-ids in one Maildir.
     *
     * @param stamp the folders' time of change when they were all
     * @param deliveries the count in the lock file then
     */
    private record Present(Path folder, Maildir.Stamp stamp, long deliveries, Set<String> ids) {}

    private final Folders folders;
    private final MessageFiles files;
    private final Optional<IdList> idList;

    /** Of the Maildir that was delivered to last. Guarded by {@link #ALONE}. */
    private Present present;

    /**
     * @param idList another server's unique-ids, where the messages have those
     */
    Deliverer(Folders folders, MessageFiles files, Optional<IdList> idList) {
        this.folders = folders;
        this.files = files;
        this.idList = idList;
    }

    /**
     * Delivers one message.
     *
     * @param given the unique-id that it is to have
     * @return the one that it has
     */
    String deliver(Path folder, MaildropState state, InputStream content, Optional<String> given)
            throws Fault, IOException, InterruptedException {
        try {
            if (!folders.make(folder) && (present == null || !present.folder.equals(folder))) {
                removeUnfinished(folder.resolve("tmp"));
            }
        } catch (IOException e) {
            throw IoFaults.fault("cannot make the Maildir", folder, e);
        }
        var maildir = folders.at(folder);
        var temporary =
                maildir.folder()
                        .resolve("tmp")
                        .resolve(
                                OURS
                                        + ProcessHandle.current().pid()
                                        + "."
                                        + System.nanoTime()
                                        + "."
                                        + DELIVERIES.incrementAndGet()
                                        + "."
                                        + HOST);
        var there = true;
        try {
            var sizes = write(temporary, content);
            var id = rename(temporary, maildir, state, sizes, given);
            there = false;
            return id;
        } finally {
            if (there) {
                delete(temporary);
            }
        }
    }

    /**
     * What is in a file.
     *
     * @param stored octets
     * @param wire octets on the wire
     */
    private record Sizes(long stored, long wire) {}

    private static Sizes write(Path file, InputStream content)
            throws Fault, IOException, InterruptedException {
        var encoder = new MessageEncoder(MessageEncoder.WHOLE);
        var encoded = ByteBuffer.allocate(2 * CHUNK);
        var chunk = new byte[CHUNK];
        var stored = 0L;
        FileChannel channel;
        try {
            channel =
                    FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw IoFaults.fault("cannot write", file, e);
        }
        try (channel) {
            // What the reading throws is the caller's; what the writing throws is ours.
            for (int count; (count = content.read(chunk)) >= 0; stored += count) {
                encoder.encode(ByteBuffer.wrap(chunk, 0, count), encoded.clear());
                var octets = ByteBuffer.wrap(chunk, 0, count);
                try {
                    while (octets.hasRemaining()) {
                        channel.write(octets);
                    }
                } catch (IOException e) {
                    throw IoFaults.fault("cannot write", file, e);
                }
            }
            try {
                channel.force(true);
            } catch (IOException e) {
                throw IoFaults.fault("cannot write", file, e);
            }
        }
        encoder.finish(encoded.clear());
        return new Sizes(stored, encoder.octets());
    }

    private String rename(
            Path temporary,
            Maildir maildir,
            MaildropState state,
            Sizes sizes,
            Optional<String> given)
            throws Fault, InterruptedException {
        ALONE.lockInterruptibly();
        try {
            var lock = state.file("deliveries");
            PrivateFiles.makeFolders(lock.getParent());
            try (var channel =
                    PrivateFiles.open(
                            lock,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE)) {
                take(channel, lock);
                return rename(temporary, maildir, channel, sizes, given);
            }
        } catch (IOException e) {
            throw IoFaults.fault("cannot deliver to", maildir.folder(), e);
        } finally {
            ALONE.unlock();
        }
    }

    /** With the locks held, which the closing of the channel lets go of. */
    private String rename(
            Path temporary,
            Maildir maildir,
            FileChannel counter,
            Sizes sizes,
            Optional<String> given)
            throws IOException, Fault, InterruptedException {
        var deliveries = count(counter);
        if (given.isPresent()) {
            look(maildir, deliveries);
            if (present.ids.contains(given.get())) {
                throw Fault.permanent(
                        maildir.folder() + " has a message " + given.get() + " already", null);
            }
        }
        var name = name(sizes, given);
        var file = maildir.fresh().resolve(name);
        if (Files.exists(file)) {
            throw Fault.permanent(file + " is there already", null);
        }
        note(counter, deliveries + 1);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        var id = UniqueId.ofName(name);
        if (present != null && present.folder.equals(maildir.folder())) {
            present.ids.add(id);
            present = new Present(maildir.folder(), maildir.stamp(), deliveries + 1, present.ids);
        }
        Maildir.force(maildir.fresh());
        return id;
    }

    /** Makes {@link #present} true. */
    private void look(Maildir maildir, long deliveries)
            throws IOException, Fault, InterruptedException {
        if (present != null
                && present.folder.equals(maildir.folder())
                && present.deliveries == deliveries
                && present.stamp.equals(maildir.stamp())) {
            return;
        }
        present = null;
        var found = maildir.scan();
        var ids = new KnownIds(maildir, idList, files, Set.of()).all(found.names());
        present = new Present(maildir.folder(), found.stamp(), deliveries, ids);
    }

    /**
     * The file name: the unique-id itself where it is one of a Maildir, so that its order stays, or
     * else a new one with the unique-id at its end.
     */
    private static String name(Sizes sizes, Optional<String> given) {
        if (given.isPresent() && UniqueId.isName(given.get(), sizes.stored, sizes.wire)) {
            return given.get();
        }
        var now = Instant.now();
        return now.getEpochSecond()
                + String.format(".M%06dP", now.getNano() / 1000)
                + ProcessHandle.current().pid()
                + String.format("Q%04d.", DELIVERIES.incrementAndGet())
                + HOST
                + ",S="
                + sizes.stored
                + ",W="
                + sizes.wire
                + given.map(UniqueId::field).orElse("");
    }

    private static void take(FileChannel channel, Path lock)
            throws IOException, Fault, InterruptedException {
        var end = System.nanoTime() + WAIT.toNanos();
        while (channel.tryLock() == null) {
            if (System.nanoTime() - end > 0) {
                throw Fault.temporary("another delivery holds " + lock + " for " + WAIT, null);
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
    }

    private static long count(FileChannel counter) throws IOException {
        var octets = ByteBuffer.allocate(Long.BYTES);
        while (octets.hasRemaining()) {
            if (counter.read(octets, octets.position()) < 0) {
                return 0;
            }
        }
        return octets.flip().getLong();
    }

    private static void note(FileChannel counter, long deliveries) throws IOException {
        var octets = ByteBuffer.allocate(Long.BYTES).putLong(deliveries).flip();
        while (octets.hasRemaining()) {
            counter.write(octets, octets.position());
        }
    }

    /** Removes what a crash of an earlier Postern left; what others left is theirs. */
    private static void removeUnfinished(Path folder) throws IOException {
        var oldest = Instant.now().minus(UNFINISHED);
        try (var files = Files.newDirectoryStream(folder, OURS + "*")) {
            for (var file : files) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(oldest)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException e) {
            LOG.debug("somebody else removed it", e);
        }
    }

    private static void delete(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            LOG.warn("{} is left behind: {}", temporary, e.toString());
        }
    }

    private static String host() {
        String name;
        try {
            name = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            LOG.debug("this host does not know its name", e);
            name = "localhost";
        }
        var safe = name.replaceAll("[^A-Za-z0-9.-]", "-");
        return safe.substring(0, Math.min(safe.length(), MAX_HOST));
    }
}
