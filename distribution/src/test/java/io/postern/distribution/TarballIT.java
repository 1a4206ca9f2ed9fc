package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** What the tarball holds. */
class TarballIT {
    private static final String SERVICES = "META-INF/services/io.postern.spi.";

    @Test
    void everyFileHasTheRightModeOwnerAndTime() throws Exception {
        var time = System.getProperty("postern.timestamp");
        for (var line : listing()) {
            var words = line.split(" +", 6);
            var name = words[5];
            var mode =
                    name.endsWith("/")
                            ? "drwxr-xr-x"
                            : name.matches("[^/]+/bin/.*") ? "-rwxr-xr-x" : "-rw-r--r--";
            assertEquals(mode, words[0], name);
            assertEquals("0/0", words[1], name);
            // The same sources give the same octets: no file carries the time of its making.
            assertEquals(time, words[3] + "T" + words[4] + "Z", name);
        }
    }

    @Test
    void holdsWhatAnOperatorNeedsInOneFolder() throws Exception {
        var home = Installation.shared().home();
        var tops =
                listing().stream()
                        .map(line -> line.split(" +", 6)[5].replaceFirst("/.*", ""))
                        .collect(Collectors.toSet());
        assertEquals(Set.of(home.getFileName().toString()), tops);
        for (var part :
                List.of(
                        "bin/postern",
                        "conf/gateway.xml",
                        "conf/gateway.xsd",
                        "conf/users.xml",
                        "conf/fail2ban/postern.conf",
                        "docs/operators.md",
                        "docs/plugins.md",
                        "docs/plugins/letterbox/README.md",
                        "kit/templates/project/pom.xml",
                        "kit/templates/src/main/java/org/example/template/store/Template.java",
                        "README.md",
                        "LICENSE",
                        "NOTICE")) {
            assertTrue(Files.isRegularFile(home.resolve(part)), part);
        }
        assertTrue(
                Installation.shared().names("lib").stream()
                        .anyMatch(jar -> jar.contains("gateway-spi")));
    }

    @Test
    void theKitHasSourcesAndJavadocOfWhatAPluginSees() throws Exception {
        for (var module : List.of("gateway-spi", "gateway-testkit")) {
            var main = module.equals("gateway-spi") ? "spi/store/Maildrop" : "testkit/Gate";
            for (var part : Map.of("sources", ".java", "javadoc", ".html").entrySet()) {
                var folder = "kit/" + part.getKey();
                var names = Installation.shared().names(folder);
                var name =
                        names.stream()
                                .filter(it ->
                                        it.matches(module + "-.*-" + part.getKey() + "\\.jar"))
                                .findFirst()
                                .orElseThrow(() -> new AssertionError(module + " " + names));
                var file = Installation.shared().home().resolve(folder).resolve(name);
                try (var jar = new ZipFile(file.toFile())) {
                    var entry = "io/postern/" + main + part.getValue();
                    assertTrue(jar.getEntry(entry) != null, name + " has no " + entry);
                }
            }
        }
        // As the guide's commands name it; and lib/ is the server's.
        assertEquals(
                1,
                Installation.shared().names("kit").stream()
                        .filter(it -> it.matches("gateway-testkit-.*\\.jar"))
                        .count());
        assertTrue(
                Installation.shared().names("lib").stream()
                        .noneMatch(it -> it.matches(".*-(sources|javadoc)\\.jar")));
    }

    @Test
    void holdsNothingOfTheTests() throws Exception {
        for (var file : files()) {
            if (file.matches("[^/]+/kit/.*")) {
                continue; // the contracts for plugins, and the templates that run them
            }
            assertFalse(
                    file.matches("(?i).*(testkit|junit|mockito|awaitility|archunit|-tests?\\.).*"),
                    file);
        }
    }

    /** A server opens no jar of which it needs none that the jar lists. */
    @Test
    void everyJarListsItsPluginsByTheirNames() throws Exception {
        var installation = Installation.shared();
        var named = new TreeMap<String, Set<String>>();
        var line = Pattern.compile("<[a-z]+ plugin=\"([^\"]+)\">  (plugins/.*)");
        for (var text : installation.postern("plugins").run().well().text().lines().toList()) {
            var words = line.matcher(text);
            if (words.matches()) {
                named.computeIfAbsent(words.group(2), _ -> new TreeSet<>()).add(words.group(1));
            }
        }
        assertEquals(installation.names("plugins").size(), named.size(), named.toString());
        for (var jar : named.entrySet()) {
            var descriptor = new Properties();
            try (var opened = new ZipFile(installation.home().resolve(jar.getKey()).toFile());
                    var in =
                            opened.getInputStream(
                                    opened.getEntry("META-INF/postern-plugin.properties"))) {
                descriptor.load(in);
            }
            var listed = descriptor.getProperty("plugins").split(" ", -1);
            assertEquals(jar.getValue(), new TreeSet<>(List.of(listed)), jar.getKey());
        }
    }

    @Test
    void everyPluginIsAFolderThatNamesAServiceAndBringsNothingShared() throws Exception {
        var installation = Installation.shared();
        var plugins = installation.names("plugins");
        assertFalse(plugins.isEmpty());
        for (var plugin : plugins) {
            var jars = installation.names("plugins/" + plugin);
            assertTrue(
                    jars.stream().noneMatch(jar -> jar.matches("(gateway-|slf4j-).*")),
                    plugin + " " + jars);
            var own = jars.stream().filter(jar -> jar.startsWith(plugin + "-")).toList();
            assertEquals(1, own.size(), plugin + " " + jars);
            var file =
                    installation.home().resolve("plugins").resolve(plugin).resolve(own.getFirst());
            try (var jar = new ZipFile(file.toFile())) {
                assertTrue(
                        jar.stream().anyMatch(entry -> entry.getName().startsWith(SERVICES)),
                        plugin);
                var descriptor = new Properties();
                descriptor.load(
                        jar.getInputStream(jar.getEntry("META-INF/postern-plugin.properties")));
                assertEquals(plugin, descriptor.getProperty("name"));
                assertEquals("1.0", descriptor.getProperty("spi"));
                assertFalse(descriptor.getProperty("version").contains("$"));
            }
        }
    }

    @Test
    void theZipHoldsTheSame() throws Exception {
        var zip = Path.of(Installation.TARBALL.toString().replace(".tar.gz", ".zip"));
        try (var entries = new ZipFile(zip.toFile())) {
            var names =
                    entries.stream()
                            .filter(entry -> !entry.isDirectory())
                            .map(ZipEntry::getName)
                            .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(new TreeSet<>(files()), names);
        }
    }

    private static List<String> listing() throws InterruptedException {
        return Program.of(
                        "tar",
                        "--list",
                        "--verbose",
                        "--numeric-owner",
                        "--full-time",
                        "--file",
                        Installation.TARBALL.toString())
                .with("TZ", "UTC")
                .run()
                .well()
                .text()
                .lines()
                .toList();
    }

    private static List<String> files() throws InterruptedException {
        return listing().stream()
                .map(line -> line.split(" +", 6)[5])
                .filter(name -> !name.endsWith("/"))
                .toList();
    }
}
