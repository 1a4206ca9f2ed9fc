package io.postern.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Plugin;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.lock.LockCoordinator;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Finding plugins, keeping them apart, and saying what is wrong with them. */
class PluginsTest {
    @TempDir private Path home;

    // --- what is found ---

    @Test
    void aFolderAndASingleJarAreFoundByThePluginsName() throws Exception {
        var folderJar = directory("demo.InFolder", "").write(plugin("some-folder/any.jar"));
        var singleJar = directory("demo.Alone", "").write(plugin("alone-1.2.jar"));
        try (var plugins = scan()) {
            assertEquals(List.of(), plugins.broken());
            assertEquals(folderJar.toString(), found(plugins, "in-folder").jar());
            assertEquals(singleJar.toString(), found(plugins, "alone").jar());
            assertEquals(PluginKind.DIRECTORY, found(plugins, "alone").kind());
        }
    }

    @Test
    void withoutAPluginFolderThereAreOnlyTheBuiltInOnes() throws Exception {
        try (var plugins = Plugins.scan(home.resolve("nowhere"))) {
            assertEquals(List.of(), plugins.broken());
            assertTrue(plugins.found().stream().allMatch(one -> one.jar().equals("built in")));
        }
    }

    @Test
    void otherFilesAndHiddenOnesAreLeftAlone() throws Exception {
        Files.createDirectories(plugin(".hidden"));
        Files.writeString(plugin("README.txt"), "put plugins here");
        Files.writeString(plugin(".broken.jar"), "no jar");
        try (var plugins = scan()) {
            assertEquals(List.of(), plugins.broken());
        }
    }

    @Test
    void eachPlaceGetsAnObjectOfItsOwn() throws Exception {
        directory("demo.Some", "").write(plugin("some/some.jar"));
        try (var plugins = scan()) {
            var one = plugins.make(UserDirectory.class, "some").plugin();
            var other = plugins.make(UserDirectory.class, "some").plugin();
            assertNotSame(one, other);
            assertSame(one.getClass(), other.getClass());
        }
    }

    @Test
    void settingsAreKnownWithoutAStart() throws Exception {
        directory(
                        "demo.Some",
                        """
                        public java.util.List<io.postern.spi.Setting> settings() {
                            return java.util.List.of(io.postern.spi.Setting.required(
                                    "file", io.postern.spi.Setting.Kind.PATH, "Where."));
                        }
                        """)
                .write(plugin("some/some.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    List.of("file"),
                    found(plugins, "some").settings().stream().map(Setting::name).toList());
        }
    }

    // --- isolation ---

    @Test
    void twoPluginsCarryTwoVersionsOfOneClass() throws Exception {
        for (var version : List.of("one", "two")) {
            var library =
                    new TestJar()
                            .source(
                                    "lib.Version",
                                    "package lib; public class Version { public static String"
                                            + " text() { return \""
                                            + version
                                            + "\"; } }")
                            .write(plugin(version + "/lib.jar"));
            directory(
                            "demo.Dir" + version,
                            "public String toString() { return lib.Version.text(); }")
                    .against(library)
                    .write(plugin(version + "/plugin.jar"));
        }
        try (var plugins = scan()) {
            assertEquals(List.of(), plugins.broken());
            assertEquals("one", make(plugins, "dirone").toString());
            assertEquals("two", make(plugins, "dirtwo").toString());
        }
    }

    @Test
    void aPluginsOwnCopyOfAServerLibraryIsTheOneItSees() throws Exception {
        // The server has org.apache.mina too; the plugin's own one must win.
        var library =
                new TestJar()
                        .source(
                                "org.apache.mina.core.IoUtil",
                                "package org.apache.mina.core; public class IoUtil { public static"
                                        + " String text() { return \"the plugin's\"; } }")
                        .write(plugin("own/mina.jar"));
        directory(
                        "demo.Own",
                        "public String toString() { return org.apache.mina.core.IoUtil.text(); }")
                .against(library)
                .write(plugin("own/plugin.jar"));
        try (var plugins = scan()) {
            assertEquals("the plugin's", make(plugins, "own").toString());
        }
    }

    @Test
    void aPluginSeesNothingOfTheServersButTheInterfaceAndTheLogger() throws Exception {
        directory("demo.Nosy", "").write(plugin("nosy/nosy.jar"));
        try (var plugins = scan()) {
            var loader = make(plugins, "nosy").getClass().getClassLoader();
            assertSame(Plugin.class, loader.loadClass("io.postern.spi.Plugin"));
            assertSame(org.slf4j.Logger.class, loader.loadClass("org.slf4j.Logger"));
            for (var hidden :
                    List.of(
                            "io.postern.plugin.Plugins",
                            "io.postern.engine.Effect",
                            "org.apache.mina.core.buffer.IoBuffer",
                            "org.apache.commons.configuration2.XMLConfiguration",
                            "org.junit.jupiter.api.Test")) {
                assertThrows(ClassNotFoundException.class, () -> loader.loadClass(hidden), hidden);
            }
            assertNull(loader.getResource("io/postern/config/gateway.xsd"));
        }
    }

    @Test
    void aPluginsCopyOfTheInterfaceIsNotUsed() throws Exception {
        directory("demo.Copy", "")
                .entry("io/postern/spi/Plugin.class", "not a class at all")
                .write(plugin("copy/copy.jar"));
        try (var plugins = scan()) {
            assertEquals(List.of(), plugins.broken());
            assertEquals("copy", make(plugins, "copy").name());
        }
    }

    @Test
    void servicesAreThoseOfTheFoldersOwnJars() throws Exception {
        directory("demo.Some", "")
                .entry("META-INF/services/demo.Thing", "demo.Own\n")
                .write(plugin("some/some.jar"));
        try (var plugins = scan()) {
            var loader = make(plugins, "some").getClass().getClassLoader();
            assertEquals(
                    1,
                    java.util.Collections.list(loader.getResources("META-INF/services/demo.Thing"))
                            .size());
            // slf4j-simple's, which is on the server's class path.
            assertFalse(
                    loader.getResources("META-INF/services/org.slf4j.spi.SLF4JServiceProvider")
                            .hasMoreElements());
            assertNull(loader.getResource("META-INF/services/org.slf4j.spi.SLF4JServiceProvider"));
        }
    }

    @Test
    void thePluginsLoaderIsTheThreadsWhileItIsMadeStartedAndClosed() throws Exception {
        directory(
                        "demo.Loader",
                        """
                        private String seen = seen();
                        private static String seen() {
                            return Thread.currentThread().getContextClassLoader()
                                    == Loader.class.getClassLoader() ? "own" : "foreign";
                        }
                        public void start(io.postern.spi.PluginConfig config) { seen += " " + seen(); }
                        public void close() { seen += " " + seen(); }
                        public String toString() { return seen; }
                        """)
                .write(plugin("loader/loader.jar"));
        var before = Thread.currentThread().getContextClassLoader();
        try (var plugins = scan()) {
            var loaded = plugins.make(UserDirectory.class, "loader");
            loaded.start(noSettings());
            loaded.close();
            assertEquals("own own own", loaded.plugin().toString());
        }
        assertSame(before, Thread.currentThread().getContextClassLoader());
    }

    // --- what is refused ---

    @Test
    void aNameThatTwoJarsUseIsRefusedAndBothAreNamed() throws Exception {
        var a = directory("demo.Same", "").write(plugin("a/one.jar"));
        var b = directory("demo.Same", "").write(plugin("b/two.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    a
                            + " and "
                            + b
                            + " hold a <directory> plugin of the same name, \"same\"."
                            + " Keep one of them.",
                    refusal(plugins, "same"));
            assertEquals(1, plugins.broken().size());
        }
    }

    @Test
    void theSameNameForTwoKindsIsFine() throws Exception {
        directory("demo.Same", "").write(plugin("a/one.jar"));
        new TestJar()
                .source("demo.Same", locks("Same"))
                .service(LockCoordinator.class, "demo.Same")
                .write(plugin("b/two.jar"));
        try (var plugins = scan()) {
            assertEquals(List.of(), plugins.broken());
            assertEquals("same", plugins.make(LockCoordinator.class, "same").plugin().name());
        }
    }

    @Test
    void aFolderWithoutAJarIsExplained() throws Exception {
        Files.createDirectories(plugin("empty"));
        try (var plugins = scan()) {
            assertEquals(
                    plugin("empty") + " holds no jar. Put the plugin's jars into it, or remove it.",
                    refusal(plugins, "empty"));
        }
    }

    @Test
    void aJarWithoutServicesIsExplained() throws Exception {
        var jar = new TestJar().entry("hello.txt", "hello").write(plugin("nothing.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " names no plugin in META-INF/services. Ask its author for a plugin of"
                            + " Postern, or remove it.",
                    refusal(plugins, "nothing"));
        }
    }

    @Test
    void aDamagedJarIsExplained() throws Exception {
        Files.createDirectories(plugin("damaged"));
        var jar = Files.writeString(plugin("damaged/damaged.jar"), "this is no jar");
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " cannot be read as a jar (zip END header not found). Copy it again, or"
                            + " remove it.",
                    refusal(plugins, "damaged"));
        }
    }

    @Test
    void aMissingLibraryIsExplained() throws Exception {
        var library =
                new TestJar()
                        .source("lib.Needed", "package lib; public class Needed {}")
                        .write(home.resolve("elsewhere/lib.jar"));
        var jar =
                directory("demo.Lacking", "private final lib.Needed needed = new lib.Needed();")
                        .against(library)
                        .write(plugin("lacking/lacking.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " needs the class lib.Needed, which no jar of its folder holds. Put"
                            + " the library that has it beside the plugin's jar.",
                    refusal(plugins, "lacking"));
        }
    }

    @Test
    void aLibraryThatIsMissingOnlyAtTheStartIsExplained() throws Exception {
        var library =
                new TestJar()
                        .source("lib.Late", "package lib; public class Late { public void x() {} }")
                        .write(home.resolve("elsewhere/lib.jar"));
        var jar =
                directory(
                                "demo.Lacking",
                                "public void start(io.postern.spi.PluginConfig config) {"
                                        + " new lib.Late().x(); }")
                        .against(library)
                        .write(plugin("lacking/lacking.jar"));
        try (var plugins = scan()) {
            var loaded = plugins.make(UserDirectory.class, "lacking");
            var thrown = assertThrows(PluginException.class, () -> loaded.start(noSettings()));
            assertEquals(
                    jar
                            + " needs the class lib.Late, which no jar of its folder holds. Put the"
                            + " library that has it beside the plugin's jar.",
                    thrown.sentence());
        }
    }

    @Test
    void aConstructorThatThrowsIsExplained() throws Exception {
        var jar =
                directory(
                                "demo.Thrower",
                                "public Thrower() { throw new IllegalStateException(\"no luck\"); }")
                        .write(plugin("x/thrower.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " fails when it is loaded (IllegalStateException: no luck). Ask the"
                            + " plugin's author; the log has the details.",
                    refusal(plugins, "thrower"));
        }
    }

    @Test
    void aClassFileOfANewerJavaIsExplained() throws Exception {
        var source = new TestJar().source("demo.Newer", directoryCode("Newer", ""));
        var octets = source.compiled().get("demo/Newer.class");
        octets[7] = 99; // the low octet of major_version
        var jar =
                new TestJar()
                        .entry("demo/Newer.class", octets)
                        .service(UserDirectory.class, "demo.Newer")
                        .write(plugin("newer/newer.jar"));
        var java = Runtime.version().feature();
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " is built for Java 55, and this is Java "
                            + java
                            + ". Run Postern with that Java, or take a build of the plugin for Java "
                            + java
                            + ".",
                    refusal(plugins, "newer"));
        }
    }

    @Test
    void aPluginForAnotherInterfaceIsExplained() throws Exception {
        // Compiled against an interface that has a type which this server's has not.
        var future =
                new TestJar()
                        .source(
                                "io.postern.spi.Future",
                                "package io.postern.spi; public class Future {}")
                        .write(home.resolve("elsewhere/spi.jar"));
        var jar =
                directory("demo.Future", "private final Object x = new io.postern.spi.Future();")
                        .against(future)
                        .write(plugin("future/future.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " is built for another version of Postern's plugin interface"
                            + " (NoClassDefFoundError: io/postern/spi/Future). Take a build of the"
                            + " plugin for this version of Postern.",
                    refusal(plugins, "future"));
        }
    }

    @Test
    void aClassThatIsNoPluginIsExplained() throws Exception {
        var jar =
                new TestJar()
                        .source("demo.Stranger", "package demo; public class Stranger {}")
                        .service(UserDirectory.class, "demo.Stranger")
                        .write(plugin("stranger.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " names a service that it cannot give"
                            + " (io.postern.spi.auth.UserDirectory: demo.Stranger not a"
                            + " subtype). Ask the plugin's author for a whole jar.",
                    refusal(plugins, "stranger"));
        }
    }

    @Test
    void aConstructorThatWantsSomethingIsExplained() throws Exception {
        var jar = directory("demo.Greedy", "public Greedy(int x) {}").write(plugin("greedy.jar"));
        try (var plugins = scan()) {
            assertTrue(
                    refusal(plugins, "greedy")
                            .startsWith(
                                    jar
                                            + " names a class without a public constructor that"
                                            + " takes nothing"),
                    refusal(plugins, "greedy"));
        }
    }

    @Test
    void aNameThatDoesNotFitIsExplained() throws Exception {
        var jar =
                directory("demo.Odd", "public String name() { return \"Odd Name\"; }")
                        .write(plugin("odd.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + ": demo.Odd calls itself \"Odd Name\". A plugin's name has lower-case"
                            + " letters, digits and hyphens only.",
                    refusal(plugins, "odd"));
        }
    }

    @Test
    void oneBadEntryDoesNotHideTheGoodOneBehindIt() throws Exception {
        var good = directoryCode("Good", "");
        new TestJar()
                .source("demo.Good", good)
                .service(UserDirectory.class, "demo.Missing", "demo.Good")
                .write(plugin("both.jar"));
        try (var plugins = scan()) {
            assertEquals("good", make(plugins, "good").name());
            assertEquals(1, plugins.broken().size());
            assertTrue(refusal(plugins, "missing").contains("Provider demo.Missing not found"));
        }
    }

    @Test
    void anUnknownNameIsAnsweredWithWhatThereIs() throws Exception {
        directory("demo.Some", "").write(plugin("some.jar"));
        Files.createDirectories(plugin("empty"));
        try (var plugins = scan()) {
            var words = refusal(plugins, "same");
            assertTrue(words.startsWith("there is no plugin \"same\" of this kind. "), words);
            assertTrue(words.contains("some"), words);
            assertTrue(words.contains(plugin("same").toString()), words);
            assertTrue(words.endsWith(plugin("empty") + " holds no jar."), words);
            assertNotEquals(words, refusal(plugins, "empty"));
        }
    }

    // --- descriptors ---

    @Test
    void aJarSaysWhatItIs() throws Exception {
        directory("demo.Some", "")
                .entry(
                        Descriptor.FILE,
                        "name=users\nversion=1.2\nspi=1.0\nauthor=Zo\u00eb Example\nlater=x\n")
                .write(plugin("some/some.jar"));
        directory("demo.Bare", "").write(plugin("bare.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    "users 1.2 by Zo\u00eb Example, for plugin interface 1.0",
                    found(plugins, "some").descriptor().orElseThrow().shown());
            assertTrue(found(plugins, "bare").descriptor().isEmpty());
        }
    }

    @Test
    void aJarForAnotherVersionOfTheInterfaceIsRefusedBeforeAClassOfItIsLoaded() throws Exception {
        System.clearProperty("postern.test.loaded");
        var code = "static { System.setProperty(\"postern.test.loaded\", \"yes\"); }";
        for (var spi : List.of("2.0", "1.1 to 1.4", "0.9")) {
            var jar =
                    directory("demo.Other", code)
                            .entry(Descriptor.FILE, "name=o\nversion=1\nspi=" + spi + "\n")
                            .write(plugin("other.jar"));
            try (var plugins = scan()) {
                assertEquals(
                        jar
                                + " is for version "
                                + spi
                                + " of the plugin interface, and this server has 1.0. "
                                + (spi.equals("0.9")
                                        ? "Take a later release of the plugin."
                                        : "Take an earlier release of the plugin, or a later one"
                                                + " of Postern."),
                        refusal(plugins, "other"));
            }
        }
        assertNull(System.getProperty("postern.test.loaded"));
        directory("demo.Other", code)
                .entry(Descriptor.FILE, "name=o\nversion=1\nspi=0.9 to 1.4\n")
                .write(plugin("other.jar"));
        try (var plugins = scan()) {
            assertEquals("other", make(plugins, "other").name());
        }
        assertEquals("yes", System.getProperty("postern.test.loaded"));
    }

    @Test
    void aDescriptorThatCannotBeUsedIsExplained() throws Exception {
        for (var bad :
                Map.of(
                                "name=o\nspi=1.0",
                                "version is missing",
                                "name=o\nversion=1\nspi=one",
                                "\"one\" is no version like 1.0",
                                "name=o\nversion=1\nspi=1.4 to 1.0",
                                "\"1.4 to 1.0\" ends before it begins",
                                "name=o\\u00zz",
                                "Malformed \\uxxxx encoding.")
                        .entrySet()) {
            var jar =
                    directory("demo.Other", "")
                            .entry(Descriptor.FILE, bad.getKey())
                            .write(plugin("other.jar"));
            try (var plugins = scan()) {
                assertEquals(
                        Descriptor.FILE
                                + " of "
                                + jar
                                + " cannot be used ("
                                + bad.getValue()
                                + "). Ask the plugin's author for a whole jar.",
                        refusal(plugins, "other"));
            }
        }
    }

    // --- what does not behave ---

    @Test
    void aConstructorThatThrowsAnErrorHarmsNoOtherPlugin() throws Exception {
        directory("demo.Good", "").write(plugin("good.jar"));
        var jar =
                directory("demo.Thrower", "public Thrower() { throw new AssertionError(\"no\"); }")
                        .write(plugin("thrower.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " fails when it is loaded (AssertionError: no). Ask the plugin's"
                            + " author; the log has the details.",
                    refusal(plugins, "thrower"));
            assertEquals("good", make(plugins, "good").name());
        }
    }

    @Test
    void settingsOfNullAreExplained() throws Exception {
        var jar =
                directory(
                                "demo.Bare",
                                "public java.util.List<io.postern.spi.Setting> settings() {"
                                        + " return null; }")
                        .write(plugin("bare.jar"));
        try (var plugins = scan()) {
            assertEquals(
                    jar
                            + " fails when it is loaded (NullPointerException: settings of null)."
                            + " Ask the plugin's author; the log has the details.",
                    refusal(plugins, "bare"));
        }
    }

    @Test
    void aConstructorThatNeverEndsHarmsNoOtherPlugin() throws Exception {
        directory("demo.Good", "").write(plugin("good.jar"));
        var jar =
                directory(
                                "demo.Stuck",
                                "public Stuck() throws Exception {"
                                        + " new java.util.concurrent.CountDownLatch(1).await(); }")
                        .write(plugin("stuck.jar"));
        try (var plugins = Plugins.scan(home.resolve("plugins"), Duration.ofSeconds(1))) {
            assertEquals(
                    jar
                            + ": demo.Stuck does not come to an end when it is made or asked for its"
                            + " settings. Ask the plugin's author: neither may wait for anything.",
                    refusal(plugins, "stuck"));
            assertEquals("good", make(plugins, "good").name());
        }
    }

    @Test
    void aStartThatNeverEndsIsExplained() throws Exception {
        var jar =
                directory(
                                "demo.Stuck",
                                "public void start(io.postern.spi.PluginConfig config)"
                                        + " throws InterruptedException {"
                                        + " new java.util.concurrent.CountDownLatch(1).await(); }")
                        .write(plugin("stuck.jar"));
        try (var plugins = scan()) {
            var loaded = plugins.make(UserDirectory.class, "stuck");
            var thrown =
                    assertThrows(
                            PluginException.class,
                            () -> loaded.start(noSettings(), Duration.ofMillis(50)));
            assertEquals(
                    jar
                            + ": the start of stuck took longer than PT0.05S. See whether what it"
                            + " needs can be reached, or raise <plugin-start>.",
                    thrown.sentence());
        }
    }

    @Test
    void aThreadThatIsLeftBehindIsNamed() throws Exception {
        directory(
                        "demo.Leaky",
                        """
                        private Thread thread;
                        public void start(io.postern.spi.PluginConfig config) {
                            thread = new Thread(() -> {
                                try {
                                    new java.util.concurrent.CountDownLatch(1).await();
                                } catch (InterruptedException e) {
                                    return;
                                }
                            }, "leaky-worker");
                            thread.start();
                        }
                        public void end() { thread.interrupt(); }
                        """)
                .write(plugin("leaky.jar"));
        try (var plugins = scan()) {
            var loaded = plugins.make(UserDirectory.class, "leaky");
            loaded.start(noSettings());
            loaded.close();
            var loader = (PluginClassLoader) loaded.plugin().getClass().getClassLoader();
            // The thread that closed it may be about to end.
            assertEquals(List.of("leaky-worker"), LeftThreads.of(loader, 5_000));
            loaded.plugin().getClass().getMethod("end").invoke(loaded.plugin());
            assertEquals(List.of(), LeftThreads.of(loader, 20_000));
        }
    }

    // --- copies ---

    @Test
    void aRunningPluginLoadsWhatItNeedsWhenItsJarHasBeenReplaced() throws Exception {
        lazy("one").write(plugin("lazy.jar"));
        try (var plugins = scanCopies()) {
            var running = make(plugins, "lazy");
            Files.writeString(plugin("lazy.jar"), "no jar any more");
            assertEquals("one", running.toString());
            var broken = plugins.again();
            assertTrue(refusal(broken, "lazy").contains("cannot be read as a jar"));
            assertEquals(Map.of("lazy", Plugins.Change.REMOVED), broken.since(plugins));
            lazy("two").write(plugin("lazy.jar"));
            var next = plugins.again();
            assertEquals("two", make(next, "lazy").toString());
            assertEquals("one", make(plugins, "lazy").toString());
            assertEquals(Map.of("lazy", Plugins.Change.REPLACED), next.since(plugins));
            next.close();
        }
        try (var left = Files.list(home.resolve("state/loaded"))) {
            assertEquals(List.of(), left.toList(), "copies that stayed behind");
        }
    }

    @Test
    void whatHasNotChangedIsNotLoadedAgain() throws Exception {
        lazy("one").write(plugin("lazy.jar"));
        try (var plugins = scanCopies()) {
            // Other octets, or the same ones copied again: only the former is a change.
            Files.copy(plugin("lazy.jar"), plugin("lazy.jar").resolveSibling("other.tmp"));
            Files.move(
                    plugin("other.tmp"),
                    plugin("lazy.jar"),
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            directory("demo.Fresh", "").write(plugin("fresh/fresh.jar"));
            var next = plugins.again();
            assertSame(found(plugins, "lazy"), found(next, "lazy"));
            assertEquals(Map.of("fresh", Plugins.Change.ADDED), next.since(plugins));
            next.close();
        }
    }

    @Test
    void copiesOfAServerThatWasKilledAreSweptAway() throws Exception {
        lazy("one").write(plugin("lazy.jar"));
        var old = Files.createDirectories(home.resolve("state/loaded/of-a-dead-server/1"));
        Files.writeString(old.resolve("lazy.jar"), "octets");
        Files.createFile(old.resolveSibling("lock"));
        try (var one = scanCopies();
                var other = scanCopies()) {
            assertTrue(Files.notExists(old));
            assertEquals("one", make(one, "lazy").toString());
            assertEquals("one", make(other, "lazy").toString());
        }
    }

    // --- jars that list their plugins ---

    @Test
    void aJarThatListsItsPluginsIsOpenedWhenOneIsAskedFor() throws Exception {
        listed("demo.Quiet", "quiet").write(plugin("quiet/quiet.jar"));
        directory("demo.Plain", "").write(plugin("plain.jar"));
        try (var plugins = scanCopies()) {
            assertTrue(plugins.found().stream().noneMatch(one -> one.name().equals("quiet")));
            assertEquals("plain", make(plugins, "plain").name());
            assertTrue(plugins.found().stream().noneMatch(one -> one.name().equals("quiet")));
            assertEquals("quiet", make(plugins, "quiet").name());
            assertEquals(
                    1, plugins.found().stream().filter(one -> one.name().equals("quiet")).count());
            var next = plugins.again();
            assertSame(found(plugins, "quiet"), found(next, "quiet"));
            assertEquals(Map.of(), next.since(plugins));
            next.close();
        }
        try (var plugins = scan()) {
            assertEquals("quiet", found(plugins, "quiet").name());
        }
    }

    /** Only the constructor could tell: a jar that is not asked for is not looked into. */
    @Test
    void aJarThatListsItsPluginsCannotHoldUpAServerThatDoesNotUseThem() throws Exception {
        listed("demo.Sour", "sour", "public Sour() { throw new IllegalStateException(\"sour\"); }")
                .write(plugin("sour.jar"));
        try (var plugins = scanCopies()) {
            assertEquals(List.of(), plugins.broken());
            assertTrue(refusal(plugins, "sour").contains("sour"));
            assertEquals(1, plugins.broken().size());
        }
    }

    @Test
    void aListThatIsWrongIsFoundOut() throws Exception {
        listed("demo.Named", "other").write(plugin("wrong.jar"));
        listed("demo.Third", "third").write(plugin("third.jar"));
        try (var plugins = scanCopies()) {
            var words = refusal(plugins, "other");
            assertTrue(words.contains("there is no plugin \"other\""), words);
            assertTrue(words.contains("Use one of: named, third"), words);
        }
        directory("demo.Odd", "")
                .entry(Descriptor.FILE, "name=o\nversion=1\nspi=1.0\nplugins=odd Odd\n")
                .write(plugin("odd.jar"));
        try (var plugins = scanCopies()) {
            var words = refusal(plugins, "odd");
            assertTrue(words.contains("\"Odd\" in plugins is no name of a plugin"), words);
        }
    }

    @Test
    void aNameThatTwoJarsUseIsRefusedWhereOneOfThemListsIt() throws Exception {
        listed("demo.Same", "same").write(plugin("a.jar"));
        directory("demo.Same", "").write(plugin("b.jar"));
        try (var plugins = scanCopies()) {
            var words = refusal(plugins, "same");
            assertTrue(words.contains("a.jar and "), words);
            assertTrue(words.contains("b.jar hold a <directory> plugin"), words);
            assertEquals(words, refusal(plugins, "same"));
        }
    }

    /** Somebody put a jar of his own beside one that lists its plugins. */
    @Test
    void aJarThatListsNothingIsLookedIntoWhateverIsBesideIt() throws Exception {
        listed("demo.Quiet", "quiet").write(plugin("both/quiet.jar"));
        directory("demo.Own", "").write(plugin("both/own.jar"));
        try (var plugins = scanCopies()) {
            assertEquals("own", make(plugins, "own").name());
            assertEquals("quiet", make(plugins, "quiet").name());
        }
    }

    private static TestJar listed(String type, String names, String... members) {
        return directory(type, String.join("", members))
                .entry(Descriptor.FILE, "name=o\nversion=1\nspi=1.0\nplugins=" + names + "\n");
    }

    /** It loads a second class of its jar when it is asked. */
    private static TestJar lazy(String text) {
        return directory("demo.Lazy", "public String toString() { return Late.TEXT.toString(); }")
                .source(
                        "demo.Late",
                        "package demo; class Late { static final Object TEXT = new StringBuilder(\""
                                + text
                                + "\"); }");
    }

    private Plugins scanCopies() throws Exception {
        return Plugins.scanCopies(home.resolve("plugins"), home.resolve("state/loaded"));
    }

    // --- the parts ---

    private Plugins scan() {
        return Plugins.scan(home.resolve("plugins"));
    }

    private Path plugin(String name) {
        return home.resolve("plugins").resolve(name);
    }

    private PluginConfig noSettings() {
        return new PluginConfig(List.of(), Map.of(), home, home);
    }

    private static Found found(Plugins plugins, String name) {
        return plugins.found().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static UserDirectory make(Plugins plugins, String name) throws PluginException {
        return plugins.make(UserDirectory.class, name).plugin();
    }

    private static String refusal(Plugins plugins, String name) {
        return assertThrows(PluginException.class, () -> make(plugins, name)).sentence();
    }

    /** A jar with one user directory. */
    private static TestJar directory(String type, String members) {
        var simple = type.substring(type.lastIndexOf('.') + 1);
        return new TestJar()
                .source(type, directoryCode(simple, members))
                .service(UserDirectory.class, type);
    }

    private static String directoryCode(String simple, String members) {
        return "package demo; public class "
                + simple
                + " implements "
                + PasswordDirectory.class.getName()
                + " { public "
                + Verdict.class.getName()
                + " verify(String name, "
                + Secret.class.getName()
                + " password) { return null; } "
                + members
                + " }";
    }

    private static String locks(String simple) {
        return """
        package demo;
        import io.postern.spi.lock.*;
        import io.postern.spi.store.MaildropId;
        public class %s implements LockCoordinator {
            public Scope scope() { return Scope.JVM; }
            public Acquisition tryAcquire(MaildropId id, LockOwner owner, java.time.Duration wait) {
                return new Acquisition.Unavailable("a test", null);
            }
            public void revoke(MaildropId id) {}
        }
        """
                .formatted(simple);
    }
}
