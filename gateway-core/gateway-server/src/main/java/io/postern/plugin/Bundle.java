package io.postern.plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.ref.Cleaner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One folder or single jar below {@code plugins/}, with a class loader of its own: what is loaded,
 * replaced and let go of as a whole.
 */
final class Bundle {
    private static final Logger log = LoggerFactory.getLogger(Bundle.class);

    /** How long threads may take to end after the last plugin of a bundle was closed. */
    private static final long THREADS_END_MILLIS = 2_000;

    private static final Cleaner CLEANER = Cleaner.create();

    private final Path entry;
    private final List<Path> jars;
    private final List<Path> copies;
    private final Map<String, Descriptor> descriptors;
    private final Set<String> listed;
    private PluginClassLoader loader;
    private boolean open;
    private List<Found> found = List.of();
    private List<Broken> broken = List.of();

    /**
     * @param jars where the operator has put them
     * @param copies what is loaded in their place, in the same order; empty if they are loaded
     *     themselves
     * @param descriptors of the jars that have one, by jar
     * @param listed the names of its plugins, as the descriptors have them; none where only its
     *     classes tell
     */
    Bundle(
            Path entry,
            List<Path> jars,
            List<Path> copies,
            Map<String, Descriptor> descriptors,
            Set<String> listed,
            PluginClassLoader loader) {
        this.entry = entry;
        this.jars = jars;
        this.copies = copies;
        this.descriptors = descriptors;
        this.listed = Set.copyOf(listed);
        this.loader = loader;
    }

    Path entry() {
        return entry;
    }

    List<Found> found() {
        return found;
    }

    List<Broken> broken() {
        return broken;
    }

    /** The names of its plugins; none where only its classes tell. */
    Set<String> listed() {
        return listed;
    }

    /** Whether its plugins have been looked at. */
    boolean open() {
        return open;
    }

    /** Called once, with what its loader has given. */
    void holds(List<Found> itsFound, List<Broken> itsBroken) {
        open = true;
        found = List.copyOf(itsFound);
        broken = List.copyOf(itsBroken);
    }

    /** How a message calls it: its one jar, or its folder. */
    String shown() {
        return jars.size() == 1 ? jars.getFirst().toString() : entry.toString();
    }

    /** What the operator knows a loaded jar as. */
    String shown(Path loaded) {
        var at = copies.indexOf(loaded);
        return (at < 0 ? loaded : jars.get(at)).toString();
    }

    Optional<Descriptor> descriptor(String jar) {
        return Optional.ofNullable(descriptors.get(jar));
    }

    /** Whether the jars that are there now are those that were loaded. */
    boolean isStill(List<Path> now) {
        if (copies.isEmpty() || !now.equals(jars)) {
            return false;
        }
        try {
            for (var at = 0; at < now.size(); at++) {
                if (Files.mismatch(now.get(at), copies.get(at)) >= 0) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            log.debug("{} cannot be compared", entry, e);
            return false;
        }
    }

    /** Its class loader, for as long as it is not closed. */
    Optional<ClassLoader> loader() {
        return Optional.ofNullable(loader);
    }

    /**
     * Gives the jars back, and names the threads that its plugins have left behind. Its plugins
     * must have been closed before. Idempotent.
     *
     * @param whileRunning whether the server goes on without it; then the log says, too, when
     *     nothing of it is left in memory
     */
    void close(boolean whileRunning) {
        if (loader == null) {
            return;
        }
        var left = LeftThreads.of(loader, THREADS_END_MILLIS);
        if (!left.isEmpty()) {
            log.warn(
                    "{} left threads behind: {}. A plugin ends its threads in close(); tell its"
                            + " author{}.",
                    shown(),
                    String.join(", ", left),
                    whileRunning ? ", and restart the server to be rid of them" : "");
        }
        try {
            loader.close();
        } catch (IOException e) {
            log.warn("the jars of {} could not be closed", loader.getName(), e);
        }
        if (whileRunning) {
            var name = shown();
            var _ = CLEANER.register(loader, () -> log.info("nothing is left of the old {}", name));
        }
        loader = null;
        found = List.of();
        broken = List.of();
        PrivateJars.remove(copies);
    }
}
