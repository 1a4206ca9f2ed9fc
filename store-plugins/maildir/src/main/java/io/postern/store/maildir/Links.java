package io.postern.store.maildir;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Which symbolic links are followed inside of a Maildir: {@code new}, {@code cur} and messages. Any
 * number of threads.
 *
 * <p>A link could show any file to whoever can make one. So it may lead to what is below the folder
 * of all Maildirs only, and there to what belongs to the owner of the link only, unless root made
 * it: of users with a shell nobody reads another one's mail by a link. The operator can allow all
 * links.
 *
 * <p>What a link leads to is opened by its canonical path. That does not help against somebody who
 * may rename folders in that path at the same moment.
 */
final class Links {
    private static final int ROOT = 0;

    private final Path root;
    private final boolean outside;

    /**
     * @param root the folder of all Maildirs
     * @param outside whether all links are followed
     */
    Links(Path root, boolean outside) {
        this.root = root;
        this.outside = outside;
    }

    /**
     * Where a symbolic link leads.
     *
     * @return the canonical path
     * @throws NotAFile if it is not followed, with a sentence for the operator
     * @throws NoSuchFileException if the link itself has gone
     */
    Path follow(Path link) throws IOException {
        Path real;
        try {
            real = link.toRealPath();
        } catch (AccessDeniedException e) {
            throw e;
        } catch (FileSystemException e) {
            if (!Files.isSymbolicLink(link)) {
                throw e;
            }
            throw new NotAFile(link + " is a symbolic link that leads nowhere", false);
        }
        if (outside) {
            return real;
        }
        var all = root.toRealPath();
        if (!real.startsWith(all)) {
            throw refused(link, real, "outside of " + all);
        }
        if (!sameOwner(link, real)) {
            throw refused(link, real, "which belongs to somebody else");
        }
        return real;
    }

    private static NotAFile refused(Path link, Path real, String why) {
        return new NotAFile(
                link
                        + " is a symbolic link to "
                        + real
                        + ", "
                        + why
                        + ". Set links-outside to true if that is meant",
                false);
    }

    private static boolean sameOwner(Path link, Path real) throws IOException {
        if (!link.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return true; // nobody owns anything there
        }
        var maker = Files.getAttribute(link, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        return maker.equals(ROOT)
                || maker.equals(Files.getAttribute(real, "unix:uid", LinkOption.NOFOLLOW_LINKS));
    }
}
