package io.postern.store.files;

import io.postern.spi.Fault;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.store.MaildropId;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.text.Normalizer;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the maildrops are: a folder for all and a template for each below it. Whatever a user is
 * called, no path leads out of that folder. Any number of threads.
 */
public final class MaildropLayout {
    /** What to do about {@link #trouble}, as a sentence. */
    public static final String REMEDY =
            "Make it a folder that the server's user may read, or name another one.";

    /** What is left of a variable that is not known: {@code {usr}}, {@code %u}, {@code ~}. */
    private static final Pattern FOREIGN = Pattern.compile(".*[%${}].*|~.*");

    private static final Pattern VARIABLE =
            Pattern.compile("\\{(user|local|domain|attribute:[A-Za-z0-9._-]+)\\}");

    /** Longest file name on common file systems, octets. */
    private static final int MAX_NAME = 255;

    private final Path root;
    private final String template;
    private final boolean linksOutside;
    private volatile LookedUp lookedUp;

    /**
     * @param at {@link System#nanoTime}
     */
    private record LookedUp(Path real, long at) {}

    /**
     * @param linksOutside whether a symbolic link may lead out of the root
     * @throws SettingException if the template is no template
     */
    public MaildropLayout(Path root, String template, boolean linksOutside) {
        this.root = root;
        this.template = template;
        this.linksOutside = linksOutside;
        for (var part : template.split("/", -1)) {
            var literal = VARIABLE.matcher(part).replaceAll("x");
            if (FOREIGN.matcher(literal).matches()) {
                throw new SettingException(
                        "layout",
                        "\"" + template + "\" has a variable that is not known here: " + part,
                        "Known are {user}, {local}, {domain} and {attribute:name}.");
            }
            if (literal.isEmpty()
                    || literal.matches("\\.{1,2}")
                    || literal.chars()
                            .anyMatch(c -> c == '{' || c == '}' || c == '\\' || c < ' ')) {
                throw new SettingException(
                        "layout",
                        "\"" + template + "\" is no relative path of names and variables",
                        "Give one like {user}, {domain}/{local} or {attribute:maildrop}.");
            }
        }
        if (!VARIABLE.matcher(template).find()) {
            throw new SettingException(
                    "layout",
                    "\"" + template + "\" is the same for every user",
                    "Use {user}, {local}, {domain} or {attribute:name} in it.");
        }
    }

    /**
     * The canonical path of a user's maildrop, which need not exist.
     *
     * @throws Fault if the name is unfit for a path or leads out of the root
     */
    public Path locate(User user) throws Fault, InterruptedException {
        var path = root;
        for (var part : template.split("/", -1)) {
            var whole = VARIABLE.matcher(part).matches();
            var matcher = VARIABLE.matcher(part);
            var text = new StringBuilder();
            while (matcher.find()) {
                var value = value(user, matcher.group(1), whole);
                matcher.appendReplacement(text, Matcher.quoteReplacement(value));
            }
            matcher.appendTail(text);
            for (var name : text.toString().split("/", -1)) {
                path = path.resolve(safe(user, name));
            }
        }
        return canonical(path);
    }

    /**
     * What keeps all maildrops from being found: the folder for all is missing, is none, or cannot
     * be read. One sentence for the operator, without a full stop.
     */
    public Optional<String> trouble() {
        try {
            if (!Files.readAttributes(root, BasicFileAttributes.class).isDirectory()) {
                return Optional.of(root + " is not a folder");
            }
            return Files.isReadable(root) && Files.isExecutable(root)
                    ? Optional.empty()
                    : Optional.of("the server's user may not read " + root);
        } catch (NoSuchFileException e) {
            return Optional.of("there is no folder " + root);
        } catch (IOException e) {
            return Optional.of(root + " cannot be looked at: " + e);
        }
    }

    /**
     * The same check at a later time: that the path is still canonical and inside the root.
     *
     * @throws Fault if a link was put in its way meanwhile
     */
    public void check(Path maildrop) throws Fault, InterruptedException {
        if (!canonical(maildrop).equals(maildrop)) {
            throw new Fault(
                    Fault.Kind.TEMPORARY, maildrop + " has become a symbolic link since the login");
        }
    }

    /**
     * The id of a user's maildrop: a prefix of the store's own and the canonical path.
     *
     * @throws Fault as {@link #locate}
     */
    public MaildropId id(String prefix, User user) throws Fault, InterruptedException {
        var maildrop = locate(user);
        var text = maildrop.toString();
        if (!maildrop.getFileSystem().getPath(text).equals(maildrop)) {
            throw Fault.permanent(
                    maildrop + " has a name that cannot be spelled in this server's locale", null);
        }
        try {
            return new MaildropId(prefix + text);
        } catch (IllegalArgumentException e) {
            throw Fault.permanent("the path of the maildrop of " + user.name() + " is unfit", e);
        }
    }

    /** The path in an id that {@link #id} gave. */
    public Path path(String prefix, MaildropId id) {
        return root.getFileSystem().getPath(id.value().substring(prefix.length()));
    }

    private String value(User user, String variable, boolean whole) throws Fault {
        var at = user.name().lastIndexOf('@');
        return switch (variable) {
            case "user" -> name(user, user.name());
            case "local" -> name(user, at < 0 ? user.name() : user.name().substring(0, at));
            case "domain" -> {
                if (at < 0) {
                    throw unfit(user, "it has no domain, and the layout asks for one");
                }
                yield name(user, user.name().substring(at + 1));
            }
            default -> {
                var attribute = variable.substring("attribute:".length());
                var value = user.attributes().get(attribute);
                if (value == null) {
                    throw unfit(user, "its directory gives no attribute " + attribute);
                }
                // An attribute that is a part of its own may be a path: each name is checked.
                yield whole ? value : name(user, value);
            }
        };
    }

    private static String name(User user, String value) throws Fault {
        if (value.indexOf('/') >= 0) {
            throw unfit(user, "it has a slash");
        }
        return safe(user, value);
    }

    /** Refuses what is no plain name of one folder. */
    private static String safe(User user, String name) throws Fault {
        if (name.isEmpty()) {
            throw unfit(user, "a part of the path is empty");
        }
        if (name.charAt(0) == '.') {
            throw unfit(user, "a part of the path begins with a dot");
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME) {
            throw unfit(user, "a part of the path is longer than " + MAX_NAME + " octets");
        }
        if (!name.codePoints().allMatch(MaildropLayout::plain)) {
            throw unfit(user, "it has a character that no path may hold");
        }
        if (!Normalizer.isNormalized(name, Normalizer.Form.NFC)) {
            // The same text in two spellings would be two folders, or one, as the disk likes.
            throw unfit(user, "it is not in the Unicode form NFC");
        }
        return name;
    }

    private static boolean plain(int c) {
        if (c == '\\') {
            return false;
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            default -> true;
        };
    }

    private static Fault unfit(User user, String why) {
        return Fault.permanent(
                "user \"" + user.name() + "\" cannot have a maildrop by this layout: " + why, null);
    }

    private Path canonical(Path path) throws Fault, InterruptedException {
        Path realRoot;
        try {
            realRoot = realRoot();
        } catch (IOException e) {
            var trouble = trouble();
            if (trouble.isPresent()) {
                throw Fault.temporary(trouble.get() + ". " + REMEDY, e);
            }
            throw IoFaults.fault("cannot find the folder of all maildrops", root, e);
        }
        Path real;
        try {
            real = plain(path, realRoot).orElse(null);
            if (real == null) {
                real = real(path);
            }
        } catch (IOException e) {
            throw IoFaults.fault("cannot find", path, e);
        }
        if (!linksOutside && (!real.startsWith(realRoot) || real.equals(realRoot))) {
            throw Fault.permanent(
                    path
                            + " leads by a symbolic link to "
                            + real
                            + ", outside of "
                            + realRoot
                            + ". Set links-outside to true if that is meant.",
                    null);
        }
        return real;
    }

    /** The folder of all maildrops, looked up once a second: only the operator moves it. */
    private Path realRoot() throws IOException {
        var known = lookedUp;
        var now = System.nanoTime();
        if (known == null || now - known.at() > 1_000_000_000) {
            known = new LookedUp(root.toRealPath(), now);
            lookedUp = known;
        }
        return known.real();
    }

    /**
     * The canonical path, if no link is in the way below the root; one look at each name is less
     * than what the system does to resolve a whole path. Empty if it takes more than that.
     */
    private Optional<Path> plain(Path path, Path realRoot) throws IOException {
        var from = path.startsWith(realRoot) ? realRoot : root;
        if (!path.startsWith(from) || path.getNameCount() == from.getNameCount()) {
            return Optional.empty();
        }
        var at = realRoot;
        for (var name : from.relativize(path)) {
            at = at.resolve(name);
            try {
                var there =
                        Files.readAttributes(
                                at, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                if (there.isSymbolicLink()) {
                    return Optional.empty();
                }
            } catch (NoSuchFileException e) {
                return Optional.empty();
            }
        }
        return Optional.of(at);
    }

    private Path real(Path path) throws IOException, Fault {
        try {
            return path.toRealPath();
        } catch (NoSuchFileException e) {
            if (Files.isSymbolicLink(path)) {
                throw Fault.permanent(path + " is a symbolic link to nowhere", e);
            }
            var above = path.getParent();
            if (above == null || path.equals(root)) {
                throw e;
            }
            return real(above).resolve(path.getFileName());
        }
    }
}
