package io.postern.testkit.fault;

import io.postern.testkit.fault.DiskFaults.Operation;
import io.postern.testkit.fault.DiskFaults.Outcome;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.Set;
import java.util.stream.StreamSupport;

/**
 * A view of a real file system that fails on demand. Code that goes through {@link Path} alone
 * takes its paths without noticing. Any number of threads.
 *
 * <pre>{@code
 * var disk = new FaultyFileSystem(folder.getFileSystem());
 * var store = new MyStore(disk.view(folder));
 * disk.faults((operation, path) -> operation == REMOVE ? FAILS : WORKS);
 * }</pre>
 */
public final class FaultyFileSystem extends FileSystem {
    private final FileSystem real;
    private final FaultyProvider provider;
    private volatile DiskFaults faults;

    public FaultyFileSystem(FileSystem real) {
        this.real = real;
        this.provider = new FaultyProvider(this, real.provider());
        mend();
    }

    /** From now on these operations fail. */
    public void faults(DiskFaults next) {
        faults = next;
    }

    /** From now on everything works. */
    public void mend() {
        faults = (_, _) -> Outcome.WORKS;
    }

    /** The view of a real path. */
    public Path view(Path path) {
        return path instanceof FaultyPath ? path : new FaultyPath(this, path);
    }

    /** Something done on the real file system. */
    interface Work<T> {
        T run() throws IOException;
    }

    /** Does some work, or fails before or after it, as the faults say. */
    <T> T run(Operation operation, Path path, Work<T> work) throws IOException {
        var outcome = faults.on(operation, path);
        if (outcome == Outcome.FAILS || outcome == Outcome.DISK_FULL) {
            throw error(outcome, operation, path);
        }
        var result = work.run();
        if (outcome == Outcome.FAILS_AFTERWARDS) {
            if (result instanceof AutoCloseable opened) {
                try {
                    opened.close();
                } catch (Exception e) {
                    throw new IOException(e);
                }
            }
            throw error(outcome, operation, path);
        }
        return result;
    }

    /** What is to become of a write, which can be done by half. */
    Outcome outcome(Operation operation, Path path) {
        return faults.on(operation, path);
    }

    static IOException error(Outcome outcome, Operation operation, Path path) {
        return new FileSystemException(
                path.toString(),
                null,
                outcome == Outcome.DISK_FULL
                        ? "No space left on device"
                        : "fault on demand: " + operation + " " + outcome);
    }

    FileSystem real() {
        return real;
    }

    @Override
    public FileSystemProvider provider() {
        return provider;
    }

    /** Does nothing: the real file system is not this one's. */
    @Override
    public void close() {}

    @Override
    public boolean isOpen() {
        return real.isOpen();
    }

    @Override
    public boolean isReadOnly() {
        return real.isReadOnly();
    }

    @Override
    public String getSeparator() {
        return real.getSeparator();
    }

    @Override
    public Iterable<Path> getRootDirectories() {
        return StreamSupport.stream(real.getRootDirectories().spliterator(), false)
                .map(this::view)
                .toList();
    }

    @Override
    public Iterable<FileStore> getFileStores() {
        return real.getFileStores();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
        return real.supportedFileAttributeViews();
    }

    @Override
    public Path getPath(String first, String... more) {
        return view(real.getPath(first, more));
    }

    @Override
    public PathMatcher getPathMatcher(String syntaxAndPattern) {
        var matcher = real.getPathMatcher(syntaxAndPattern);
        return path -> matcher.matches(FaultyPath.real(path));
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
        return real.getUserPrincipalLookupService();
    }

    @Override
    public WatchService newWatchService() throws IOException {
        return real.newWatchService();
    }
}
