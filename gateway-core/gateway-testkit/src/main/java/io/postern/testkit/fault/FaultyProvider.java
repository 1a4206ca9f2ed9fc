package io.postern.testkit.fault;

import io.postern.testkit.fault.DiskFaults.Operation;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;

/** Does on the real file system what is asked of the view, unless it is to fail. */
final class FaultyProvider extends FileSystemProvider {
    private final FaultyFileSystem disk;
    private final FileSystemProvider real;

    FaultyProvider(FaultyFileSystem disk, FileSystemProvider real) {
        this.disk = disk;
        this.real = real;
    }

    @Override
    public String getScheme() {
        return real.getScheme();
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> env) {
        throw new UnsupportedOperationException("make a FaultyFileSystem by its constructor");
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        return disk;
    }

    @Override
    public Path getPath(URI uri) {
        return disk.view(real.getPath(uri));
    }

    @Override
    public FileChannel newFileChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        var file = FaultyPath.real(path);
        return disk.run(
                Operation.OPEN,
                file,
                () ->
                        new FaultyChannel(
                                disk, file, real.newFileChannel(file, options, attributes)));
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public AsynchronousFileChannel newAsynchronousFileChannel(
            Path path,
            Set<? extends OpenOption> options,
            ExecutorService executor,
            FileAttribute<?>... attributes) {
        throw new UnsupportedOperationException("no asynchronous channels on a faulty disk");
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(
            Path folder, DirectoryStream.Filter<? super Path> filter) throws IOException {
        var path = FaultyPath.real(folder);
        return disk.run(
                Operation.LIST,
                path,
                () -> {
                    var entries =
                            real.newDirectoryStream(path, entry -> filter.accept(disk.view(entry)));
                    return new DirectoryStream<Path>() {
                        @Override
                        public Iterator<Path> iterator() {
                            var each = entries.iterator();
                            return new Iterator<>() {
                                @Override
                                public boolean hasNext() {
                                    return each.hasNext();
                                }

                                @Override
                                public Path next() {
                                    return disk.view(each.next());
                                }
                            };
                        }

                        @Override
                        public void close() throws IOException {
                            entries.close();
                        }
                    };
                });
    }

    @Override
    public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
        var path = FaultyPath.real(folder);
        disk.run(
                Operation.MAKE_FOLDER,
                path,
                () -> {
                    real.createDirectory(path, attributes);
                    return path;
                });
    }

    @Override
    public void createSymbolicLink(Path link, Path target, FileAttribute<?>... attributes)
            throws IOException {
        var path = FaultyPath.real(link);
        disk.run(
                Operation.LINK,
                path,
                () -> {
                    real.createSymbolicLink(path, FaultyPath.real(target), attributes);
                    return path;
                });
    }

    @Override
    public void createLink(Path link, Path existing) throws IOException {
        var path = FaultyPath.real(link);
        disk.run(
                Operation.LINK,
                path,
                () -> {
                    real.createLink(path, FaultyPath.real(existing));
                    return path;
                });
    }

    @Override
    public Path readSymbolicLink(Path link) throws IOException {
        var path = FaultyPath.real(link);
        return disk.run(Operation.LOOK, path, () -> disk.view(real.readSymbolicLink(path)));
    }

    @Override
    public void delete(Path file) throws IOException {
        var path = FaultyPath.real(file);
        disk.run(
                Operation.REMOVE,
                path,
                () -> {
                    real.delete(path);
                    return path;
                });
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) throws IOException {
        var path = FaultyPath.real(target);
        disk.run(
                Operation.WRITE,
                path,
                () -> {
                    real.copy(FaultyPath.real(source), path, options);
                    return path;
                });
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        var path = FaultyPath.real(source);
        disk.run(
                Operation.MOVE,
                path,
                () -> {
                    real.move(path, FaultyPath.real(target), options);
                    return path;
                });
    }

    @Override
    public boolean isSameFile(Path one, Path other) throws IOException {
        var path = FaultyPath.real(one);
        return disk.run(Operation.LOOK, path, () -> real.isSameFile(path, FaultyPath.real(other)));
    }

    @Override
    public boolean isHidden(Path file) throws IOException {
        var path = FaultyPath.real(file);
        return disk.run(Operation.LOOK, path, () -> real.isHidden(path));
    }

    @Override
    public FileStore getFileStore(Path file) throws IOException {
        return real.getFileStore(FaultyPath.real(file));
    }

    @Override
    public void checkAccess(Path file, AccessMode... modes) throws IOException {
        var path = FaultyPath.real(file);
        disk.run(
                Operation.LOOK,
                path,
                () -> {
                    real.checkAccess(path, modes);
                    return path;
                });
    }

    @Override
    public <V extends FileAttributeView> V getFileAttributeView(
            Path file, Class<V> type, LinkOption... options) {
        return real.getFileAttributeView(FaultyPath.real(file), type, options);
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(
            Path file, Class<A> type, LinkOption... options) throws IOException {
        var path = FaultyPath.real(file);
        return disk.run(Operation.LOOK, path, () -> real.readAttributes(path, type, options));
    }

    @Override
    public Map<String, Object> readAttributes(Path file, String names, LinkOption... options)
            throws IOException {
        var path = FaultyPath.real(file);
        return disk.run(Operation.LOOK, path, () -> real.readAttributes(path, names, options));
    }

    @Override
    public void setAttribute(Path file, String name, Object value, LinkOption... options)
            throws IOException {
        var path = FaultyPath.real(file);
        disk.run(
                Operation.CHANGE_ATTRIBUTE,
                path,
                () -> {
                    real.setAttribute(path, name, value, options);
                    return path;
                });
    }
}
