package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.store.files.IoFaults;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/**
 * Finds the folders of Maildirs, and makes those that are missing. Any number of threads.
 *
 * @param refuseMissing whether what is missing is a fault instead
 */
record Folders(InfoDelimiters delimiters, Links links, boolean refuseMissing) {
    private static final Logger LOG = LoggerFactory.getLogger(Folders.class);

    private static final FileAttribute<?>[] NONE = {};

    private static final String FRESH = "new";
    private static final String CURRENT = "cur";
    private static final String TEMPORARY = "tmp";

    /**
     * A Maildir that is there. Some programs remove empty folders, so one of {@code new} and {@code
     * cur} is made where only the other one is there.
     *
     * @return empty if there is none, which is no fault
     * @throws Fault if what is there is no Maildir, or leads by a link to where it must not
     */
    Optional<Maildir> find(Path folder) throws Fault, InterruptedException {
        if (part(folder).isEmpty()) {
            if (refuseMissing) {
                throw Fault.permanent("there is no Maildir " + folder, null);
            }
            return Optional.empty();
        }
        var fresh = part(folder.resolve(FRESH));
        var current = part(folder.resolve(CURRENT));
        if (fresh.isPresent() && current.isPresent()) {
            return Optional.of(new Maildir(folder, fresh.get(), current.get(), delimiters));
        }
        if (refuseMissing) {
            throw noMaildir(folder, fresh.isEmpty() ? "new" : "cur");
        }
        if (fresh.isEmpty() && current.isEmpty() && part(folder.resolve(TEMPORARY)).isEmpty()) {
            if (empty(folder)) {
                return Optional.empty();
            }
            throw noMaildir(folder, "new, cur or tmp");
        }
        try {
            for (var name : List.of(FRESH, CURRENT)) {
                if (part(folder.resolve(name)).isEmpty()) {
                    makeLike(folder, folder.resolve(name));
                    LOG.info("{} had no folder {}: it is made", folder, name);
                }
            }
            Maildir.force(folder);
        } catch (IOException e) {
            throw IoFaults.fault("cannot make what is missing in the Maildir", folder, e);
        }
        return Optional.of(at(folder));
    }

    /**
     * The Maildir of that path, which need not be there.
     *
     * @throws Fault if it leads by a link to where it must not
     */
    Maildir at(Path folder) throws Fault, InterruptedException {
        var fresh = folder.resolve(FRESH);
        var current = folder.resolve(CURRENT);
        return new Maildir(
                folder, part(fresh).orElse(fresh), part(current).orElse(current), delimiters);
    }

    /**
     * Makes what is missing of a Maildir that mail is delivered to.
     *
     * @return whether anything was
     */
    boolean make(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder.getParent());
            makeFolder(folder);
        }
        var made = false;
        for (var part : List.of(TEMPORARY, FRESH, CURRENT)) {
            if (!Files.isDirectory(folder.resolve(part))) {
                makeLike(folder, folder.resolve(part));
                made = true;
            }
        }
        if (made) {
            Maildir.force(folder);
            Maildir.force(folder.getParent());
        }
        return made;
    }

    private static Fault noMaildir(Path folder, String missing) {
        return Fault.permanent(folder + " is no Maildir: it has no folder " + missing, null);
    }

    /** A folder, or the one that a link leads to; an error is not taken for a no. */
    private Optional<Path> part(Path path) throws Fault, InterruptedException {
        try {
            var attributes = attributes(path);
            var real = path;
            if (attributes.isSymbolicLink()) {
                real = links.follow(path);
                attributes = attributes(real);
            }
            if (!attributes.isDirectory()) {
                throw Fault.permanent(real + " is not a folder", null);
            }
            return Optional.of(real);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (NotAFile e) {
            throw Fault.permanent(e.getMessage(), e);
        } catch (IOException e) {
            throw IoFaults.fault("cannot look at", path, e);
        }
    }

    private static BasicFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static boolean empty(Path folder) throws Fault, InterruptedException {
        try (var entries = Files.newDirectoryStream(folder)) {
            return !entries.iterator().hasNext();
        } catch (IOException e) {
            throw IoFaults.fault("cannot list", folder, e);
        }
    }

    /** Makes a folder that whoever may use the Maildir may use as well. */
    private static void makeLike(Path maildir, Path folder) throws IOException {
        makeFolder(folder);
        var view =
                Files.getFileAttributeView(
                        folder, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        if (view == null) {
            return;
        }
        var wanted = Files.readAttributes(maildir, PosixFileAttributes.class);
        var made = view.readAttributes();
        if (!made.permissions().equals(wanted.permissions())) {
            view.setPermissions(wanted.permissions());
        }
        try {
            if (!made.group().equals(wanted.group())) {
                view.setGroup(wanted.group());
            }
            if (!made.owner().equals(wanted.owner())) {
                view.setOwner(wanted.owner());
            }
        } catch (IOException e) {
            LOG.warn("{} belongs to this server's user, not to the one of {}", folder, maildir, e);
        }
    }

    private static void makeFolder(Path folder) throws IOException {
        var posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
        var owner =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        try {
            Files.createDirectory(folder, posix ? new FileAttribute<?>[] {owner} : NONE);
        } catch (FileAlreadyExistsException e) {
            LOG.debug("{} was made meanwhile", folder, e);
        }
    }
}
