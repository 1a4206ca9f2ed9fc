package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.plugin.TestJar;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.UserDirectory;
import io.postern.tls.TestAuthority;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The commands that start nothing. */
class CommandsTest {
    @TempDir private Path home;
    private TestSite site;

    @BeforeEach
    void anInstallation() {
        site = new TestSite(home);
    }

    // --- check ---

    @Test
    void checkSumsAGoodConfigurationUp() throws Exception {
        var ended = site.config(TestSite.good(1100)).run("check");
        assertEquals("", ended.err());
        assertEquals(
                """
                configuration is good: %s
                  listeners   127.0.0.1 port 1100
                  mechanisms  words
                  locks       local
                  realm       main (default): users in anybody, mail in memory
                not looked at: servers that plugins ask, and whether the ports are free; "postern check --start" tries both
                """
                        .formatted(home.resolve("conf/gateway.xml")),
                ended.out());
        assertEquals(ExitCode.OK, ended.code());
        assertEquals("", TestSite.life(), "nothing is started");
    }

    @Test
    void checkTellsAllProblemsOfTheFileAndOfThePluginsInTheFilesOrder() throws Exception {
        var ended =
                site.config(
                                TestSite.good(1100)
                                        .replace("<listeners>", "<typo/><listeners>")
                                        .replace("plugin=\"words\"", "plugin=\"wrods\"")
                                        .replace("<password>${file:UTF-8:secret}</password>", "")
                                        .replace("<load>mail</load>", "<laod>mail</laod>"))
                        .run("check");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        var file = home.resolve("conf/gateway.xml");
        var lines = ended.err().lines().toList();
        assertEquals(5, lines.size(), ended.err());
        assertTrue(lines.get(0).startsWith(file + ":2: typo: there is no such element"));
        assertTrue(
                lines.get(1).startsWith(file + ":7: mechanism: there is no plugin \"wrods\""),
                lines.get(1));
        assertEquals(
                file + ":11: password: it is missing. Add <password>: Of everybody.", lines.get(2));
        assertEquals(
                file
                        + ":12: laod: there is no such setting here. Remove it, or use one of:"
                        + " load.",
                lines.get(3));
        assertEquals("4 problems", lines.get(4));
    }

    @Test
    void aBrokenPluginThatIsNamedIsAProblem() throws Exception {
        var jar = Files.writeString(home.resolve("plugins/bad.jar"), "no jar");
        var ended = site.config(TestSite.good(1100).replace("\"memory\"", "\"bad\"")).run("check");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertEquals(
                home.resolve("conf/gateway.xml")
                        + ":12: store: "
                        + jar
                        + " cannot be read as a jar (zip END header not found). Copy it again, or"
                        + " remove it.",
                ended.err().lines().findFirst().orElse(""));
    }

    @Test
    void aBrokenPluginThatNobodyNamesIsAWarning() throws Exception {
        var jar = Files.writeString(home.resolve("plugins/bad.jar"), "no jar");
        var ended = site.config(TestSite.good(1100)).run("check");
        assertEquals(ExitCode.OK, ended.code());
        assertTrue(
                ended.out().contains("warning: a plugin that nobody names: " + jar + " cannot"),
                ended.out());
    }

    /** A directory whose check does this. */
    private TestSite.Ended checking(String what) throws Exception {
        TestSite.directories(
                        """
                        public void check(PluginConfig config, Findings findings) throws Fault {
                            var word = new String(config.secret("password").chars());
                            %s
                        }
                        """
                                .formatted(what))
                .write(home.resolve("plugins/directories.jar"));
        return site.config(TestSite.good(1100)).run("check");
    }

    @Test
    void whatAPluginsCheckFindsIsToldWithItsLineAndNothingIsStarted() throws Exception {
        var file = home.resolve("conf/gateway.xml");
        var problem = "new SettingException(\"password\", word + \" is short\", \"Be longer.\")";
        var told = file + ":11: password: ${file:UTF-8:secret} is short. Be longer.";
        for (var way : List.of("findings.problem(" + problem + ");", "throw " + problem + ";")) {
            var ended = checking(way);
            assertEquals(told + "\n1 problem\n", ended.err(), way);
            assertEquals(ExitCode.CONFIGURATION, ended.code(), way);
        }
        var both = checking("findings.problem(" + problem + "); throw " + problem + ";");
        assertEquals(told + "\n" + told + "\n2 problems\n", both.err());
        var warned = checking("findings.warning(" + problem + ");");
        assertEquals(ExitCode.OK, warned.code(), warned.err());
        assertTrue(warned.out().contains("\nwarning: " + told + "\n"), warned.out());
        assertEquals("", TestSite.life(), "nothing is started");
    }

    @Test
    void aCheckThatFailsIsAProblemOfItsPlace() throws Exception {
        var place = home.resolve("conf/gateway.xml") + ":11: directory: ";
        var failed = checking("throw Fault.temporary(\"the disk is away\", null);");
        assertTrue(failed.err().startsWith(place + "it cannot be checked: the disk"), failed.err());
        assertEquals(ExitCode.CONFIGURATION, failed.code());
        for (var defect : List.of("IllegalStateException", "StackOverflowError")) {
            var ended = checking("throw new " + defect + "();");
            assertTrue(
                    ended.err().startsWith(place + "it cannot be checked, it has a defect: java."),
                    ended.err());
            assertEquals(ExitCode.CONFIGURATION, ended.code());
        }
        var linked = checking("throw new NoClassDefFoundError(\"lib/Missing\");");
        assertTrue(linked.err().contains("lib.Missing"), linked.err());
        assertEquals(ExitCode.CONFIGURATION, linked.code());
    }

    @Test
    void aPluginWithABadSettingIsNotAskedAndTheOthersAre() throws Exception {
        var good = TestSite.good(1100);
        checking("findings.problem(new SettingException(\"password\", \"it is bad\", \"Go.\"));");
        var ended = site.config(good.replace("<load>", "<laod/><load>")).run("check");
        assertTrue(ended.err().contains(":11: password: it is bad. Go."), ended.err());
        assertTrue(ended.err().contains(":12: laod: there is no such setting"), ended.err());
        assertTrue(ended.err().endsWith("2 problems\n"), ended.err());
        var missing = site.config(good.replaceAll("<password>.*</password>", "")).run("check");
        assertTrue(missing.err().endsWith("1 problem\n"), missing.err());
    }

    @Test
    void aMechanismThatNoDirectoryServesIsAProblem() throws Exception {
        var ended =
                site.config(
                                TestSite.good(1100)
                                        .replaceAll(
                                                "<directory.*</directory>",
                                                "<directory plugin=\"nobody\"/>"))
                        .run("check");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(
                ended.err()
                        .contains(":7: mechanism: no directory of any realm can serve \"words\""),
                ended.err());
    }

    /** The good configuration with TLS: its listener is on line 3, its identity on line 5. */
    private String withTls(String identity) {
        return TestSite.good(1100)
                .replace("allow-plaintext=\"true\"", "tls=\"starttls\"")
                .replace("</listeners>", "</listeners><tls>\n" + identity + "</tls>");
    }

    private static final String PAIR = "<identity certificate=\"a.pem\" key=\"b.pem\"/>";

    @Test
    void aListenerWhereNobodyCouldLogInIsAProblem() throws Exception {
        var ended =
                site.config(TestSite.good(1100).replace(" allow-plaintext=\"true\"", ""))
                        .run("check");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(
                ended.err().startsWith(home.resolve("conf/gateway.xml") + ":3: listener: nobody"),
                ended.err());
    }

    /** TLS may end at the proxy; so passwords are enough. */
    @Test
    void aListenerForAProxyNeedsNoTlsOfItsOwn() throws Exception {
        var ended =
                site.config(
                                TestSite.good(1100)
                                        .replace(
                                                " allow-plaintext=\"true\"/>",
                                                "><proxy-protocol from=\"192.0.2.10\"/></listener>"))
                        .run("check");
        assertEquals(ExitCode.OK, ended.code(), ended.err());
    }

    @Test
    void checkLooksAtKeysAndCertificates() throws Exception {
        var authority = new TestAuthority("authority");
        var soon = Instant.now().plus(Duration.ofDays(3));
        var one = authority.issue("EC", Instant.now(), soon, "mail.example").write(home);
        Files.move(one.certificate(), home.resolve("a.pem"));
        Files.move(one.key(), home.resolve("b.pem"));
        Files.setPosixFilePermissions(
                home.resolve("b.pem"), PosixFilePermissions.fromString("rw-r--r--"));
        var good = site.config(withTls(PAIR)).run("check");
        assertEquals(ExitCode.OK, good.code(), good.err());
        assertTrue(good.out().contains("127.0.0.1 port 1100 with STLS"), good.out());
        assertTrue(
                good.out().contains("warning: the certificate in " + home.resolve("a.pem")),
                good.out());
        assertTrue(good.out().contains("warning: every user of this machine"), good.out());

        authority.issue("EC", "other.example").write(home);
        Files.move(
                home.resolve("privkey.pem"),
                home.resolve("b.pem"),
                StandardCopyOption.REPLACE_EXISTING);
        for (var command : new String[] {"check", "run"}) {
            var bad = site.run(command);
            assertEquals(ExitCode.CONFIGURATION, bad.code());
            assertEquals(
                    home.resolve("conf/gateway.xml")
                            + ":5: key: "
                            + home.resolve("b.pem")
                            + " is not the key of the first certificate in "
                            + home.resolve("a.pem")
                            + ". Give the key that belongs to it; the server's own certificate"
                            + " comes first.\n1 problem\n",
                    bad.err());
        }
    }

    @Test
    void aTrustFileThatIsNotThereIsAProblem() throws Exception {
        var ended =
                site.config(
                                withTls("<identity self-signed=\"true\"/>")
                                        .replace(
                                                "tls=\"starttls\"",
                                                "tls=\"starttls\" client-trust=\"ca.pem\""
                                                        + " client-certificates=\"optional\""))
                        .run("check");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(ended.err().contains(":3: client-trust: there is no file"), ended.err());
    }

    @Test
    void aMechanismForAnotherVersionOfTheInterfaceIsAProblem() throws Exception {
        // The class lacks a method that the interface asks for, as one that was built earlier does.
        new TestJar()
                .source(
                        "io.postern.spi.auth.AuthMechanism",
                        """
                        package io.postern.spi.auth;
                        public interface AuthMechanism extends io.postern.spi.Plugin {}
                        """)
                .source(
                        "demo.Early",
                        """
                        package demo;
                        public class Early implements io.postern.spi.auth.AuthMechanism {}
                        """)
                .service(AuthMechanism.class, "demo.Early")
                .write(home.resolve("plugins/early.jar"));
        var ended = site.config(TestSite.good(1100).replace("\"words\"", "\"early\"")).run("check");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(
                ended.err()
                        .contains(
                                ":7: mechanism: a mechanism is built for another version of"
                                        + " Postern's plugin interface ("),
                ended.err());
    }

    @Test
    void twoMechanismsForOneCommandAreAProblem() throws Exception {
        var once = "<mechanism plugin=\"words\"/>";
        var ended = site.config(TestSite.good(1100).replace(once, once + once)).run("check");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(
                ended.err().contains(":7: mechanism: two plugins for USER_PASS: words, words."),
                ended.err());
    }

    @Test
    void anotherFileCanBeNamed() throws Exception {
        var other = Files.writeString(home.resolve("other.xml"), "<gateway/>");
        var ended = site.config(TestSite.good(1100)).run("check", "--config=" + other);
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(ended.err().startsWith(other + ":1: listeners: it is missing."), ended.err());
    }

    // --- passwd ---

    @Test
    void passwdTakesTheFirstLineOfTheStandardInput() {
        assertEquals("{REVERSED}2retnuh\n", passwd("hunter2\nmore\n").out());
        assertEquals("{REVERSED}2retnuh\n", passwd("hunter2\r\n").out());
        assertEquals("{REVERSED}2retnuh\n", passwd("hunter2").out());
        assertEquals("{REVERSED}\u00fc \n", passwd(" \u00fc\n").out());
        assertEquals("{SHORT}cba\n", passwd("abc", "--scheme=SHORT").out());
    }

    @Test
    void passwdRefusesWhatItCannotKeepAndShowsNoPassword() {
        for (var ended :
                new TestSite.Ended[] {
                    passwd("\n"),
                    passwd(""),
                    passwd("x".repeat(4097)),
                    passwd("hunter2", "--scheme=MD4"),
                    passwd("hunter2", "--scheme=SHORT"),
                    passwd("hunter2", "--directory=nobody")
                }) {
            assertEquals(ExitCode.USAGE, ended.code(), ended.err());
            assertEquals("", ended.out());
            assertFalse(ended.err().contains("hunter2"), ended.err());
        }
        assertTrue(passwd("hunter2", "--scheme=MD4").err().contains("Use one of: REVERSED, SHORT"));
        assertTrue(
                passwd("hunter2", "--scheme=SHORT")
                        .err()
                        .contains("SHORT cannot keep this password: it has more than 3 octets"));
    }

    @Test
    void passwdForADirectoryThatIsNotThereIsTheConfigurationsFault() {
        var ended = passwd("hunter2", "--directory=ldap");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(ended.err().contains("there is no plugin \"ldap\""), ended.err());
    }

    @Test
    void passwdTakesNoPasswordOnTheCommandLine() {
        assertEquals(ExitCode.USAGE, site.run("passwd", "--stdin", "hunter2").code());
    }

    // --- plugins, version, help ---

    @Test
    void pluginsShowsWhatThereIsAndWhatIsBroken() throws Exception {
        Files.createDirectories(home.resolve("plugins/hollow"));
        var ended = site.run("plugins");
        assertEquals(ExitCode.OK, ended.code());
        var out = ended.out();
        assertTrue(out.contains("<mechanism plugin=\"words\">  plugins/words/words.jar\n"), out);
        assertTrue(
                out.contains(
                        """
                        <directory plugin="anybody">  plugins/directories.jar
                            without a descriptor: no version, no author
                            <password>  secret, required. Of everybody.
                            <trouble>  text. How start fails.
                        """),
                out);
        assertTrue(out.contains("<locks plugin=\"local\">  built in\n"), out);
        assertTrue(out.contains("broken: plugins/hollow holds no jar."), out);
    }

    @Test
    void pluginsShowsDescriptorsAndWhatIsTheMatterWithEachBrokenOne() throws Exception {
        var plugins = home.resolve("plugins");
        TestSite.directories("")
                .entry(
                        "META-INF/postern-plugin.properties",
                        "name=two users\nversion=7\nspi=1.0\nauthor=Ann")
                .write(plugins.resolve("directories.jar"));
        TestSite.directories("")
                .entry("META-INF/postern-plugin.properties", "name=x\nversion=1\nspi=4.2")
                .write(plugins.resolve("later.jar"));
        Files.writeString(plugins.resolve("torn.jar"), "no jar");
        var out = site.run("plugins").out();
        assertTrue(
                out.contains(
                        """
                        <directory plugin="anybody">  plugins/directories.jar
                            two users 7 by Ann, for plugin interface 1.0
                        """),
                out);
        assertTrue(
                out.contains(
                        "broken: plugins/later.jar is for version 4.2 of the plugin interface, and"
                                + " this server has 1.0. Take an earlier release of the plugin, or a"
                                + " later one of Postern.\n"),
                out);
        assertTrue(out.contains("broken: plugins/torn.jar cannot be read as a jar"), out);
    }

    @Test
    void checkHoldsSettingsAgainstTheirRangeAndShape() throws Exception {
        new TestJar()
                .source(
                        "demo.Strict",
                        """
                        package demo;
                        import io.postern.spi.*;
                        import java.util.List;
                        public class Strict implements io.postern.spi.auth.PasswordDirectory {
                            public List<Setting> settings() {
                                return List.of(
                                        Setting.withDefault("port", Setting.Kind.NUMBER, "80", "A.")
                                                .between("1", "65535"),
                                        Setting.required("hash", Setting.Kind.TEXT, "B.")
                                                .matching("[0-9a-f]{2}", "2 hexadecimal digits"));
                            }
                            public io.postern.spi.auth.Verdict verify(String name, Secret given) {
                                return null;
                            }
                        }
                        """)
                .service(UserDirectory.class, "demo.Strict")
                .write(home.resolve("plugins/strict.jar"));
        var ended =
                site.config(
                                TestSite.good(1100)
                                        .replaceAll(
                                                "<directory.*</directory>",
                                                "<directory plugin=\"strict\"><port>0</port>\n"
                                                        + "<hash>0x</hash></directory>"))
                        .run("check");
        var file = home.resolve("conf/gateway.xml");
        assertEquals(
                file
                        + ":11: port: \"0\" is not within 1 to 65535. Give one from 1 to 65535.\n"
                        + file
                        + ":12: hash: \"0x\" is not 2 hexadecimal digits. Give 2 hexadecimal"
                        + " digits.\n2 problems\n",
                ended.err());
        var out = site.run("plugins").out();
        assertTrue(out.contains("<port>  number, 1 to 65535, default 80. A."), out);
        assertTrue(out.contains("<hash>  text, required, 2 hexadecimal digits. B."), out);
    }

    // --- jars that are no good ---

    @Test
    void everyBadJarIsOneLineOfPluginsAndOneOfCheckAndHarmsNoOther() throws Exception {
        var said = badJars();
        var listed = site.run("plugins");
        assertEquals(ExitCode.OK, listed.code());
        var broken =
                listed.out()
                        .lines()
                        .filter(line -> line.startsWith("broken: "))
                        .map(line -> line.substring("broken: ".length()))
                        .toList();
        assertEquals(new TreeSet<>(said.values()), new TreeSet<>(broken), listed.out());
        assertEquals(said.size(), broken.size(), listed.out());
        assertTrue(listed.out().contains("<directory plugin=\"anybody\">"), listed.out());

        for (var one : said.entrySet()) {
            var named = "<directory plugin=\"" + one.getKey() + "\"/>";
            var ended =
                    site.config(TestSite.good(1100).replaceAll("<directory.*</directory>", named))
                            .run("check");
            assertEquals(ExitCode.CONFIGURATION, ended.code());
            var line =
                    ended.err()
                            .lines()
                            .findFirst()
                            .orElse("")
                            .replace(home + "/plugins", "plugins");
            assertTrue(line.contains("gateway.xml:11: directory: "), line);
            var sentence = one.getValue();
            assertTrue(line.contains(sentence.substring(0, sentence.indexOf(". "))), line);
            assertEquals("1 problem", ended.err().lines().toList().getLast(), ended.err());
        }
        assertEquals(ExitCode.OK, site.config(TestSite.good(1100)).run("check").code());
    }

    /** The sentence about each, by the name under which it is asked for. */
    private Map<String, String> badJars() throws Exception {
        var said = new LinkedHashMap<String, String>();
        var java = Runtime.version().feature();

        var octets = directory("Newer", "").compiled().get("demo/Newer.class");
        octets[7] = 99; // the low octet of major_version
        new TestJar()
                .entry("demo/Newer.class", octets)
                .service(UserDirectory.class, "demo.Newer")
                .write(jar("newer"));
        said.put(
                "newer",
                "plugins/newer.jar is built for Java 55, and this is Java %1$d. Run Postern with that"
                                .formatted(java)
                        + " Java, or take a build of the plugin for Java %d.".formatted(java));

        directory("Later", "")
                .entry("META-INF/postern-plugin.properties", "name=x\nversion=1\nspi=2.0")
                .write(jar("later"));
        said.put(
                "later",
                "plugins/later.jar is for version 2.0 of the plugin interface, and this server has"
                        + " 1.0. Take an earlier release of the plugin, or a later one of Postern.");

        directory("Twin", "").write(jar("twin-1"));
        directory("Twin", "").write(jar("twin-2"));
        said.put(
                "twin",
                "plugins/twin-1.jar and plugins/twin-2.jar hold a <directory> plugin of the same"
                        + " name, \"twin\". Keep one of them.");

        var library =
                new TestJar()
                        .source("lib.Needed", "package lib; public class Needed {}")
                        .write(home.resolve("elsewhere/lib.jar"));
        directory("Lacking", "private final lib.Needed needed = new lib.Needed();")
                .against(library)
                .write(jar("lacking"));
        said.put(
                "lacking",
                "plugins/lacking.jar needs the class lib.Needed, which no jar of its folder holds. Put"
                        + " the library that has it beside the plugin's jar.");

        var author = " Ask the plugin's author; the log has the details.";
        directory("Thrower", "public Thrower() { throw new IllegalStateException(\"no luck\"); }")
                .write(jar("thrower"));
        said.put(
                "thrower",
                "plugins/thrower.jar fails when it is loaded (IllegalStateException: no luck)."
                        + author);

        directory("Failer", "public Failer() { throw new AssertionError(\"no luck\"); }")
                .write(jar("failer"));
        said.put(
                "failer",
                "plugins/failer.jar fails when it is loaded (AssertionError: no luck)." + author);

        directory(
                        "Bare",
                        "public java.util.List<io.postern.spi.Setting> settings() { return null; }")
                .write(jar("bare"));
        said.put(
                "bare",
                "plugins/bare.jar fails when it is loaded (NullPointerException: settings of null)."
                        + author);

        Files.writeString(jar("torn"), "no jar");
        said.put(
                "torn",
                "plugins/torn.jar cannot be read as a jar (zip END header not found). Copy it again,"
                        + " or remove it.");
        return said;
    }

    private static TestJar directory(String type, String members) {
        return new TestJar()
                .source(
                        "demo." + type,
                        """
                        package demo;
                        public class %s implements io.postern.spi.auth.UserDirectory { %s }
                        """
                                .formatted(type, members))
                .service(UserDirectory.class, "demo." + type);
    }

    private Path jar(String name) {
        return home.resolve("plugins").resolve(name + ".jar");
    }

    // --- new-plugin ---

    @Test
    void newPluginWritesAProjectOfTheTemplateUnderItsOwnNames() throws Exception {
        templates();
        for (var kind : new String[] {"auth", "directory", "policy", "store", "lock"}) {
            var folder = home.resolve("work").resolve(kind);
            var ended =
                    site.run(
                            "new-plugin",
                            kind,
                            "my-own",
                            "--package=com.example.mail",
                            "--folder=" + folder);
            assertEquals(ExitCode.OK, ended.code(), ended.err());
            assertTrue(ended.out().startsWith("written: " + folder + "\n"), ended.out());
            var main = folder.resolve("src/main/java/com/example/mail/MyOwn.java");
            assertTrue(Files.readString(main).startsWith("package com.example.mail;"));
            assertTrue(
                    Files.isRegularFile(
                            folder.resolve("src/test/java/com/example/mail/MyOwnTest.java")));
            try (var files = Files.walk(folder)) {
                for (var file : files.filter(Files::isRegularFile).toList()) {
                    var text = Files.readString(file);
                    assertFalse(text.contains("emplate"), file + "\n" + text);
                    assertFalse(text.matches("(?s).*@[a-z]+@.*"), file + "\n" + text);
                }
            }
        }
        var again =
                site.run("new-plugin", "lock", "my-own", "--folder=" + home.resolve("work/lock"));
        assertEquals(ExitCode.USAGE, again.code());
        assertTrue(again.err().contains("is not empty. Name another with --folder."), again.err());
    }

    @Test
    void newPluginRefusesWhatCouldNotBuildOrLoad() throws Exception {
        templates();
        for (var args :
                new String[][] {
                    {"directory", "My"},
                    {"directory", "a-b"},
                    {"directory", "users-2"},
                    {"directory", "../users"},
                    {"auth", "a-name-that-is-too-long"},
                    {"directory", "users", "--package=Not.One"},
                    {"mailbox", "users"},
                    {"directory"}
                }) {
            var all = new String[args.length + 1];
            all[0] = "new-plugin";
            System.arraycopy(args, 0, all, 1, args.length);
            assertEquals(ExitCode.USAGE, site.run(all).code(), String.join(" ", args));
        }
        assertEquals(
                ExitCode.START,
                execute(
                                "new-plugin",
                                "lock",
                                "mine",
                                "--home=" + home.resolve("nowhere"),
                                "--folder=" + home.resolve("mine"))
                        .code());
    }

    @Test
    void newPluginRefusesTheNameOfAPluginThatIsThereWhateverItsKind() throws Exception {
        templates();
        Files.createDirectories(home.resolve("plugins/broken-one"));
        // A mechanism's, two of one jar, a folder that is no plugin yet, and one that is built in.
        for (var name : List.of("words", "anybody", "nobody", "broken-one", "local")) {
            for (var kind : List.of("directory", "policy", "lock")) {
                var folder = home.resolve("work").resolve(kind + name);
                var ended = site.run("new-plugin", kind, name, "--folder=" + folder);
                assertEquals(ExitCode.USAGE, ended.code(), name);
                assertTrue(
                        ended.err().contains("There is a plugin \"" + name + "\" in "),
                        ended.err());
                assertFalse(Files.exists(folder));
            }
        }
    }

    /** Where the tarball has them. */
    private void templates() throws Exception {
        var from = Path.of("../../plugin-templates");
        try (var files = Files.walk(from)) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                var relative = from.relativize(file);
                if (relative.startsWith("src") || relative.startsWith("project")) {
                    var to = home.resolve("kit/templates").resolve(relative);
                    Files.createDirectories(to.getParent());
                    Files.copy(file, to);
                }
            }
        }
    }

    @Test
    void theVersionIsTheBuilds() {
        for (var args : new String[] {"version", "--version"}) {
            var out = execute(args).out();
            assertTrue(out.matches("Postern [0-9]+\\.[0-9]+.* on Java .*\\R"), out);
        }
    }

    @Test
    void theHelpHasExamplesAndExitCodes() {
        var ended = execute("--help");
        assertEquals(ExitCode.OK, ended.code());
        for (var part : new String[] {"Examples:", "postern check", "Exit codes:"}) {
            assertTrue(ended.out().contains(part), part);
        }
        assertTrue(ended.out().matches("(?s).*\\R +3 +the server .*"), ended.out());
    }

    @Test
    void everyCommandHasHelpThatChangesNothing() throws Exception {
        var before = files();
        for (var words : commands(List.of(), Main.commandLine())) {
            for (var help : new String[] {"--help", "-h"}) {
                var line = new ArrayList<>(words);
                line.add(help);
                var ended = execute(line.toArray(String[]::new));
                assertEquals(ExitCode.OK, ended.code(), line + ended.err());
                assertEquals("", ended.err(), line.toString());
                assertTrue(
                        ended.out().contains("Usage: postern" + spaced(words)), line + ended.out());
            }
        }
        assertEquals(before, files());
        assertEquals("", TestSite.life());
    }

    @Test
    void helpIsACommandToo() {
        var all = execute("help");
        assertEquals(ExitCode.OK, all.code());
        assertEquals(execute("--help").out(), all.out());
        for (var words : commands(List.of(), Main.commandLine())) {
            if (words.size() == 1) {
                var ended = execute("help", words.getFirst());
                assertEquals(ExitCode.OK, ended.code(), ended.err());
                assertEquals(execute(words.getFirst(), "--help").out(), ended.out());
            }
        }
        assertEquals(ExitCode.USAGE, execute("help", "fly").code());
    }

    /** The words of every command, of the program itself none. */
    private static List<List<String>> commands(List<String> above, CommandLine command) {
        var all = new ArrayList<List<String>>();
        all.add(above);
        command.getSubcommands()
                .forEach((name, below) -> {
                    var words = new ArrayList<>(above);
                    words.add(name);
                    all.addAll(commands(words, below));
                });
        return all;
    }

    private static String spaced(List<String> words) {
        return words.stream().map(" "::concat).collect(Collectors.joining());
    }

    private Set<String> files() throws IOException {
        try (var all = Files.walk(home)) {
            return all.map(Path::toString).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    @Test
    void aWrongCommandLineIsCode2AndSaysWhereHelpIs() {
        for (var args : new String[][] {{}, {"fly"}, {"run", "--fast"}, {"check", "it"}}) {
            var ended = execute(args);
            assertEquals(ExitCode.USAGE, ended.code(), String.join(" ", args));
            assertEquals("", ended.out());
            assertTrue(ended.err().contains("--help"), ended.err());
        }
        assertTrue(
                execute("fly")
                        .err()
                        .contains("run, check, passwd, plugins, new-plugin, import, export"));
    }

    private static TestSite.Ended execute(String... args) {
        var out = new StringWriter();
        var err = new StringWriter();
        var code =
                Main.commandLine()
                        .setOut(new PrintWriter(out, true))
                        .setErr(new PrintWriter(err, true))
                        .execute(args);
        return new TestSite.Ended(code, out.toString(), err.toString());
    }

    private TestSite.Ended passwd(String input, String... more) {
        var args = new String[more.length + 2];
        args[0] = "passwd";
        args[1] = "--stdin";
        System.arraycopy(more, 0, args, 2, more.length);
        if (more.length == 0 || !more[0].startsWith("--directory")) {
            args = java.util.Arrays.copyOf(args, args.length + 1);
            args[args.length - 1] = "--directory=anybody";
        }
        var before = System.in;
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            return site.run(args);
        } finally {
            System.setIn(before);
        }
    }
}
