package io.postern.plugin;

import java.util.regex.Pattern;

/** Explains why a plugin's classes do not fit together, or do not fit the server. */
final class Fitting {
    /** In the JVM's words for a class file that is too new, the version of the file. */
    private static final Pattern VERSION = Pattern.compile("class file version ([0-9]+)");

    /** What to take from a class file's version to have Java's. */
    private static final int VERSION_OF_JAVA = 44;

    private Fitting() {}

    /**
     * @param jar as the operator is shown it
     * @param thrown by a class of the plugin, or while one was loaded
     */
    static PluginException explain(String jar, Throwable thrown) {
        var words = String.valueOf(thrown.getMessage());
        return switch (thrown) {
            case UnsupportedClassVersionError _ -> {
                var version = VERSION.matcher(words);
                var java =
                        version.find()
                                ? "Java " + (Integer.parseInt(version.group(1)) - VERSION_OF_JAVA)
                                : "a newer Java";
                yield new PluginException(
                        jar
                                + " is built for "
                                + java
                                + ", and this is Java "
                                + Runtime.version().feature(),
                        "Run Postern with that Java, or take a build of the plugin for Java "
                                + Runtime.version().feature()
                                + ".",
                        thrown);
            }
            case LinkageError _
                    when words.contains("io/postern/spi/") || words.contains("io.postern.spi.") ->
                    new PluginException(
                            jar
                                    + " is built for another version of Postern's plugin interface ("
                                    + brief(thrown)
                                    + ")",
                            "Take a build of the plugin for this version of Postern.",
                            thrown);
            case NoClassDefFoundError _ when !words.contains("initialize") ->
                    new PluginException(
                            jar
                                    + " needs the class "
                                    + words.replace('/', '.')
                                    + ", which no jar of its folder holds",
                            "Put the library that has it beside the plugin's jar.",
                            thrown);
            case LinkageError _ ->
                    new PluginException(
                            jar + " holds classes that do not fit together (" + brief(thrown) + ")",
                            "Put the versions of its libraries that it was built with beside it.",
                            thrown);
            default ->
                    new PluginException(
                            jar + " fails when it is loaded (" + brief(thrown) + ")",
                            "Ask the plugin's author; the log has the details.",
                            thrown);
        };
    }

    private static String brief(Throwable thrown) {
        return thrown.getClass().getSimpleName()
                + (thrown.getMessage() == null ? "" : ": " + thrown.getMessage());
    }
}
