package io.postern.testkit.fault;

import io.postern.testkit.fault.DiskFaults.Operation;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;

/** A path of a {@link FaultyFileSystem}. Where it meets a real path, it takes that in. */
final class FaultyPath implements Path {
    private final FaultyFileSystem disk;
    private final Path real;

    FaultyPath(FaultyFileSystem disk, Path real) {
        this.disk = disk;
        this.real = real;
    }

    static Path real(Path path) {
        return path instanceof FaultyPath faulty ? faulty.real : path;
    }

    private Path view(Path path) {
        return path == null ? null : new FaultyPath(disk, path);
    }

    @Override
    public FileSystem getFileSystem() {
        return disk;
    }

    @Override
    public boolean isAbsolute() {
        return real.isAbsolute();
    }

    @Override
    public Path getRoot() {
        return view(real.getRoot());
    }

    @Override
    public Path getFileName() {
        return view(real.getFileName());
    }

    @Override
    public Path getParent() {
        return view(real.getParent());
    }

    @Override
    public int getNameCount() {
        return real.getNameCount();
    }

    @Override
    public Path getName(int index) {
        return view(real.getName(index));
    }

    @Override
    public Path subpath(int beginIndex, int endIndex) {
        return view(real.subpath(beginIndex, endIndex));
    }

    @Override
    public boolean startsWith(Path other) {
        return real.startsWith(real(other));
    }

    @Override
    public boolean endsWith(Path other) {
        return real.endsWith(real(other));
    }

    @Override
    public Path normalize() {
        return view(real.normalize());
    }

    @Override
    public Path resolve(Path other) {
        return view(real.resolve(real(other)));
    }

    @Override
    public Path relativize(Path other) {
        return view(real.relativize(real(other)));
    }

    @Override
    public URI toUri() {
        return real.toUri();
    }

    @Override
    public Path toAbsolutePath() {
        return view(real.toAbsolutePath());
    }

    @Override
    public Path toRealPath(LinkOption... options) throws IOException {
        return disk.run(Operation.LOOK, real, () -> view(real.toRealPath(options)));
    }

    @Override
    public WatchKey register(
            WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers)
            throws IOException {
        return real.register(watcher, events, modifiers);
    }

    @Override
    public int compareTo(Path other) {
        return real.compareTo(real(other));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FaultyPath path && path.disk == disk && path.real.equals(real);
    }

    @Override
    public int hashCode() {
        return real.hashCode();
    }

    @Override
    public String toString() {
        return real.toString();
    }
}
