package io.postern.kept;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/**
 * One realm's removed mail, kept for a while. Any number of threads, and of servers that share the
 * folder.
 *
 * <p>Each user has a folder, and each message a file in it, which {@link Head} describes. Folders
 * are their owner's alone (0700), files too (0600). No symbolic link below the realm's folder is
 * followed.
 */
public final class KeptDeletions {
    private static final Logger LOG = LoggerFactory.getLogger(KeptDeletions.class);

    /** User names that are good names of folders, on every file system. */
    private static final Pattern PLAIN = Pattern.compile("[a-z0-9_][a-z0-9_@+.-]{0,99}");

    /** No copy takes as long to write: the commit's time limit ends before. */
    private static final Duration LEFT_BEHIND = Duration.ofDays(1);

    /** Files that {@link #tidy} looks at before it rests. */
    private static final int BREATH = 500;

    /** How long it rests, milliseconds. */
    private static final int REST = 100;

    private final Path folder;
    private final Duration lifetime;
    private final InstantSource clock;

    /**
     * @param folder of the realm, and of no other; its parent may be that of several realms
     * @param lifetime how long a copy is kept
     */
    public KeptDeletions(Path folder, Duration lifetime, InstantSource clock) {
        this.folder = folder;
        this.lifetime = lifetime;
        this.clock = clock;
    }

    public Path folder() {
        return folder;
    }

    /**
     * Makes the folder.
     *
     * @throws IOException if it cannot be made, or nothing can be written there
     */
    public void prepare() throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder, ownersAlone("rwx------"));
            force(folder.toAbsolutePath().getParent());
        }
        if (!Files.isWritable(folder)) {
            throw new IOException("cannot write to " + folder);
        }
    }

    /**
     * Begins to keep what one QUIT is to remove.
     *
     * @param session for people who read the file
     * @param late asked while copies are written; once it says true, no more are
     */
    public Copies begin(String user, String session, BooleanSupplier late) {
        return new Copies(this, user, session, clock.instant(), late);
    }

    /**
     * What is kept of a user's mail, the oldest removal first. Of equal copies of one message there
     * is one. Files that are damaged are logged and left out.
     */
    public List<KeptMessage> of(String user) throws IOException {
        var newest = new LinkedHashMap<String, KeptMessage>();
        for (var name : names(userFolder(user))) {
            var file = userFolder(user).resolve(name.text());
            try {
                var head = Head.of(file);
                var files = new ArrayList<Path>();
                var before = newest.remove(name.digest());
                if (before != null) {
                    files.addAll(before.files());
                }
                files.addFirst(file);
                newest.put(name.digest(), new KeptMessage(head, files));
            } catch (IOException e) {
                LOG.warn("left out: {} is no kept message: {}", file, e.getMessage());
            }
        }
        return List.copyOf(newest.values());
    }

    /**
     * Removes the copies that are old enough, and what a crash left half written. Goes slowly.
     *
     * @throws IOException if the realm's folder cannot be read; other failures are logged
     */
    public void tidy() throws IOException, InterruptedException {
        var seen = 0;
        var removed = 0;
        try (var users = Files.newDirectoryStream(folder)) {
            for (var user : users) {
                try {
                    requireFolder(user);
                    try (var files = Files.newDirectoryStream(user)) {
                        for (var file : files) {
                            removed += old(file) && remove(file) ? 1 : 0;
                            if (++seen % BREATH == 0) {
                                Thread.sleep(REST);
                            }
                        }
                    }
                } catch (NotDirectoryException | NoSuchFileException e) {
                    LOG.debug("not a user's: {}", user, e);
                } catch (IOException | DirectoryIteratorException e) {
                    LOG.warn("kept deletions in {} are not looked through: {}", user, e.toString());
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        if (removed > 0) {
            LOG.info("{} kept deletions in {} were older than {}", removed, folder, lifetime);
        }
    }

    private boolean old(Path file) {
        try {
            var there =
                    Files.readAttributes(
                            file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!there.isRegularFile()) {
                return false;
            }
            var now = clock.instant();
            var text = file.getFileName().toString();
            return text.endsWith(Copies.UNFINISHED)
                    ? there.lastModifiedTime().toInstant().isBefore(now.minus(LEFT_BEHIND))
                    : KeptName.parse(text)
                            .filter(name -> name.removed().isBefore(now.minus(lifetime)))
                            .isPresent();
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            LOG.warn("cannot look at {}: {}", file, e.toString());
            return false;
        }
    }

    private static boolean remove(Path file) {
        try {
            return Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("cannot remove {}: {}", file, e.toString());
            return false;
        }
    }

    /** Where a user's copies are, whether it is there or not. */
    Path userFolder(String user) {
        // Behind a tilde, which no plain name begins with.
        return folder.resolve(PLAIN.matcher(user).matches() ? user : "~" + hash(user));
    }

    /** Of the characters as they are: an encoding could make one of two names. */
    private static String hash(String text) {
        var octets = ByteBuffer.allocate(2 * text.length());
        octets.asCharBuffer().put(text);
        return HexFormat.of().formatHex(sha256().digest(octets.array()));
    }

    /** Makes a user's folder if it is not there, for good. */
    Path makeUserFolder(String user) throws IOException {
        var place = userFolder(user);
        try {
            Files.createDirectory(place, ownersAlone("rwx------"));
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
                throw e;
            }
        }
        // Also where another one has just made it, and has not come to this yet.
        force(folder);
        return place;
    }

    /** The finished copies in a user's folder, the oldest first. */
    static List<KeptName> names(Path place) throws IOException {
        var names = new ArrayList<KeptName>();
        try {
            requireFolder(place);
            try (var files = Files.newDirectoryStream(place)) {
                for (var file : files) {
                    KeptName.parse(file.getFileName().toString()).ifPresent(names::add);
                }
            }
        } catch (NoSuchFileException e) {
            LOG.trace("nothing was ever kept there", e);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        names.sort(Comparator.naturalOrder());
        return names;
    }

    /** A user's folder must be one, and no link that leads elsewhere. */
    private static void requireFolder(Path place) throws IOException {
        var there =
                Files.readAttributes(place, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!there.isDirectory()) {
            throw new NotDirectoryException(place.toString());
        }
    }

    /** Makes the entries of a folder durable. */
    static void force(Path place) throws IOException {
        try (var channel = FileChannel.open(place, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** For what is made here; nothing where the file system knows no permissions. */
    FileAttribute<?>[] ownersAlone(String permissions) {
        return folder.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
