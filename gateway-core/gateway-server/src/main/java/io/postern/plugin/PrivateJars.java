package io.postern.plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/**
 * The running server's own copies of the plugins' jars, so that somebody may replace the jars in
 * {@code plugins/} while it runs. They are removed at the stop; those of a server that was killed,
 * by the next one that starts. One thread.
 */
final class PrivateJars implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PrivateJars.class);
    private static final String LOCK = "lock";

    /** Of a folder that has no lock yet. */
    private static final String FRESH = ".new-";

    private final Path folder;
    private final FileChannel lock;
    private int copies;

    private PrivateJars(Path folder, FileChannel lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /**
     * Makes a folder that no other server uses, below one that all share.
     *
     * @param all made where it is missing
     */
    static PrivateJars open(Path all) throws IOException {
        var owner =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(all.getParent());
        Files.createDirectories(all, owner);
        sweep(all);
        // It gets its name when it has its lock, so that no other server takes it for an old one.
        var name = UUID.randomUUID().toString();
        var fresh = Files.createDirectory(all.resolve(FRESH + name), owner);
        var channel =
                FileChannel.open(
                        fresh.resolve(LOCK),
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE);
        if (channel.tryLock() == null) {
            throw new IOException("somebody has locked " + fresh);
        }
        return new PrivateJars(
                Files.move(fresh, all.resolve(name), StandardCopyOption.ATOMIC_MOVE), channel);
    }

    /** Copies jars into a folder of their own. */
    List<Path> copy(List<Path> jars) throws IOException {
        var into = Files.createDirectory(folder.resolve(Integer.toString(++copies)));
        var mine = new ArrayList<Path>();
        for (var jar : jars) {
            mine.add(Files.copy(jar, into.resolve(jar.getFileName())));
        }
        return mine;
    }

    /** Removes what {@link #copy} has made. */
    static void remove(List<Path> copies) {
        if (!copies.isEmpty()) {
            delete(copies.getFirst().getParent());
        }
    }

    @Override
    public void close() {
        delete(folder);
        try {
            lock.close();
        } catch (IOException e) {
            log.warn("{} stays behind", folder, e);
        }
    }

    /** Removes what servers have left behind that do not run any more. */
    private static void sweep(Path all) throws IOException {
        try (var folders = Files.newDirectoryStream(all)) {
            for (var one : folders) {
                if (one.getFileName().toString().startsWith(FRESH)) {
                    continue;
                }
                try (var channel = FileChannel.open(one.resolve(LOCK), StandardOpenOption.WRITE)) {
                    if (channel.tryLock() != null) {
                        delete(one);
                    }
                } catch (OverlappingFileLockException e) {
                    log.trace("{} is in use by this process", one, e);
                } catch (IOException e) {
                    log.debug("{} is left alone", one, e);
                }
            }
        }
    }

    private static void delete(Path tree) {
        try (var files = Files.walk(tree)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            log.warn("{} stays behind", tree, e);
        }
    }
}
