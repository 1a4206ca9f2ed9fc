package io.postern.auth.passwdfile;

import io.postern.auth.stored.Account;
import io.postern.auth.stored.BrokenFile;
import io.postern.auth.stored.DevicePasswords;
import io.postern.auth.stored.StoredPassword;
import io.postern.auth.stored.UserEntries;
import io.postern.auth.stored.Users;
import io.postern.spi.User;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One reading of a password file, on one thread. A line that is not understood bars its user and
 * nobody else.
 *
 * <p>Of Dovecot's extra fields, {@code userdb_x=...} becomes the attribute x, {@code allow_nets}
 * the attribute {@code networks}, and {@code nologin} bars the user; {@code device_x=...} is a
 * device's password. Others may say who logs in, or where the mail is: rather than let somebody in
 * against them, their user is barred.
 */
final class PasswdLines {
    private static final String PASSWD =
            "Make one with \"postern passwd --directory passwd-file\", doveadm pw or htpasswd.";

    private static final String UTF_8 = "Convert the file to UTF-8.";

    /** Number of fields: user, password, uid, gid, gecos, home, shell, extra fields. */
    private static final int FIELDS = 8;

    /** The place of the field that is not read. */
    private static final int GECOS = 4;

    /** The place of the extra fields, which blanks separate. */
    private static final int EXTRA = FIELDS - 1;

    /** The fields that become attributes, by their place. */
    private static final Map<Integer, String> ATTRIBUTES =
            Map.of(2, "uid", 3, "gid", 5, "home", 6, "shell");

    /** Before the label of a device. */
    private static final String DEVICE = "device_";

    private static final String USERDB = "userdb_";

    private static final String NOLOGIN = "nologin";

    /** Extra fields that change neither who logs in nor where the mail is; none is one of them. */
    private static final Pattern IGNORED =
            Pattern.compile("|nodelay|k5principals|(?:event|forward)_.*");

    // The file is read octet by octet, as Latin-1, and each field then as UTF-8: one field in
    // another encoding bars one user.
    private static final String BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";
    private static final List<String> UTF_16_MARKS = List.of("\u00ff\u00fe", "\u00fe\u00ff");

    private final String scheme;
    private final Optional<MaildropTemplate> maildrop;
    private final UserEntries entries = new UserEntries();
    private int line;

    private PasswdLines(String scheme, Optional<MaildropTemplate> maildrop) {
        this.scheme = scheme;
        this.maildrop = maildrop;
    }

    /**
     * All users of the file.
     *
     * @param scheme of a password that names none
     * @throws BrokenFile if it cannot be read, or is in UTF-16
     */
    static Users read(Path file, String scheme, Optional<MaildropTemplate> maildrop)
            throws BrokenFile {
        var reading = new PasswdLines(scheme, maildrop);
        try (var in = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            for (String text; (text = in.readLine()) != null; ) {
                reading.line++;
                if (reading.line == 1 && UTF_16_MARKS.stream().anyMatch(text::startsWith)) {
                    throw new BrokenFile("it is in UTF-16", UTF_8);
                }
                reading.line(text);
            }
        } catch (IOException e) {
            throw BrokenFile.unreadable(file, e);
        }
        return reading.entries.users();
    }

    private void line(String octets) {
        // Not only in the first line: files are joined, too.
        var text =
                octets.startsWith(BYTE_ORDER_MARK)
                        ? octets.substring(BYTE_ORDER_MARK.length())
                        : octets;
        var start = text.stripLeading();
        if (start.isEmpty() || start.startsWith("#")) {
            return;
        }
        var fields = text.split(":", FIELDS);
        var name = utf8(fields[0]).orElse(fields[0]);
        try {
            entries.add(line, account(name, decoded(fields)));
        } catch (NotUnderstood e) {
            // Without a colon it may be a password that lost its place: it is not shown.
            entries.mistake(line, fields.length < 2 ? "" : name, e.getMessage(), e.remedy);
            entries.bar(line, name);
        }
    }

    /** What is wrong with a line, without any password. */
    private static final class NotUnderstood extends Exception {
        private static final long serialVersionUID = 1L;

        private final String remedy;

        NotUnderstood(String what, String remedy) {
            super(what);
            this.remedy = remedy;
        }
    }

    private static String[] decoded(String[] fields) throws NotUnderstood {
        if (fields.length < 2) {
            throw new NotUnderstood(
                    "there is no colon", "Write user:password, or begin a comment with #.");
        }
        var decoded = new String[FIELDS];
        Arrays.fill(decoded, "");
        for (int i = 0; i < fields.length; i++) {
            if (i != GECOS) {
                var place = i + 1;
                decoded[i] =
                        utf8(fields[i])
                                .orElseThrow(() ->
                                        new NotUnderstood(
                                                "field " + place + " is not in UTF-8", UTF_8));
            }
        }
        return decoded;
    }

    private Account account(String name, String[] fields) throws NotUnderstood {
        if (!UserEntries.isFit(name)) {
            throw new NotUnderstood(
                    "the name is empty, longer than "
                            + User.MAX_NAME
                            + " characters, has a control character, or begins or ends with a"
                            + " space",
                    "Correct the name.");
        }
        var attributes = new HashMap<String, String>();
        ATTRIBUTES.forEach((place, key) -> {
            if (!fields[place].isBlank()) {
                attributes.put(key, fields[place].strip());
            }
        });
        var devices = new DevicePasswords(scheme);
        var enabled = true;
        for (var extra : fields[EXTRA].strip().split("[ \t]+", -1)) {
            if (extra.equals(NOLOGIN) || extra.startsWith(NOLOGIN + "=")) {
                enabled = false;
            } else {
                extra(extra, attributes, devices);
            }
        }
        if (maildrop.isPresent()) {
            try {
                attributes.put("maildrop", maildrop.get().fill(name, attributes));
            } catch (IllegalArgumentException e) {
                throw new NotUnderstood(
                        "the account " + e.getMessage() + ", which <maildrop> asks for",
                        "Add it, or change <maildrop>.");
            }
        }
        var locked = fields[1].startsWith("*") || fields[1].startsWith("!");
        return new Account(
                new User(name, attributes),
                locked ? StoredPassword.none() : password(fields[1], devices),
                enabled && !locked);
    }

    private StoredPassword password(String field, DevicePasswords devices) throws NotUnderstood {
        if (field.strip().equals("x") && !scheme.equals("PLAIN")) {
            throw new NotUnderstood(
                    "the password is \"x\", which says that another file has it, such as"
                            + " /etc/shadow",
                    "Write its hash here.");
        }
        Optional<StoredPassword> own;
        try {
            own =
                    field.isBlank()
                            ? Optional.empty()
                            : Optional.of(StoredPassword.parse(field, scheme));
        } catch (IllegalArgumentException e) {
            throw new NotUnderstood("the password " + e.getMessage(), PASSWD);
        }
        try {
            return devices.with(own);
        } catch (IllegalArgumentException e) {
            throw new NotUnderstood("the account " + e.getMessage(), PASSWD);
        }
    }

    /** What is behind the equals sign may be a secret: it is not shown. */
    private static void extra(String field, Map<String, String> attributes, DevicePasswords devices)
            throws NotUnderstood {
        int equals = field.indexOf('=');
        var key = equals < 0 ? field : field.substring(0, equals);
        var value = equals < 0 ? "" : field.substring(equals + 1);
        if (IGNORED.matcher(key).matches()) {
            return;
        }
        if (key.startsWith(DEVICE)) {
            try {
                devices.add(key.substring(DEVICE.length()), value);
            } catch (IllegalArgumentException e) {
                throw new NotUnderstood("the account " + e.getMessage(), PASSWD);
            }
        } else if (key.startsWith(USERDB) && key.length() > USERDB.length() && equals > 0) {
            attributes.put(key.substring(USERDB.length()), value);
        } else if (key.equals("allow_nets")) {
            attributes.put("networks", networks(value));
        } else {
            throw new NotUnderstood(
                    switch (key) {
                        case "nopassword" -> "the extra field nopassword would let anybody in";
                        case "user" -> "the extra field user says that this is another account";
                        case "proxy", "proxy_maybe", "proxy_always" ->
                                "the extra field " + key + " says that another server has the mail";
                        default -> "the extra field " + key + " is not known";
                    },
                    "Use userdb_NAME=VALUE, device_LABEL=PASSWORD, allow_nets=NETWORKS or nologin,"
                            + " or remove it.");
        }
    }

    /** Dovecot's {@code local} stands for clients that come over no network: there are none. */
    private static String networks(String allowed) throws NotUnderstood {
        var networks =
                Arrays.stream(allowed.split(","))
                        .filter(one -> !one.isEmpty() && !one.equals("local"))
                        .collect(Collectors.joining(" "));
        if (networks.isEmpty()) {
            throw new NotUnderstood(
                    "the extra field allow_nets has no network", "Name one, or remove the field.");
        }
        return networks;
    }

    private static Optional<String> utf8(String octets) {
        try {
            return Optional.of(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(octets.getBytes(StandardCharsets.ISO_8859_1)))
                            .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }
}
