package io.postern.plugin;

import io.postern.call.Bounded;
import io.postern.spi.Plugin;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipFile;

/**
 * The plugins of one installation: the server's own, and those in the folders and jars below {@code
 * plugins/}. Scanned once; {@link #again} scans once more, and shares with it what has not changed.
 * A folder or jar that lists its plugins is opened when {@link #make} is asked for one of them,
 * where a server scans: most of what is installed is not used. One thread.
 */
public final class Plugins implements AutoCloseable {
    static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]*");
    static final String BUILT_IN = "built in";

    /** How long a plugin may take for its constructor, its name and its settings. */
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(10);

    /** Finds the class in the JDK's words, as in "io.postern.spi.X: Provider a.B not found". */
    private static final Pattern PROVIDER = Pattern.compile(": (?:Provider )?(\\S+) ");

    /** So that no two class loaders share a name, by which their threads are known. */
    private static final AtomicLong LOADERS = new AtomicLong();

    private final Path folder;
    private final Duration longestLook;

    /** Null where the jars are loaded from where they are. */
    private final PrivateJars privateJars;

    private final List<Found> builtIn;
    private final List<Bundle> bundles = new ArrayList<>();
    private final List<Found> found = new ArrayList<>();
    private final List<Broken> broken = new ArrayList<>();

    /** Whether this is the first scan, which the others share. */
    private final boolean first;

    private Plugins(
            Path folder,
            Duration longestLook,
            PrivateJars privateJars,
            List<Found> builtIn,
            boolean first) {
        this.folder = folder;
        this.longestLook = longestLook;
        this.privateJars = privateJars;
        this.builtIn = builtIn;
        this.first = first;
    }

    /**
     * Looks at every plugin and makes one object of each, to hear its name. For a program that ends
     * soon: the jars are loaded from where they are, and must not be replaced meanwhile.
     *
     * @param folder may be absent: then there are the built-in plugins only
     */
    public static Plugins scan(Path folder) {
        return scan(folder, LONGEST_LOOK);
    }

    static Plugins scan(Path folder, Duration longestLook) {
        return new Plugins(folder, longestLook, null, builtIn(), true).look(List.of());
    }

    /**
     * As {@link #scan}, for a server: it loads copies of the jars, so that {@link #again} can load
     * others in their place.
     *
     * @param copies a folder for the copies, which several servers may share
     */
    public static Plugins scanCopies(Path folder, Path copies) throws IOException {
        return new Plugins(folder, LONGEST_LOOK, PrivateJars.open(copies), builtIn(), true)
                .look(List.of());
    }

    /**
     * Scans the folder once more. What has not changed is the same as here; what has is loaded
     * anew, beside what is here.
     *
     * @throws IllegalStateException if this was scanned without copies
     */
    public Plugins again() {
        if (privateJars == null) {
            throw new IllegalStateException("these jars were not copied");
        }
        return new Plugins(folder, longestLook, privateJars, builtIn, false).look(bundles);
    }

    /** Those that have been looked at, in the order of the jars' names; the server's own first. */
    public List<Found> found() {
        return Collections.unmodifiableList(found);
    }

    /** In the order of the jars' names. */
    public List<Broken> broken() {
        return Collections.unmodifiableList(broken);
    }

    /** What became of a folder or jar. */
    public enum Change {
        ADDED,
        REPLACED,
        REMOVED
    }

    /** What is another here than before, by the folder's or jar's name. */
    public Map<String, Change> since(Plugins before) {
        var changes = new TreeMap<String, Change>();
        for (var bundle : before.bundles) {
            if (!bundles.contains(bundle)) {
                changes.put(stem(bundle.entry()), Change.REMOVED);
            }
        }
        for (var bundle : bundles) {
            if (!before.bundles.contains(bundle)) {
                changes.merge(stem(bundle.entry()), Change.ADDED, (_, _) -> Change.REPLACED);
            }
        }
        return changes;
    }

    /**
     * Makes a fresh object of the plugin of that name.
     *
     * @param service the kind that is wanted: {@link PluginKind#service()}
     * @throws PluginException if there is none, or it is broken; says all that may help
     */
    public <T extends Plugin> Loaded<T> make(Class<T> service, String name) throws PluginException {
        open(bundle -> bundle.listed().contains(name));
        for (var one : found) {
            if (one.kind().service() == service && one.name().equals(name)) {
                return new Loaded<>(service.cast(made(one.provider(), one.jar())), one);
            }
        }
        for (var one : broken) {
            if (one.names().contains(name)) {
                throw one.why();
            }
        }
        open(_ -> true);
        throw absent(service, name);
    }

    /**
     * Gives the jars back that none of the others has; their plugins must have been closed before.
     * The server goes on, and asks this object for nothing any more.
     */
    public void closeBut(List<Plugins> others) {
        for (var bundle : List.copyOf(bundles)) {
            if (others.stream().noneMatch(it -> it.bundles.contains(bundle))) {
                // Whoever holds this object must not hold the bundle's classes by it.
                bundles.remove(bundle);
                found.removeAll(bundle.found());
                bundle.close(true);
            }
        }
        broken.clear();
    }

    /** Whether {@link #again} can be called. */
    public boolean copied() {
        return privateJars != null;
    }

    /** Gives the jars back, and removes the copies. Plugins must have been closed before. */
    @Override
    public void close() {
        bundles.forEach(bundle -> bundle.close(false));
        if (first && privateJars != null) {
            privateJars.close();
        }
    }

    private static List<Found> builtIn() {
        var plugins = new ArrayList<Found>();
        var loader = Plugins.class.getClassLoader();
        for (var kind : PluginKind.values()) {
            for (var provider : ServiceLoader.load(kind.service(), loader).stream().toList()) {
                var plugin = provider.get();
                plugins.add(
                        new Found(
                                kind,
                                plugin.name(),
                                BUILT_IN,
                                Optional.empty(),
                                plugin.settings(),
                                provider));
            }
        }
        return List.copyOf(plugins);
    }

    private Plugins look(List<Bundle> known) {
        found.addAll(builtIn);
        for (var entry : entries()) {
            load(entry, known);
        }
        refuseDuplicates();
        return this;
    }

    /** Looks at the plugins of folders and jars that have not been opened. */
    private void open(Predicate<Bundle> which) {
        for (var bundle : bundles) {
            if (!bundle.open() && which.test(bundle)) {
                providers(bundle);
                found.addAll(bundle.found());
                broken.addAll(bundle.broken());
            }
        }
        refuseDuplicates();
    }

    private Plugin made(ServiceLoader.Provider<? extends Plugin> provider, String jar)
            throws PluginException {
        try {
            return inTime(provider, jar, provider::get);
        } catch (RuntimeException | Error e) {
            throw explain(jar, e);
        }
    }

    /** A constructor, a name or a list of settings that takes for ever must not stop the others. */
    private <T> T inTime(
            ServiceLoader.Provider<? extends Plugin> provider,
            String jar,
            Bounded.Question<T> question)
            throws PluginException {
        var type = provider.type();
        try {
            return Bounded.ask(
                    Thread.ofPlatform().daemon().name("look at " + type.getName()),
                    longestLook,
                    () -> {
                        Thread.currentThread().setContextClassLoader(type.getClassLoader());
                        return question.answer();
                    },
                    _ -> {},
                    () -> {});
        } catch (TimeoutException e) {
            throw new PluginException(
                    jar
                            + ": "
                            + type.getName()
                            + " does not come to an end when it is made or asked for its settings",
                    "Ask the plugin's author: neither may wait for anything.",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PluginException(jar + ": the stop came first", "Start again.", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case PluginException known -> throw known;
                case RuntimeException defect -> throw defect;
                case Error error -> throw error;
                case null, default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    private PluginException absent(Class<?> service, String name) {
        var others =
                found.stream()
                        .filter(one -> one.kind().service() == service)
                        .map(Found::name)
                        .collect(Collectors.toCollection(TreeSet::new));
        var kinds =
                found.stream()
                        .filter(one -> one.name().equals(name))
                        .map(one -> one.kind().element())
                        .findFirst();
        var what = new StringBuilder("there is no plugin \"" + name + "\" of this kind");
        kinds.ifPresent(kind -> what.append(": it is a <").append(kind).append('>'));
        var remedy = new StringBuilder();
        if (!others.isEmpty()) {
            remedy.append("Use one of: ").append(String.join(", ", others)).append("; or put");
        } else {
            remedy.append("Put");
        }
        remedy.append(" its jars into ").append(folder.resolve(name)).append('.');
        if (!broken.isEmpty()) {
            remedy.append(" These could not be loaded: ")
                    .append(
                            broken.stream()
                                    .map(one -> one.why().getMessage())
                                    .collect(Collectors.joining("; ")))
                    .append('.');
        }
        return new PluginException(what.toString(), remedy.toString(), null);
    }

    /** The folders and jars, by name; hidden ones and other files are not meant for us. */
    private List<Path> entries() {
        return children(
                        folder,
                        entry -> !hidden(entry) && (Files.isDirectory(entry) || isJar(entry)))
                .orElse(List.of());
    }

    private Optional<List<Path>> children(Path of, DirectoryStream.Filter<Path> filter) {
        var entries = new ArrayList<Path>();
        try (var stream = Files.newDirectoryStream(of, filter)) {
            stream.forEach(entries::add);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return Optional.empty();
        } catch (IOException | DirectoryIteratorException e) {
            broken(
                    Set.of(stem(of)),
                    new PluginException(
                            of + " cannot be listed (" + e + ")",
                            "Give the user that runs Postern the right to read it.",
                            e));
            return Optional.empty();
        }
        Collections.sort(entries);
        return Optional.of(entries);
    }

    private void load(Path entry, List<Bundle> known) {
        var jars =
                Files.isDirectory(entry)
                        ? children(entry, jar -> !hidden(jar) && isJar(jar))
                        : Optional.of(List.of(entry));
        if (jars.isEmpty()) {
            return;
        }
        for (var bundle : known) {
            if (bundle.entry().equals(entry) && bundle.isStill(jars.get())) {
                take(bundle);
                return;
            }
        }
        try {
            take(loaded(entry, jars.get()));
        } catch (PluginException e) {
            broken(Set.of(stem(entry)), e);
        }
    }

    private void take(Bundle bundle) {
        bundles.add(bundle);
        found.addAll(bundle.found());
        broken.addAll(bundle.broken());
    }

    private Bundle loaded(Path entry, List<Path> jars) throws PluginException {
        if (jars.isEmpty()) {
            throw new PluginException(
                    entry + " holds no jar", "Put the plugin's jars into it, or remove it.", null);
        }
        var copies = copied(entry, jars);
        var done = false;
        try {
            var descriptors = new LinkedHashMap<String, Descriptor>();
            var listed = new LinkedHashSet<String>();
            var onlyClassesTell = privateJars == null;
            var urls = new ArrayList<URL>();
            for (var at = 0; at < jars.size(); at++) {
                var shown = jars.get(at).toString();
                var jar = copies.isEmpty() ? jars.get(at) : copies.get(at);
                // A class loader passes over a damaged jar without a word.
                try (var opened = new ZipFile(jar.toFile())) {
                    urls.add(jar.toUri().toURL());
                    Descriptor.read(opened, shown).ifPresent(it -> descriptors.put(shown, it));
                    var its = descriptors.get(shown);
                    if (its != null && !its.plugins().isEmpty()) {
                        listed.addAll(its.plugins());
                    } else if (namesPlugins(opened)) {
                        onlyClassesTell = true;
                    }
                } catch (MalformedURLException e) {
                    throw new IllegalStateException("a file's own address: " + jar, e);
                } catch (IOException e) {
                    throw new PluginException(
                            shown + " cannot be read as a jar (" + e.getMessage() + ")",
                            "Copy it again, or remove it.",
                            e);
                }
            }
            var number = LOADERS.incrementAndGet();
            var loader =
                    new PluginClassLoader(
                            entry.getFileName() + (copies.isEmpty() ? "" : "~" + number),
                            urls,
                            Plugins.class.getClassLoader());
            if (onlyClassesTell) {
                listed.clear();
            }
            var bundle = new Bundle(entry, jars, copies, descriptors, listed, loader);
            if (listed.isEmpty()) {
                providers(bundle);
            }
            done = true;
            return bundle;
        } finally {
            if (!done) {
                PrivateJars.remove(copies);
            }
        }
    }

    private List<Path> copied(Path entry, List<Path> jars) throws PluginException {
        if (privateJars == null) {
            return List.of();
        }
        try {
            return privateJars.copy(jars);
        } catch (IOException e) {
            throw new PluginException(
                    entry + " cannot be copied for the server (" + e + ")",
                    "See that state/ can be written to and has room, and that the jars can be"
                            + " read.",
                    e);
        }
    }

    private static boolean namesPlugins(ZipFile jar) {
        for (var kind : PluginKind.values()) {
            if (jar.getEntry("META-INF/services/" + kind.service().getName()) != null) {
                return true;
            }
        }
        return false;
    }

    /** Asks for everything that a bundle's loader provides. */
    private void providers(Bundle bundle) {
        var loader = bundle.loader().orElseThrow();
        var fallback = stem(bundle.entry());
        var good = new ArrayList<Found>();
        var bad = new ArrayList<Broken>();
        for (var kind : PluginKind.values()) {
            var providers = ServiceLoader.load(kind.service(), loader).stream().iterator();
            while (true) {
                ServiceLoader.Provider<? extends Plugin> provider;
                try {
                    if (!providers.hasNext()) {
                        break;
                    }
                    provider = providers.next();
                } catch (ServiceConfigurationError | LinkageError e) {
                    // The iterator has passed the bad entry and goes on with the next one.
                    bad.add(new Broken(names(fallback, e), explain(bundle.shown(), e)));
                    continue;
                }
                var jar = jar(provider.type(), bundle);
                try {
                    good.add(met(kind, provider, jar, bundle.descriptor(jar)));
                } catch (PluginException e) {
                    var names = new LinkedHashSet<>(Set.of(fallback));
                    names.add(spelled(provider.type().getSimpleName()));
                    bad.add(new Broken(names, e));
                }
            }
        }
        if (good.isEmpty() && bad.isEmpty()) {
            bad.add(
                    new Broken(
                            Set.of(fallback),
                            new PluginException(
                                    bundle.shown() + " names no plugin in META-INF/services",
                                    "Ask its author for a plugin of Postern, or remove it.",
                                    null)));
        }
        bundle.holds(good, bad);
    }

    /** Makes one object, and asks for its name and settings. */
    private Found met(
            PluginKind kind,
            ServiceLoader.Provider<? extends Plugin> provider,
            String jar,
            Optional<Descriptor> descriptor)
            throws PluginException {
        try {
            return inTime(
                    provider,
                    jar,
                    () -> {
                        var plugin = provider.get();
                        var name = plugin.name();
                        if (name == null || !NAME.matcher(name).matches()) {
                            throw new PluginException(
                                    jar
                                            + ": "
                                            + provider.type().getName()
                                            + " calls itself \""
                                            + name
                                            + '"',
                                    "A plugin's name has lower-case letters, digits and hyphens"
                                            + " only.",
                                    null);
                        }
                        var settings =
                                Objects.requireNonNull(plugin.settings(), "settings of null");
                        return new Found(kind, name, jar, descriptor, settings, provider);
                    });
        } catch (RuntimeException | Error e) {
            throw explain(jar, e);
        }
    }

    private void refuseDuplicates() {
        var byName = new LinkedHashMap<String, List<Found>>();
        for (var one : found) {
            byName.computeIfAbsent(one.kind() + " " + one.name(), _ -> new ArrayList<>()).add(one);
        }
        for (var same : byName.values()) {
            if (same.size() > 1) {
                var first = same.getFirst();
                found.removeAll(same);
                broken(
                        Set.of(first.name()),
                        new PluginException(
                                same.stream()
                                                .map(Found::jar)
                                                .sorted()
                                                .collect(Collectors.joining(" and "))
                                        + " hold a <"
                                        + first.kind().element()
                                        + "> plugin of the same name, \""
                                        + first.name()
                                        + '"',
                                "Keep one of them.",
                                null));
            }
        }
    }

    private void broken(Set<String> names, PluginException why) {
        broken.add(new Broken(names, why));
    }

    private static PluginException explain(String jar, Throwable thrown) {
        if (!(thrown instanceof ServiceConfigurationError)) {
            return Fitting.explain(jar, thrown);
        }
        var words = thrown.getMessage();
        if (thrown.getCause() != null) {
            return switch (thrown.getCause()) {
                case NoSuchMethodException e ->
                        new PluginException(
                                jar
                                        + " names a class without a public constructor that takes"
                                        + " nothing ("
                                        + e.getMessage()
                                        + ")",
                                "Ask the plugin's author.",
                                thrown);
                case Throwable cause -> Fitting.explain(jar, cause);
            };
        }
        // "io.postern.spi...: Provider a.B not a subtype": the interface, then the trouble.
        return new PluginException(
                jar + " names a service that it cannot give (" + words + ")",
                "Ask the plugin's author for a whole jar.",
                thrown);
    }

    /** By what names the configuration may mean a class that could not be loaded. */
    private static Set<String> names(String fallback, Throwable thrown) {
        var names = new LinkedHashSet<>(Set.of(fallback));
        var provider = PROVIDER.matcher(String.valueOf(thrown.getMessage()));
        if (provider.find()) {
            var type = provider.group(1);
            names.add(spelled(type.substring(type.lastIndexOf('.') + 1)));
        }
        return names;
    }

    /** As {@link Plugin#name()} spells a class's name. */
    private static String spelled(String simpleName) {
        return simpleName.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
    }

    private static String jar(Class<?> type, Bundle bundle) {
        var source = type.getProtectionDomain().getCodeSource();
        return source == null
                ? bundle.shown()
                : bundle.shown(Path.of(URI.create(source.getLocation().toString())));
    }

    private static boolean isJar(Path file) {
        return file.getFileName().toString().endsWith(".jar") && Files.isRegularFile(file);
    }

    private static boolean hidden(Path file) {
        return file.getFileName().toString().startsWith(".");
    }

    private static String stem(Path file) {
        return file.getFileName().toString().replaceFirst("\\.jar$", "");
    }
}
