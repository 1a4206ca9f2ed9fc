package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.plugin.TestJar;
import io.postern.spi.auth.AuthMechanism;
import io.postern.tls.TestAuthority;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;

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
                not looked at: what the plugins find when they start, and whether the ports are free
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
                            <password>  secret, required. Of everybody.
                            <trouble>  text. How start fails.
                        """),
                out);
        assertTrue(out.contains("<locks plugin=\"local\">  built in\n"), out);
        assertTrue(out.contains("broken: plugins/hollow holds no jar."), out);
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
        for (var part : new String[] {"Examples:", "postern check", "Exit codes:", "  3   the"}) {
            assertTrue(ended.out().contains(part), part);
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
        assertTrue(execute("fly").err().contains("run, check, passwd, plugins, import, export"));
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
