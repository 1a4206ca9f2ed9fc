package io.postern.testkit.fault;

import io.postern.testkit.fault.DiskFaults.Operation;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** An open file of a {@link FaultyFileSystem}. Closing never fails. */
final class FaultyChannel extends FileChannel {
    private final FaultyFileSystem disk;
    private final Path path;
    private final FileChannel real;

    FaultyChannel(FaultyFileSystem disk, Path path, FileChannel real) {
        this.disk = disk;
        this.path = path;
        this.real = real;
    }

    /** A write of one buffer, at a place or where the channel stands. */
    private interface Write {
        int run(ByteBuffer from) throws IOException;
    }

    private int write(ByteBuffer from, Write write) throws IOException {
        var outcome = disk.outcome(Operation.WRITE, path);
        switch (outcome) {
            case WORKS -> {
                return write.run(from);
            }
            case HALF_WRITTEN -> {
                var half = from.slice(from.position(), from.remaining() / 2);
                while (half.hasRemaining()) {
                    write.run(half);
                }
            }
            case FAILS_AFTERWARDS -> {
                var all = from.slice();
                while (all.hasRemaining()) {
                    write.run(all);
                }
            }
            case FAILS, DISK_FULL -> {
                // Nothing is done.
            }
        }
        throw FaultyFileSystem.error(outcome, Operation.WRITE, path);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        return disk.run(Operation.READ, path, () -> real.read(into));
    }

    @Override
    public long read(ByteBuffer[] into, int from, int length) throws IOException {
        return disk.run(Operation.READ, path, () -> real.read(into, from, length));
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
        return disk.run(Operation.READ, path, () -> real.read(into, position));
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return write(from, real::write);
    }

    @Override
    public long write(ByteBuffer[] from, int offset, int length) throws IOException {
        for (var at = offset; at < offset + length; at++) {
            if (from[at].hasRemaining()) {
                return write(from[at]);
            }
        }
        return 0;
    }

    @Override
    public int write(ByteBuffer from, long position) throws IOException {
        return write(
                from,
                new Write() {
                    private long at = position;

                    @Override
                    public int run(ByteBuffer octets) throws IOException {
                        var written = real.write(octets, at);
                        at += written;
                        return written;
                    }
                });
    }

    @Override
    public long position() throws IOException {
        return real.position();
    }

    @Override
    public FileChannel position(long position) throws IOException {
        real.position(position);
        return this;
    }

    @Override
    public long size() throws IOException {
        return disk.run(Operation.LOOK, path, real::size);
    }

    @Override
    public FileChannel truncate(long size) throws IOException {
        disk.run(
                Operation.TRUNCATE,
                path,
                () -> {
                    real.truncate(size);
                    return size;
                });
        return this;
    }

    @Override
    public void force(boolean metadata) throws IOException {
        disk.run(
                Operation.FORCE,
                path,
                () -> {
                    real.force(metadata);
                    return metadata;
                });
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target)
            throws IOException {
        return disk.run(Operation.READ, path, () -> real.transferTo(position, count, target));
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long position, long count)
            throws IOException {
        return disk.run(Operation.WRITE, path, () -> real.transferFrom(source, position, count));
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long position, long size) {
        throw new UnsupportedOperationException("a mapped file cannot fail on demand");
    }

    @Override
    public FileLock lock(long position, long size, boolean shared) throws IOException {
        return real.lock(position, size, shared);
    }

    @Override
    public FileLock tryLock(long position, long size, boolean shared) throws IOException {
        return real.tryLock(position, size, shared);
    }

    @Override
    protected void implCloseChannel() throws IOException {
        real.close();
    }
}
