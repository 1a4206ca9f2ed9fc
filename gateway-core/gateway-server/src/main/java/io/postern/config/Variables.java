package io.postern.config;

import org.apache.commons.configuration2.interpol.ConfigurationInterpolator;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Resolves {@code ${env:NAME}}, {@code ${env:NAME:-default}} and {@code ${file:UTF-8:path}}, and
 * refuses any other variable. What comes in is text and is not resolved again. One thread.
 */
final class Variables {
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]*)}");
    private static final String USE =
            "Use ${env:NAME}, ${env:NAME:-default} or ${file:UTF-8:path}.";

    private final Path file;
    private final Path home;
    private final List<Problem> problems;
    private final ConfigurationInterpolator interpolator = new ConfigurationInterpolator();

    /**
     * @param home what the path in {@code ${file:...}} is relative to
     * @param environment gives null for a name that is not set
     * @param problems takes what cannot be resolved
     */
    Variables(Path file, Path home, UnaryOperator<String> environment, List<Problem> problems) {
        this.file = file;
        this.home = home;
        this.problems = problems;
        interpolator.registerLookup("env", environment::apply);
        interpolator.registerLookup("file", this::fileContent);
    }

    /**
     * @param line for what is told of it
     * @param setting for what is told of it
     */
    Element.Value resolve(int line, String setting, String written) {
        var text =
                VARIABLE.matcher(written)
                        .replaceAll(match ->
                                Matcher.quoteReplacement(one(line, setting, match.group(1))));
        return new Element.Value(written, text);
    }

    private String one(int line, String setting, String variable) {
        var split = variable.indexOf(":-");
        var name = split < 0 ? variable : variable.substring(0, split);
        var prefix = name.substring(0, Math.max(0, name.indexOf(':')));
        if (!interpolator.prefixSet().contains(prefix)) {
            problems.add(new Problem(file, line, setting, "${" + variable + "} is not known", USE));
            return "";
        }
        try {
            var value = interpolator.resolve(name);
            if (value != null) {
                return value.toString();
            }
            if (split >= 0) {
                return variable.substring(split + 2);
            }
            problems.add(
                    new Problem(
                            file,
                            line,
                            setting,
                            "${" + variable + "} is not set in the environment",
                            "Set it, or give a default: ${" + variable + ":-default}."));
        } catch (SettingFault e) {
            problems.add(
                    new Problem(
                            file,
                            line,
                            setting,
                            "${" + variable + "} " + e.getMessage(),
                            e.remedy));
        }
        return "";
    }

    /** The content of a file, without a line end at its end. */
    private String fileContent(String name) {
        var split = name.indexOf(':');
        if (split < 0) {
            throw new SettingFault("names no encoding", USE);
        }
        var path = name.substring(split + 1);
        try {
            var charset = Charset.forName(name.substring(0, split));
            // Some editors put a byte order mark in front, which is no part of a password.
            return Files.readString(home.resolve(path), charset)
                    .replaceFirst("\\A\\x{FEFF}", "")
                    .replaceFirst("\\R\\z", "");
        } catch (CharacterCodingException e) {
            throw new SettingFault(
                    "names a file in another encoding",
                    "Name its encoding, or save it in this one.");
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            throw new SettingFault("names an unknown encoding", USE);
        } catch (NoSuchFileException | InvalidPathException e) {
            throw new SettingFault(
                    "names a file that is not there",
                    "Make the file; a relative path starts at " + home + ".");
        } catch (IOException _) {
            throw Files.isDirectory(home.resolve(path))
                    ? new SettingFault("names a folder", "Name the file itself.")
                    : new SettingFault(
                            "names a file that cannot be read",
                            "Give the user that runs Postern the right to read it.");
        }
    }

    /** A variable that cannot be resolved: how the sentence goes on, and the remedy. */
    private static final class SettingFault extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final String remedy;

        SettingFault(String message, String remedy) {
            super(message);
            this.remedy = remedy;
        }
    }
}
