package io.postern.auth.passwdfile;

import io.postern.spi.SettingException;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The text from which the attribute {@code maildrop} is made for each user. Immutable. */
final class MaildropTemplate {
    private static final Pattern VARIABLE =
            Pattern.compile("\\{(user|local|domain|home|attribute:[A-Za-z0-9._-]+)\\}");

    private final String template;
    private final Optional<Path> homes;

    /**
     * @param homes what every home that the template asks for is below
     * @throws SettingException if the template is no template
     */
    MaildropTemplate(String template, Optional<Path> homes) {
        this.template = template;
        this.homes = homes;
        var rest = VARIABLE.matcher(template).replaceAll("");
        if (rest.indexOf('{') >= 0 || rest.indexOf('}') >= 0 || rest.equals(template)) {
            throw new SettingException(
                    "maildrop",
                    "\"" + template + "\" has no variable, or one that is not known here",
                    "Use {user}, {local}, {domain}, {home} or {attribute:name}.");
        }
        if (template.contains("{home}") && homes.isEmpty()) {
            throw new SettingException(
                    "homes",
                    "it is missing, and <maildrop> has {home}",
                    "Name the folder above all homes.");
        }
    }

    /**
     * @param attributes of the user, {@code home} among them where there is one
     * @throws IllegalArgumentException with what is missing, in words
     */
    String fill(String user, Map<String, String> attributes) {
        var matcher = VARIABLE.matcher(template);
        var text = new StringBuilder();
        while (matcher.find()) {
            var value = value(matcher.group(1), user, attributes);
            matcher.appendReplacement(text, Matcher.quoteReplacement(value));
        }
        return matcher.appendTail(text).toString();
    }

    private String value(String variable, String user, Map<String, String> attributes) {
        int at = user.lastIndexOf('@');
        return switch (variable) {
            case "user" -> user;
            case "local" -> at < 0 ? user : user.substring(0, at);
            case "domain" -> {
                if (at < 0) {
                    throw new IllegalArgumentException("has no domain");
                }
                yield user.substring(at + 1);
            }
            case "home" -> home(attributes.get("home"));
            default -> {
                var value = attributes.get(variable.substring("attribute:".length()));
                if (value == null) {
                    throw new IllegalArgumentException("has no userdb_" + variable.substring(10));
                }
                yield value;
            }
        };
    }

    private String home(String given) {
        try {
            var above = homes.orElseThrow();
            var home = above.resolve(given == null ? "" : given).normalize();
            if (home.startsWith(above) && !home.equals(above)) {
                return above.relativize(home).toString();
            }
        } catch (InvalidPathException e) {
            // Told below.
        }
        throw new IllegalArgumentException("has no home below " + homes.orElseThrow());
    }
}
