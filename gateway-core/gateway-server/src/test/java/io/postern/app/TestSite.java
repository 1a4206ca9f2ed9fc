package io.postern.app;

import io.postern.plugin.TestJar;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.UserDirectory;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** An installation with plugins that are made here, and a way to run commands in it. */
final class TestSite {
    /** USER and PASS. Says in a system property when it is started and closed. */
    private static final String WORDS =
            """
            package demo;
            import io.postern.spi.*;
            import io.postern.spi.auth.*;
            public class Words implements AuthMechanism {
                public Command command() { return Command.USER_PASS; }
                public String mechanism() { return "USER"; }
                public boolean plaintext() { return true; }
                public boolean servedBy(UserDirectory directory) {
                    return directory instanceof PasswordDirectory;
                }
                public void start(PluginConfig config) { Life.note("words+"); }
                public void close() { Life.note("words-"); }
                public AuthExchange begin(AuthContext context) {
                    return response -> {
                        var text = new String(response, java.nio.charset.StandardCharsets.UTF_8);
                        var nul = text.indexOf('\\0');
                        return context.checkPassword(
                                text.substring(0, nul), Secret.of(text.substring(nul + 1)));
                    };
                }
            }
            """;

    /** Everybody has the password that is set. */
    private static final String ANYBODY =
            """
            package demo;
            import io.postern.spi.*;
            import io.postern.spi.auth.*;
            import java.util.List;
            public class Anybody implements PasswordDirectory, PasswordHasher {
                private Secret password;
                // more
                public List<Setting> settings() {
                    return List.of(
                            Setting.required("password", Setting.Kind.SECRET, "Of everybody."),
                            Setting.optional("trouble", Setting.Kind.TEXT, "How start fails."));
                }
                public void start(PluginConfig config) throws Fault {
                    Life.note("anybody+");
                    password = config.secret("password");
                    switch (config.optionalText("trouble").orElse("")) {
                        case "setting" -> throw new SettingException("password",
                                "\\"" + new String(password.chars()) + "\\" is too short", "Be longer.");
                        case "fault" -> throw Fault.temporary("the server is away",
                                new java.io.IOException("nobody answers"));
                        case "defect" -> throw new IllegalStateException("it is broken");
                        case "link" -> throw new NoClassDefFoundError("lib/Missing");
                        default -> { }
                    }
                }
                public void close() {
                    Life.note("anybody-");
                    Last.word();
                }
                static class Last { // loaded when it is closed
                    static void word() { System.setProperty("postern.test.last", "word"); }
                }
                public Verdict verify(String name, Secret given) {
                    System.setProperty("postern.test.version", "VERSION");
                    return given.matches(password.octets())
                            ? new Verdict.Accepted(new User(name))
                            : new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
                }
                public List<String> schemes() { return List.of("REVERSED", "SHORT"); }
                public String hash(String scheme, Secret password) {
                    if (scheme.equals("SHORT") && password.length() > 3) {
                        throw new IllegalArgumentException("it has more than 3 octets");
                    }
                    return "{" + scheme + "}" + new StringBuilder(
                            new String(password.chars())).reverse();
                }
            }
            """;

    /** Knows users, and can do nothing for them. */
    private static final String NOBODY =
            """
            package demo;
            public class Nobody implements io.postern.spi.auth.UserDirectory {}
            """;

    private static final String LIFE =
            """
            package demo;
            class Life {
                static void note(String word) {
                    System.setProperty("postern.test.life",
                            System.getProperty("postern.test.life", "") + " " + word);
                }
            }
            """;

    private final Path home;

    /** What a command came to. */
    record Ended(int code, String out, String err) {}

    TestSite(Path home) {
        this.home = home;
        new TestJar()
                .source("demo.Words", WORDS)
                .source("demo.Life", LIFE)
                .service(AuthMechanism.class, "demo.Words")
                .write(home.resolve("plugins/words/words.jar"));
        directories("").write(home.resolve("plugins/directories.jar"));
        System.clearProperty("postern.test.life");
    }

    /**
     * The jar of the two directories.
     *
     * @param members of the class {@code Anybody}, beside its own
     */
    static TestJar directories(String members) {
        return directories(members, "none");
    }

    /**
     * @param version what the system property {@code postern.test.version} says after a login
     */
    static TestJar directories(String members, String version) {
        return new TestJar()
                .source(
                        "demo.Anybody",
                        ANYBODY.replace("// more", members).replace("VERSION", version))
                .source("demo.Nobody", NOBODY)
                .source("demo.Life", LIFE)
                .service(UserDirectory.class, "demo.Anybody", "demo.Nobody");
    }

    /** What plugins were started and closed, in order. */
    static String life() {
        return System.getProperty("postern.test.life", "").strip();
    }

    /** A configuration that is good. Its mechanism is on line 7, its directory on line 11. */
    static String good(int port) {
        return """
        <gateway>
          <listeners>
            <listener address="127.0.0.1" port="%d" allow-plaintext="true"/>
          </listeners>
          <limits><drain>PT5S</drain></limits>
          <authentication>
            <mechanism plugin="words"/>
          </authentication>
          <realms>
            <realm name="main">
              <directory plugin="anybody"><password>${file:UTF-8:secret}</password></directory>
              <store plugin="memory"><load>mail</load></store>
            </realm>
          </realms>
        </gateway>
        """
                .formatted(port);
    }

    TestSite config(String xml) throws IOException {
        Files.createDirectories(home.resolve("conf"));
        Files.writeString(home.resolve("conf/gateway.xml"), xml);
        Files.writeString(home.resolve("secret"), "hunter2\n");
        var mail = Files.createDirectories(home.resolve("mail/alice"));
        Files.writeString(mail.resolve("1.eml"), "Subject: one\n\n.dot\n");
        return this;
    }

    /** Runs a command in this installation and waits for its end. */
    Ended run(String... args) {
        var out = new StringWriter();
        var err = new StringWriter();
        var code = execute(new PrintWriter(out, true), new PrintWriter(err, true), args);
        return new Ended(code, out.toString(), err.toString());
    }

    int execute(PrintWriter out, PrintWriter err, String... args) {
        var all = new String[args.length + 1];
        System.arraycopy(args, 0, all, 0, args.length);
        all[args.length] = "--home=" + home;
        return Main.commandLine().setOut(out).setErr(err).execute(all);
    }
}
