package io.postern.testkit.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * entries or its new ones.
 *
 * <p>Holds all files in memory: for small ones. One thread.
 */
public final class CrashStates implements DiskFaults {
    /** More combinations than these, of one moment, are left out. */
    private static final int MOST_OF_A_MOMENT = 256;

    /**
     * What is left after a crash.
     *
     * @param folders below the watched one, and it; relative
     * @param files the octets of each; relative
     * @param finished whether everything was done when it happened
     */
    public record State(Set<String> folders, Map<String, byte[]> files, boolean finished) {

        /** Makes it in an empty folder. */
        public void restore(Path folder) throws IOException {
            for (var inside : folders) {
                Files.createDirectories(folder.resolve(inside));
            }
            for (var file : files.entrySet()) {
                Files.write(folder.resolve(file.getKey()), file.getValue());
            }
        }
    }

    private final Path root;
    private final List<State> states = new ArrayList<>();
    private final Set<String> known = new HashSet<>();
    private final Map<Object, Integer> alive = new HashMap<>();
    private final Map<Integer, byte[]> now = new HashMap<>();
    private final Map<Integer, byte[]> durable = new HashMap<>();
    private Map<String, Map<String, Integer>> foldersNow = new TreeMap<>();
    private final Map<String, Map<String, Integer>> foldersDurable = new TreeMap<>();
    private int files;
    private int operations;

    /**
     * @param root a folder of the real file system; all that is in it now is taken to be durable
     */
    public CrashStates(Path root) throws IOException {
        this.root = root;
        look();
        durable.putAll(now);
        foldersNow.forEach((folder, entries) -> foldersDurable.put(folder, Map.copyOf(entries)));
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
            foldersDurable.put(name, Map.copyOf(foldersNow.get(name)));
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
        foldersNow.put(relative(folder), entries);
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
        List<Map<String, Map<String, Integer>>> trees = List.of(Map.of());
        for (var folder : foldersNow.keySet()) {
            trees = combine(trees, folder, entriesOf(folder));
        }
        for (var tree : trees) {
            var referenced = new TreeMap<Integer, List<byte[]>>();
            tree.values()
                    .forEach(entries ->
                            entries.values().forEach(file -> referenced.put(file, octetsOf(file))));
            List<Map<Integer, byte[]>> contents = List.of(Map.of());
            for (var file : referenced.entrySet()) {
                contents = combine(contents, file.getKey(), file.getValue());
            }
            for (var content : contents) {
                add(tree, content, finished);
            }
        }
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
    private List<Map<String, Integer>> entriesOf(String folder) {
        var after = foldersNow.get(folder);
        var before = foldersDurable.getOrDefault(folder, Map.of());
        var all = new ArrayList<Map<String, Integer>>();
        all.add(after);
        if (!after.equals(before)) {
            all.add(before);
            var names = new HashSet<>(after.keySet());
            names.addAll(before.keySet());
            for (var name : names) {
                if (!Objects.equals(after.get(name), before.get(name))) {
                    var without = new TreeMap<>(after);
                    if (before.containsKey(name)) {
                        without.put(name, before.get(name));
                    } else {
                        without.remove(name);
                    }
                    all.add(without);
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

    private void add(
            Map<String, Map<String, Integer>> tree,
            Map<Integer, byte[]> content,
            boolean finished) {
        var all = new TreeMap<String, byte[]>();
        tree.forEach((folder, entries) ->
                entries.forEach((name, file) ->
                        all.put(folder.isEmpty() ? name : folder + "/" + name, content.get(file))));
        var state = new State(Set.copyOf(tree.keySet()), all, finished);
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
