package io.postern.testkit.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a machine that loses power could leave of a folder, for every moment of what is done in it
 * through a {@link FaultyFileSystem}: what was forced to the disk is there; of what was not, any
 * file may have its old octets, its new ones, or the one half of each, and any folder its old
 * entries or its new ones. A rename from one folder to another is one step, as on every file system
 * that keeps a journal: a file that nobody removed has its old name, its new one, or both.
 *
 * <p>Holds all files in memory: for small ones. One thread.
 */
public final class CrashStates implements DiskFaults {
    /** More combinations than these, of one moment, are left out. */
    private static final int MOST_OF_A_MOMENT = 256;

    /**
     * What is left after a crash.
     *
     * @param folders when each folder below the watched one, and it, was last changed; relative
     * @param files the octets of each; relative
     * @param finished whether everything was done when it happened
     */
    public record State(
            Map<String, FileTime> folders, Map<String, byte[]> files, boolean finished) {

        /** Makes it in an empty folder. */
        public void restore(Path folder) throws IOException {
            for (var inside : folders.keySet()) {
                Files.createDirectories(folder.resolve(inside));
            }
            for (var file : files.entrySet()) {
                Files.write(folder.resolve(file.getKey()), file.getValue());
            }
            for (var inside : folders.entrySet()) {
                Files.setLastModifiedTime(folder.resolve(inside.getKey()), inside.getValue());
            }
        }
    }

    /** What a folder holds, each file by the number that is its own here. */
    private record Entries(Map<String, Integer> files, FileTime changed) {}

    private final Path root;
    private final List<State> states = new ArrayList<>();
    private final Set<String> known = new HashSet<>();
    private final Map<Object, Integer> alive = new HashMap<>();
    private final Map<Integer, byte[]> now = new HashMap<>();
    private final Map<Integer, byte[]> durable = new HashMap<>();
    private Map<String, Entries> foldersNow = new TreeMap<>();
    private final Map<String, Entries> foldersDurable = new TreeMap<>();
    private int files;
    private int operations;

    /**
     * @param root a folder of the real file system; all that is in it now is taken to be durable
     */
    public CrashStates(Path root) throws IOException {
        this.root = root;
        look();
        durable.putAll(now);
        foldersDurable.putAll(foldersNow);
    }

    @Override
    public Outcome on(Operation operation, Path path) {
        if (operation.changes() || operation == Operation.FORCE) {
            try {
                operations++;
                look();
                collect(false);
                if (operation == Operation.FORCE) {
                    forced(path);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return Outcome.WORKS;
    }

    /** Ends the watch: what a crash may leave from now on, too. */
    public List<State> states() throws IOException {
        look();
        collect(true);
        return List.copyOf(states);
    }

    /** How many operations there were between which a crash was thought of. */
    public int operations() {
        return operations;
    }

    private void forced(Path path) throws IOException {
        var name = relative(path);
        if (Files.isDirectory(path)) {
            foldersDurable.put(name, foldersNow.get(name));
            return;
        }
        var key = Files.readAttributes(path, java.nio.file.attribute.BasicFileAttributes.class);
        var file = alive.get(key.fileKey());
        durable.put(file, now.get(file));
    }

    /** Reads the whole folder. */
    private void look() throws IOException {
        foldersNow = new TreeMap<>();
        var seen = new HashMap<Object, Integer>();
        look(root, seen);
        alive.clear();
        alive.putAll(seen);
    }

    private void look(Path folder, Map<Object, Integer> seen) throws IOException {
        var entries = new TreeMap<String, Integer>();
        foldersNow.put(relative(folder), new Entries(entries, Files.getLastModifiedTime(folder)));
        try (var inside = Files.newDirectoryStream(folder)) {
            for (var entry : inside) {
                if (Files.isDirectory(entry)) {
                    look(entry, seen);
                    continue;
                }
                var key =
                        Files.readAttributes(
                                        entry, java.nio.file.attribute.BasicFileAttributes.class)
                                .fileKey();
                // A number that was free for a while is another file, whatever the disk calls it.
                var file = alive.containsKey(key) ? alive.get(key) : ++files;
                seen.put(key, file);
                now.put(file, Files.readAllBytes(entry));
                entries.put(entry.getFileName().toString(), file);
            }
        }
    }

    private void collect(boolean finished) {
        List<Map<String, Entries>> trees = List.of(Map.of());
        for (var folder : foldersNow.keySet()) {
            trees = combine(trees, folder, entriesOf(folder));
        }
        var kept = files(foldersNow);
        kept.retainAll(files(foldersDurable));
        for (var tree : trees) {
            if (!files(tree).containsAll(kept)) {
                continue;
            }
            var referenced = new TreeMap<Integer, List<byte[]>>();
            tree.values()
                    .forEach(entries ->
                            entries.files()
                                    .values()
                                    .forEach(file -> referenced.put(file, octetsOf(file))));
            List<Map<Integer, byte[]>> contents = List.of(Map.of());
            for (var file : referenced.entrySet()) {
                contents = combine(contents, file.getKey(), file.getValue());
            }
            for (var content : contents) {
                add(tree, content, finished);
            }
        }
    }

    private static Set<Integer> files(Map<String, Entries> folders) {
        var all = new HashSet<Integer>();
        folders.values().forEach(entries -> all.addAll(entries.files().values()));
        return all;
    }

    private static <K, V> List<Map<K, V>> combine(List<Map<K, V>> all, K key, List<V> values) {
        var next = new ArrayList<Map<K, V>>();
        for (var one : all) {
            for (var value : values) {
                if (next.size() < MOST_OF_A_MOMENT) {
                    var with = new HashMap<>(one);
                    with.put(key, value);
                    next.add(with);
                }
            }
        }
        return next;
    }

    /** The old entries, the new ones, and the new ones but for one. */
    private List<Entries> entriesOf(String folder) {
        var after = foldersNow.get(folder);
        var before = foldersDurable.getOrDefault(folder, new Entries(Map.of(), after.changed()));
        var all = new ArrayList<Entries>();
        all.add(after);
        if (!after.files().equals(before.files())) {
            all.add(before);
            var names = new HashSet<>(after.files().keySet());
            names.addAll(before.files().keySet());
            for (var name : names) {
                var old = before.files().get(name);
                if (!Objects.equals(after.files().get(name), old)) {
                    var without = new TreeMap<>(after.files());
                    if (old != null) {
                        without.put(name, old);
                    } else {
                        without.remove(name);
                    }
                    all.add(new Entries(without, after.changed()));
                }
            }
        }
        return all;
    }

    /** The old octets, the new ones, and the one half of each. */
    private List<byte[]> octetsOf(int file) {
        var after = now.get(file);
        var before = durable.getOrDefault(file, new byte[0]);
        if (Arrays.equals(after, before)) {
            return List.of(after);
        }
        return List.of(after, before, halves(after, before), halves(before, after));
    }

    /** The first half of one and the second of the other, as long as the other. */
    private static byte[] halves(byte[] first, byte[] second) {
        var mixed = second.clone();
        var half = Math.min(first.length, second.length) / 2;
        System.arraycopy(first, 0, mixed, 0, half);
        return mixed;
    }

    private void add(Map<String, Entries> tree, Map<Integer, byte[]> content, boolean finished) {
        var all = new TreeMap<String, byte[]>();
        tree.forEach((folder, entries) ->
                entries.files()
                        .forEach((name, file) ->
                                all.put(
                                        folder.isEmpty() ? name : folder + "/" + name,
                                        content.get(file))));
        var folders = new TreeMap<String, FileTime>();
        tree.forEach((folder, entries) -> folders.put(folder, entries.changed()));
        var state = new State(folders, all, finished);
        if (known.add(digest(state))) {
            states.add(state);
        }
    }

    private static String digest(State state) {
        try {
            var sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update((byte) (state.finished ? 1 : 0));
            state.files.forEach((name, octets) -> {
                sha256.update(
                        (name + "\n" + octets.length + "\n")
                                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
                sha256.update(octets);
            });
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    private String relative(Path path) {
        return root.relativize(path).toString();
    }
}
