package io.postern.app;

import io.postern.spi.SpiVersion;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** {@code postern new-plugin}: copies a template of {@code kit/templates} under other names. */
@Command(
        name = "new-plugin",
        description = {
            "Write a Maven project of a plugin that builds, passes its contract, and can be put into"
                    + " plugins/ as it is. Your own code takes the place of what is in it.",
            "auth is a SASL mechanism, directory checks passwords, policy rules on login attempts,"
                    + " store keeps mail, lock gives maildrops to one session at a time."
        })
final class NewPlugin implements Callable<Integer> {
    /** In the templates, the name of the class and of what belongs to it. */
    private static final String TEMPLATE = "Template";

    private static final String TEMPLATE_PACKAGE = "org.example.template.";

    /** The contracts provoke what a plugin logs as a warning. */
    private static final String TEST_LOG = "src/test/resources/simplelogger.properties";

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]+(-[a-z][a-z0-9]+)*");
    private static final Pattern PACKAGE = Pattern.compile("[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*");

    /** Longest name of a SASL mechanism (RFC 4422 §3.1). */
    private static final int LONGEST_MECHANISM = 20;

    @Spec private CommandSpec spec;
    @Mixin private Installation installation;

    @Parameters(
            index = "0",
            paramLabel = "<kind>",
            description = "One of: ${COMPLETION-CANDIDATES}.")
    private Kind kind;

    @Parameters(
            index = "1",
            paramLabel = "<name>",
            description = "By which gateway.xml will ask for it: letters, digits and hyphens.")
    private String name;

    @Option(
            names = "--package",
            paramLabel = "<package>",
            defaultValue = "org.example.postern",
            description = "Of the classes, and the project's group (${DEFAULT-VALUE}).")
    private String javaPackage;

    @Option(
            names = "--folder",
            paramLabel = "<folder>",
            description = "Where to write it; must be empty or absent (the name, here).")
    private Optional<Path> folder;

    /** What a plugin can be, as the command line calls it. */
    enum Kind {
        auth("io.postern.spi.auth.AuthMechanism", "<mechanism plugin=\"@name@\"/>"),
        directory(
                "io.postern.spi.auth.UserDirectory",
                """
                <directory plugin="@name@">
                  <user>alice</user>
                  <password>${file:UTF-8:conf/alice.password}</password>
                </directory>\
                """),
        policy(
                "io.postern.spi.auth.AuthPolicy",
                """
                <policy plugin="@name@">
                  <refuse>root</refuse>
                </policy>\
                """),
        store(
                "io.postern.spi.store.MaildropStore",
                """
                <store plugin="@name@">
                  <load>mail</load>
                </store>\
                """),
        lock("io.postern.spi.lock.LockCoordinator", "<locks plugin=\"@name@\"/>");

        private final String service;
        private final String element;

        Kind(String service, String element) {
            this.service = service;
            this.element = element;
        }
    }

    @Override
    public Integer call() {
        check();
        var templates = installation.home().resolve("kit/templates");
        var project = folder.orElseGet(() -> Path.of(name)).toAbsolutePath().normalize();
        try {
            if (Files.exists(project) && !empty(project)) {
                throw usage(project + " is not empty. Name another with --folder.");
            }
            write(templates, project);
        } catch (NoSuchFileException e) {
            spec.commandLine()
                    .getErr()
                    .println(
                            "postern: "
                                    + e.getFile()
                                    + " is missing. The templates come with the tarball: unpack it"
                                    + " again, or name the installation with --home.");
            return ExitCode.START;
        } catch (IOException e) {
            spec.commandLine().getErr().println("postern: " + project + " cannot be written: " + e);
            return ExitCode.START;
        }
        var out = spec.commandLine().getOut();
        out.println("written: " + project);
        out.println("build it:     mvn -f \"" + project.resolve("pom.xml") + "\" package");
        out.println(
                "put it there: cp -r \""
                        + project.resolve("target").resolve(name)
                        + "\" \""
                        + installation.home().resolve("plugins")
                        + "/\"");
        return ExitCode.OK;
    }

    private void check() {
        if (!NAME.matcher(name).matches()) {
            throw usage(
                    "\""
                            + name
                            + "\" is no name for a plugin: it has lower-case letters, digits and"
                            + " hyphens, and each part between hyphens begins with a letter and has"
                            + " two characters or more.");
        }
        if (kind == Kind.auth && name.length() > LONGEST_MECHANISM) {
            throw usage(
                    "The name of a SASL mechanism has at most "
                            + LONGEST_MECHANISM
                            + " characters (RFC 4422).");
        }
        if (taken()) {
            throw usage(
                    "There is a plugin \""
                            + name
                            + "\" in "
                            + installation.home().resolve("plugins")
                            + " already: yours would take its place. Give another name.");
        }
        if (!PACKAGE.matcher(javaPackage).matches()) {
            throw usage("\"" + javaPackage + "\" is no name for a package.");
        }
    }

    /** Whether a plugin of any kind goes by this name, or has its jars in a folder of it. */
    private boolean taken() {
        if (Files.exists(installation.home().resolve("plugins").resolve(name))) {
            return true;
        }
        try (var plugins = installation.plugins()) {
            return plugins.found().stream().anyMatch(it -> it.name().equals(name));
        }
    }

    private void write(Path templates, Path project) throws IOException {
        var words = new LinkedHashMap<String, String>();
        words.put("@element@", kind.element);
        words.put("@name@", name);
        words.put("@package@", javaPackage);
        words.put("@spi@", SpiVersion.CURRENT.toString());
        words.put("@version@", Main.Version.number());
        words.put("@home@", installation.home().toString());
        var sources = new LinkedHashMap<String, String>();
        sources.put(TEMPLATE_PACKAGE + kind, javaPackage);
        sources.put(TEMPLATE, className());
        sources.put(TEMPLATE.toUpperCase(Locale.ROOT), name.toUpperCase(Locale.ROOT));
        sources.put("\"template:", "\"" + name + ":");
        copy(templates.resolve("project/pom.xml"), project.resolve("pom.xml"), words);
        copy(templates.resolve("project/README.md"), project.resolve("README.md"), words);
        var resources = project.resolve("src/main/resources/META-INF");
        copy(
                templates.resolve("project/postern-plugin.properties"),
                resources.resolve("postern-plugin.properties"),
                words);
        copy(templates.resolve(TEST_LOG), project.resolve(TEST_LOG), Map.of());
        put(
                resources.resolve("services").resolve(kind.service),
                javaPackage + "." + className() + "\n");
        for (var part : new String[] {"src/main/java", "src/test/java"}) {
            var from = templates.resolve(part).resolve((TEMPLATE_PACKAGE + kind).replace('.', '/'));
            var to = project.resolve(part).resolve(javaPackage.replace('.', '/'));
            try (var files = Files.list(from)) {
                for (var file : files.sorted().toList()) {
                    var called = file.getFileName().toString().replace(TEMPLATE, className());
                    copy(file, to.resolve(called), sources);
                }
            }
        }
    }

    /** The class whose name the plugin's name is made of. */
    private String className() {
        return Arrays.stream(name.split("-"))
                .map(part -> part.substring(0, 1).toUpperCase(Locale.ROOT) + part.substring(1))
                .collect(Collectors.joining());
    }

    private static void copy(Path from, Path to, Map<String, String> words) throws IOException {
        var text = Files.readString(from);
        for (var word : words.entrySet()) {
            text = text.replace(word.getKey(), word.getValue());
        }
        put(to, text);
    }

    private static void put(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private static boolean empty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (var files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    private ParameterException usage(String words) {
        return new ParameterException(spec.commandLine(), words);
    }
}
