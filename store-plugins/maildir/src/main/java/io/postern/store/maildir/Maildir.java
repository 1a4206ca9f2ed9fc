package io.postern.store.maildir;

import io.postern.spi.Fault;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The two folders of one Maildir in which messages are. {@code tmp} and sub-folders are not its
 * business. Any number of threads.
 *
 * <p>Other programs deliver, rename and remove at any time, and a folder's listing may miss a file
 * that is renamed while it is read. So what a scan says is checked against the folders' times of
 * change, and against a second scan where those say nothing.
 *
 * @param folder the Maildir
 * @param fresh its folder {@code new}, or what that leads to by a link
 * @param current its folder {@code cur}, likewise
 * @param delimiters what may stand before the flags in a name
 */
record Maildir(Path folder, Path fresh, Path current, InfoDelimiters delimiters) {
    /** Changes closer together than this may share one time stamp, nanoseconds. */
    private static final long CLOCK_STEP = TimeUnit.SECONDS.toNanos(2);

    /** A file missed by every one of so many scans was renamed in every one of them. */
    private static final int MOST_SCANS = 8;

    /**
     * When the folders were last changed, nanoseconds since 1970.
     *
     * @param inNew the time of {@code new}
     * @param inCur the time of {@code cur}
     */
    record Stamp(long inNew, long inCur) {
        private boolean olderThan(long time) {
            return Math.max(inNew, inCur) < time;
        }
    }

    /**
     * What was found.
     *
     * @param stamp of the folders as they were then
     * @param settled whether folders with the same stamp surely hold the same files
     */
    record Found(Names names, Stamp stamp, boolean settled) {}

    Path file(boolean inNew, String name) {
        return FileName.in(inNew ? fresh() : current(), name);
    }

    Stamp stamp() throws IOException {
        return new Stamp(changed(fresh()), changed(current()));
    }

    /** Lists all messages. */
    Found scan() throws IOException {
        Names all = null;
        for (var scans = 1; ; scans++) {
            var now = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
            var before = stamp();
            var builder = new Names.Builder(delimiters);
            list(fresh(), name -> builder.add(true, name, false));
            list(current(), name -> builder.add(false, name, false));
            var names = builder.sorted();
            var after = stamp();
            if (before.equals(after) && after.olderThan(now - CLOCK_STEP)) {
                return new Found(names, after, true);
            }
            var known = all == null ? 0 : all.count();
            all = all == null ? names : names.with(all);
            var nothingNew = scans > 1 && all.count() == known;
            if (nothingNew || scans == MOST_SCANS) {
                return new Found(all, after, false);
            }
        }
    }

    /**
     * Looks messages up by the part of the name before the colon, exactly.
     *
     * @return the files of each that is there, mostly one; nothing for one that is gone
     */
    Map<String, List<Path>> find(Set<String> uniques) throws IOException {
        var found = new HashMap<String, List<Path>>();
        for (var scans = 1; scans <= MOST_SCANS; scans++) {
            found.clear();
            var now = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
            var before = stamp();
            for (var inNew : List.of(true, false)) {
                list(
                        inNew ? fresh() : current(),
                        name -> {
                            var unique = delimiters.unique(name);
                            if (uniques.contains(unique)) {
                                found.computeIfAbsent(unique, _ -> new ArrayList<>())
                                        .add(file(inNew, name));
                            }
                        });
            }
            var quiet = before.equals(stamp()) && before.olderThan(now - CLOCK_STEP);
            // Where the folders change meanwhile, what is missing is looked for once more.
            if (found.size() == uniques.size() || quiet || (scans > 1 && before.equals(stamp()))) {
                break;
            }
        }
        return found;
    }

    /** Something done to one file. */
    interface Use<T> {
        T on(Path file) throws IOException, Fault, InterruptedException;
    }

    /** The last one of a scan is the one in {@code cur}, which is the later state. */
    static final Choice LATEST = files -> Optional.of(files.getLast());

    /** Which of the files that have one unique part is the message that is meant. */
    interface Choice {
        /**
         * @return empty if none of them is
         */
        Optional<Path> of(List<Path> files) throws IOException, InterruptedException;
    }

    /**
     * Does something to a message's file, wherever it is by now: under the name that was listed, or
     * renamed since.
     *
     * @throws NoSuchFileException if the message is gone
     */
    <T> T reach(Names names, int index, Choice choice, Use<T> use)
            throws IOException, Fault, InterruptedException {
        var file = file(names.inNew(index), names.name(index));
        var unique = names.unique(index);
        for (var tries = 1; ; tries++) {
            try {
                return use.on(file);
            } catch (NoSuchFileException e) {
                var files = find(Set.of(unique)).get(unique);
                var chosen = files == null ? Optional.<Path>empty() : choice.of(files);
                if (chosen.isEmpty()) {
                    throw e;
                }
                if (tries == MOST_SCANS) {
                    throw new IOException(file + " is renamed whenever it is looked for", e);
                }
                file = chosen.get();
            }
        }
    }

    /** Makes removals and renames durable. */
    void force() throws IOException {
        force(fresh());
        force(current());
    }

    /** Makes the entries of one folder durable. */
    static void force(Path folder) throws IOException {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Takes one name, as {@link FileName} spells it. */
    private interface Taker {
        void take(String name);
    }

    private static void list(Path folder, Taker taker) throws IOException {
        try (var entries = Files.newDirectoryStream(folder)) {
            for (var entry : entries) {
                var name = FileName.of(entry);
                // A leading dot is no message; the spelling of an odd name has a slash before it.
                if (name.charAt(0) != '.' && !name.startsWith("/.")) {
                    taker.take(name);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static long changed(Path folder) throws IOException {
        return Files.getLastModifiedTime(folder, LinkOption.NOFOLLOW_LINKS)
                .to(TimeUnit.NANOSECONDS);
    }
}
