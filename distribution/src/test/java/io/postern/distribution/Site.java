package io.postern.distribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A configuration of the server, its users and their mail, in a folder of the test's own. */
final class Site {
    private final Path folder;

    /** Of its own, because the installation keeps what the plugins remember by realm. */
    private final String realm = "test-" + UUID.randomUUID();

    private final Map<String, String> passwords = new LinkedHashMap<>();
    private String directory = "<directory plugin=\"xml-users\"><file>%s</file></directory>";
    private List<String> mechanisms = List.of("user-pass", "apop", "sasl-plain");
    private final Map<String, String> stored = new LinkedHashMap<>();
    private String policy = "";
    private String listener = "";
    private String limits = "";
    private String identity = "<identity self-signed=\"true\"/>";
    private Optional<String> realms = Optional.empty();
    private String store;
    private String locks = "";
    private int delivered;

    Site(Path folder) {
        this.folder = folder;
        this.store =
                "<store plugin=\"maildir\"><root>%s</root></store>"
                        .formatted(folder.resolve("mail"));
    }

    /** Adds a user with a maildrop and a password that is found nowhere else. */
    Site user(String name) throws IOException {
        passwords.put(name, Secrets.fresh());
        for (var part : List.of("tmp", "new", "cur")) {
            Files.createDirectories(maildrop(name).resolve(part));
        }
        return this;
    }

    /** Takes the place of the user directory in {@code gateway.xml}. */
    Site directory(String element) {
        directory = element.replace("%", "%%");
        return this;
    }

    /** Takes the place of the self-signed pair in {@code gateway.xml}. */
    Site identity(String element) {
        identity = element;
        return this;
    }

    /** Takes the place of the one realm in {@code gateway.xml}. */
    Site realms(String elements) {
        realms = Optional.of(elements);
        return this;
    }

    /** The plugins by which clients may log in. */
    Site mechanisms(String... plugins) {
        mechanisms = List.of(plugins);
        return this;
    }

    /** The element of {@code gateway.xml} that says who rules on logins. */
    Site policy(String element) {
        policy = element;
        return this;
    }

    /** Where clients come in, too, after the three usual ways. */
    Site listener(String element) {
        listener = element;
        return this;
    }

    /** More elements of {@code <limits>} in {@code gateway.xml}. */
    Site limits(String elements) {
        limits = elements;
        return this;
    }

    /** How the file of users keeps a user's password, if not as it is; and what it says beside. */
    Site keeps(String user, String text, String elements) {
        stored.put(user, "password=\"%s\">%s</user>".formatted(text, elements));
        return this;
    }

    /** Takes the place of the Maildirs in {@code gateway.xml}. */
    Site store(String element) {
        store = element;
        return this;
    }

    /** The element of {@code gateway.xml} that says who gives a maildrop to one session. */
    Site locks(String element) {
        locks = element;
        return this;
    }

    String password(String user) {
        return passwords.get(user);
    }

    Path maildrop(String user) {
        return folder.resolve("mail").resolve(user);
    }

    /** Puts a message into the maildrop as a delivery agent does. */
    void deliver(String user, byte[] message) throws IOException {
        var name = String.format(Locale.ROOT, "%d.M%dP1.test", 1_793_100_000 + ++delivered, 1);
        var tmp = maildrop(user).resolve("tmp").resolve(name);
        Files.write(tmp, message);
        Files.move(tmp, maildrop(user).resolve("new").resolve(name));
    }

    /** Puts the quick start's messages there. */
    void deliverDemo(String user) throws InterruptedException {
        Program.of(
                        Installation.ROOT.resolve("distribution/demo-mail").toString(),
                        maildrop(user).toString())
                .run()
                .well();
    }

    /** What is stored, in the order in which the server lists it. */
    List<byte[]> stored(String user) throws IOException {
        var messages = new ArrayList<byte[]>();
        for (var file : files(user)) {
            messages.add(Files.readAllBytes(file));
        }
        return messages;
    }

    /** Removes all mail. */
    void empty(String user) throws IOException {
        for (var file : files(user)) {
            Files.delete(file);
        }
    }

    private List<Path> files(String user) throws IOException {
        var files = new ArrayList<Path>();
        for (var part : List.of("new", "cur")) {
            try (Stream<Path> there = Files.list(maildrop(user).resolve(part))) {
                there.forEach(files::add);
            }
        }
        files.sort(Comparator.comparing(Path::getFileName));
        return files;
    }

    /** Writes {@code gateway.xml} and {@code users.xml}. */
    Path write() throws IOException {
        var users = new StringBuilder("<users>\n");
        passwords.forEach((name, password) ->
                users.append("  <user name=\"%s\" ".formatted(name))
                        .append(
                                stored.getOrDefault(
                                        name, "password=\"{PLAIN}%s\"/>".formatted(password)))
                        .append('\n'));
        Files.writeString(users(), users.append("</users>\n"));
        return Files.writeString(folder.resolve("gateway.xml"), gateway());
    }

    Path users() {
        return folder.resolve("users.xml");
    }

    /** The text of {@code gateway.xml}; the server takes any free ports. */
    String gateway() {
        return """
        <gateway>
          <listeners>
            <listener address="127.0.0.1" port="0" allow-plaintext="true"/>
            <listener address="127.0.0.1" port="0" tls="implicit"/>
            <listener address="127.0.0.1" port="0" tls="starttls"/>
            %s
          </listeners>
          <tls>
            %s
          </tls>
          <limits>
            <lock-wait>PT0.1S</lock-wait>
            <drain>PT10S</drain>
            %s
          </limits>
          <authentication>
            %s
            %s
          </authentication>
          %s<realms>
        %s  </realms>
        </gateway>
        """
                .formatted(
                        listener,
                        identity,
                        limits,
                        mechanisms.stream()
                                .map("<mechanism plugin=\"%s\"/>"::formatted)
                                .collect(Collectors.joining("\n    ")),
                        policy,
                        locks,
                        realms.orElseGet(this::realm));
    }

    private String realm() {
        return """
            <realm name="%s">
              %s
              %s
            </realm>
        """
                .formatted(realm, directory.formatted(users()), store);
    }
}
