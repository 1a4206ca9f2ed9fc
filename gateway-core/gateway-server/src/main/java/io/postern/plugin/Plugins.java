package io.postern.plugin;

import io.postern.spi.Plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The plugins of one installation: the server's own, and those in the folders and jars below {@code
 * plugins/}. Scanned once; immutable afterwards.
 */
public final class Plugins implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Plugins.class);
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]*");
    private static final String BUILT_IN = "built in";

    /** Finds the class in the JDK's words, as in "io.postern.spi.X: Provider a.B not found". */
    private static final Pattern PROVIDER = Pattern.compile(": (?:Provider )?(\\S+) ");

    private final Path folder;
    private final List<Found> found = new ArrayList<>();
    private final List<Broken> broken = new ArrayList<>();
    private final List<PluginClassLoader> loaders = new ArrayList<>();

    private Plugins(Path folder) {
        this.folder = folder;
    }

    /**
     * Looks at every plugin and makes one object of each, to hear its name.
     *
     * @param folder may be absent: then there are the built-in plugins only
     */
    public static Plugins scan(Path folder) {
        var plugins = new Plugins(folder);
        var server = Plugins.class.getClassLoader();
        plugins.providers(BUILT_IN, BUILT_IN, server);
        for (var entry : plugins.entries()) {
            plugins.load(entry, server);
        }
        plugins.refuseDuplicates();
        return plugins;
    }

    /** In the order of the jars' names; the server's own first. */
    public List<Found> found() {
        return Collections.unmodifiableList(found);
    }

    /** In the order of the jars' names. */
    public List<Broken> broken() {
        return Collections.unmodifiableList(broken);
    }

    /**
     * Makes a fresh object of the plugin of that name.
     *
     * @param service the kind that is wanted: {@link PluginKind#service()}
     * @throws PluginException if there is none, or it is broken; says all that may help
     */
    public <T extends Plugin> Loaded<T> make(Class<T> service, String name) throws PluginException {
        for (var one : found) {
            if (one.kind().service() == service && one.name().equals(name)) {
                try (var _ = new ContextLoader(one.provider().type())) {
                    return new Loaded<>(service.cast(one.provider().get()), one);
                } catch (ServiceConfigurationError | LinkageError e) {
                    throw explain(one.jar(), e);
                }
            }
        }
        for (var one : broken) {
            if (one.names().contains(name)) {
                throw one.why();
            }
        }
        throw absent(service, name);
    }

    /** Gives the jars back. Plugins must have been closed before. */
    @Override
    public void close() {
        for (var loader : loaders) {
            try {
                loader.close();
            } catch (IOException e) {
                log.warn("the jars of {} could not be closed", loader.getName(), e);
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

    private void load(Path entry, ClassLoader server) {
        var jars =
                Files.isDirectory(entry)
                        ? children(entry, jar -> !hidden(jar) && isJar(jar))
                        : Optional.of(List.of(entry));
        if (jars.isEmpty()) {
            return;
        }
        var name = stem(entry);
        if (jars.get().isEmpty()) {
            broken(
                    Set.of(name),
                    new PluginException(
                            entry + " holds no jar",
                            "Put the plugin's jars into it, or remove it.",
                            null));
            return;
        }
        var urls = new ArrayList<URL>();
        for (var jar : jars.get()) {
            // A class loader passes over a damaged jar without a word.
            try (var _ = new JarFile(jar.toFile(), true, JarFile.OPEN_READ)) {
                urls.add(jar.toUri().toURL());
            } catch (MalformedURLException e) {
                throw new IllegalStateException("a file's own address: " + jar, e);
            } catch (IOException e) {
                broken(
                        Set.of(name),
                        new PluginException(
                                jar + " cannot be read as a jar (" + e.getMessage() + ")",
                                "Copy it again, or remove it.",
                                e));
                return;
            }
        }
        var loader = new PluginClassLoader(entry.getFileName().toString(), urls, server);
        loaders.add(loader);
        var before = found.size() + broken.size();
        providers(shown(entry, jars.get()), name, loader);
        if (found.size() + broken.size() == before) {
            broken(
                    Set.of(name),
                    new PluginException(
                            shown(entry, jars.get()) + " names no plugin in META-INF/services",
                            "Ask its author for a plugin of Postern, or remove it.",
                            null));
        }
    }

    /**
     * Asks for everything that a loader provides.
     *
     * @param jar what to name where the jar of a class is not known
     * @param fallback a name for what has no name yet
     */
    private void providers(String jar, String fallback, ClassLoader loader) {
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
                    broken(names(fallback, e), explain(jar, e));
                    continue;
                }
                meet(kind, provider, jar(provider.type(), jar), fallback);
            }
        }
    }

    /** Makes one object, and asks for its name and settings. */
    private void meet(
            PluginKind kind,
            ServiceLoader.Provider<? extends Plugin> provider,
            String jar,
            String fallback) {
        String name;
        try (var _ = new ContextLoader(provider.type())) {
            var plugin = provider.get();
            name = plugin.name();
            if (name != null && NAME.matcher(name).matches()) {
                found.add(new Found(kind, name, jar, plugin.settings(), provider));
                return;
            }
        } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
            var names = new LinkedHashSet<>(Set.of(fallback));
            names.add(spelled(provider.type().getSimpleName()));
            broken(names, explain(jar, e));
            return;
        }
        broken(
                Set.of(fallback),
                new PluginException(
                        jar + ": " + provider.type().getName() + " calls itself \"" + name + '"',
                        "A plugin's name has lower-case letters, digits and hyphens only.",
                        null));
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
                                same.stream().map(Found::jar).collect(Collectors.joining(" and "))
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

    private static String jar(Class<?> type, String otherwise) {
        var source = type.getProtectionDomain().getCodeSource();
        return otherwise.equals(BUILT_IN) || source == null
                ? otherwise
                : Path.of(URI.create(source.getLocation().toString())).toString();
    }

    private static String shown(Path entry, List<Path> jars) {
        return jars.size() == 1 ? jars.getFirst().toString() : entry.toString();
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
