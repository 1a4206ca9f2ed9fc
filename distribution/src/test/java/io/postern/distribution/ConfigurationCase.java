package io.postern.distribution;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * One row of the table of configurations: how it differs from a good one, and what has to be said.
 *
 * @param name what an operator has done
 * @param config makes {@code gateway.xml} of the good one
 * @param files made below the installation's folder before
 * @param verdict what {@code check} and {@code run} come to
 * @param words what the answer has to hold
 */
record ConfigurationCase(
        String name,
        UnaryOperator<String> config,
        List<Files> files,
        Verdict verdict,
        Pattern words) {

    /** Makes files. */
    @FunctionalInterface
    interface Files {
        void make(Path home) throws IOException;
    }

    /** What the commands say. */
    enum Verdict {
        /** {@code check} and {@code run} refuse it, with the words. */
        REFUSED,
        /**
         * {@code check} is green; {@code run} and {@code check --start} refuse it, with the words.
         */
        REFUSED_AT_START,
        /** All are green, and {@code check} says the words as a warning. */
        WARNED,
        /** Either REFUSED or WARNED, and the two commands agree. */
        TOLD,
        /** All are green and silent. */
        GOOD
    }

    /** Line numbers count: the directory is on line 10, the store on line 11. */
    static final String GOOD =
            """
            <gateway>
              <listeners>
                <listener address="127.0.0.1" port="0" allow-plaintext="true"/>
              </listeners>
              <authentication>
                <mechanism plugin="user-pass"/>
              </authentication>
              <realms>
                <realm name="main">
                  <directory plugin="xml-users"><file>users.xml</file></directory>
                  <store plugin="maildir"><root>mail</root></store>
                </realm>
              </realms>
            </gateway>
            """;

    static final String LISTENER =
            "<listener address=\"127.0.0.1\" port=\"0\" allow-plaintext=\"true\"/>";
    static final String DIRECTORY =
            "<directory plugin=\"xml-users\"><file>users.xml</file></directory>";
    static final String STORE = "<store plugin=\"maildir\"><root>mail</root></store>";
    static final String MECHANISM = "<mechanism plugin=\"user-pass\"/>";

    static ConfigurationCase of(
            Verdict verdict, String name, String good, String bad, String words) {
        return new ConfigurationCase(
                name,
                text -> {
                    if (!text.contains(good)) {
                        throw new IllegalStateException(name + ": nothing to replace: " + good);
                    }
                    return text.replace(good, bad);
                },
                List.of(),
                verdict,
                Pattern.compile(words, Pattern.DOTALL));
    }

    ConfigurationCase with(Files more) {
        var all = new ArrayList<>(files);
        all.add(more);
        return new ConfigurationCase(name, config, all, verdict, words);
    }

    /** With another mechanism. */
    ConfigurationCase mechanism(String element) {
        return new ConfigurationCase(
                name,
                text -> config.apply(text).replace(MECHANISM, element),
                files,
                verdict,
                words);
    }

    ConfigurationCase with(String file, String content) {
        return with(home -> java.nio.file.Files.writeString(home.resolve(file), content));
    }

    @Override
    public String toString() {
        return name;
    }
}
