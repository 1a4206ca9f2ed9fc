package io.postern.spi;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Makes files and folders that only the server's user can read, whatever its umask: what a plugin
 * keeps tells of mail and of users. Where the file system knows no permissions they are made as any
 * other. Any number of threads.
 */
public final class PrivateFiles {
    private PrivateFiles() {}

    /**
     * Makes a folder, and those above it, as far as they are missing: with permissions 0700. What
     * is there stays as it is.
     *
     * @throws java.nio.file.FileAlreadyExistsException if something else has the name of one
     */
    public static void makeFolders(Path folder) throws IOException {
        Files.createDirectories(folder, owners(folder, "rwx------"));
    }

    /**
     * Opens a file. If the options make it, it has permissions 0600.
     *
     * @param options as of {@link FileChannel#open(Path, OpenOption...)}
     */
    public static FileChannel open(Path file, OpenOption... options) throws IOException {
        return FileChannel.open(file, Set.of(options), owners(file, "rw-------"));
    }

    private static FileAttribute<?>[] owners(Path path, String permissions) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
