package io.postern.testkit.fault;

import java.nio.file.Path;

/** Says which operations of a {@link FaultyFileSystem} fail, and how. Any number of threads. */
@FunctionalInterface
public interface DiskFaults {

    /** What a program asks of a disk. */
    enum Operation {
        /** Opens a file or folder, and makes a file where asked to. */
        OPEN,
        READ,
        WRITE,
        TRUNCATE,
        /** An fsync. */
        FORCE,
        /** Starts to list a folder. */
        LIST,
        /** Asks what a path leads to: attributes, real path, whether two are the same. */
        LOOK,
        MAKE_FOLDER,
        /** Makes a link. */
        LINK,
        REMOVE,
        /** Renames. */
        MOVE,
        /** Changes times, owners or permissions. */
        CHANGE_ATTRIBUTE;

        /** Whether it changes what is on the disk; an {@link #OPEN} may. */
        public boolean changes() {
            return this != READ && this != LIST && this != LOOK && this != FORCE;
        }
    }

    /** What becomes of an operation. */
    enum Outcome {
        /** It does what it should. */
        WORKS,
        /** An error, and nothing was done. */
        FAILS,
        /** No space left, and nothing was done. */
        DISK_FULL,
        /** Half of the octets are written, then there is an error. */
        HALF_WRITTEN,
        /** It is done, and an error is told all the same. */
        FAILS_AFTERWARDS;

        /** Whether a disk can do this to such an operation. */
        public boolean fits(Operation operation) {
            return switch (this) {
                case WORKS, FAILS -> true;
                case DISK_FULL -> operation.changes() && operation != Operation.REMOVE;
                case HALF_WRITTEN -> operation == Operation.WRITE;
                case FAILS_AFTERWARDS -> operation.changes() || operation == Operation.FORCE;
            };
        }
    }

    /**
     * Asked once before every operation.
     *
     * @param path of the real file system, as the program gave it
     */
    Outcome on(Operation operation, Path path);
}
