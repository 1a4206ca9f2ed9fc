package io.postern.auth.passwdfile;

import io.postern.auth.stored.Account;
import io.postern.auth.stored.BrokenFile;
import io.postern.auth.stored.StoredPassword;
import io.postern.auth.stored.Users;
import io.postern.spi.User;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One reading of a password file, on one thread. It goes on after a mistake, so that the operator
 * sees all of them at once.
 *
 * <p>Of Dovecot's extra fields, {@code userdb_x=...} becomes the attribute x, {@code allow_nets}
 * the attribute {@code networks}, and {@code nologin} bars the user. Others may narrow who logs in,
 * too: rather than let somebody in against them, the file is refused.
 */
final class PasswdLines {
    private static final String PASSWD =
            "Make one with \"postern passwd --directory passwd-file\", doveadm pw or htpasswd.";

    /** Number of fields: user, password, uid, gid, gecos, home, shell, extra fields. */
    private static final int FIELDS = 8;

    private final String scheme;
    private final Optional<MaildropTemplate> maildrop;
    private final List<String> problems = new ArrayList<>();
    private final Map<String, Account> accounts = new LinkedHashMap<>();
    private final Map<String, Integer> lines = new HashMap<>();
    private int line;

    private PasswdLines(String scheme, Optional<MaildropTemplate> maildrop) {
        this.scheme = scheme;
        this.maildrop = maildrop;
    }

    /**
     * All users of the file, no two of one folded name.
     *
     * @param scheme of a password that names none
     */
    static Collection<Account> read(Path file, String scheme, Optional<MaildropTemplate> maildrop)
            throws BrokenFile {
        var reading = new PasswdLines(scheme, maildrop);
        try (var in = Files.newBufferedReader(file)) {
            for (String text; (text = in.readLine()) != null; ) {
                reading.line++;
                reading.user(text);
            }
        } catch (CharacterCodingException e) {
            reading.line++;
            reading.problem("it is not in UTF-8 from here on", "Convert the file.");
        } catch (NoSuchFileException e) {
            reading.problems.add("there is no such file. Create it, or name another.");
        } catch (IOException e) {
            reading.problems.add("it cannot be read (" + e + "). Mend that, or name another file.");
        }
        if (!reading.problems.isEmpty()) {
            throw new BrokenFile(reading.problems);
        }
        return reading.accounts.values();
    }

    private void user(String text) {
        if (text.isBlank() || text.startsWith("#")) {
            return;
        }
        var fields = text.split(":", FIELDS);
        if (fields.length < 2) {
            // Not shown: it may be a password that lost its place.
            problem("there is no colon", "Write user:password, or begin a comment with #.");
            return;
        }
        if (!fit(fields[0])) {
            return;
        }
        var before = lines.putIfAbsent(Users.fold(fields[0]), line);
        if (before != null) {
            problem(
                    "the user \"" + fields[0] + "\" stands in line " + before + " already",
                    "Keep one; names that differ in upper and lower case only are the same.");
            return;
        }
        var facts = new HashMap<String, String>();
        fact(facts, "uid", fields, 2);
        fact(facts, "gid", fields, 3);
        fact(facts, "home", fields, 5);
        fact(facts, "shell", fields, 6);
        account(fields[0], fields[1], facts, fields.length == FIELDS ? fields[7] : "");
    }

    private void account(String name, String password, Map<String, String> facts, String extra) {
        var enabled = true;
        for (var field : extra.trim().split("[ \t]+", -1)) {
            switch (key(field)) {
                case "", "nodelay" -> {}
                case "nologin" -> enabled = false;
                case "allow_nets" ->
                        facts.put(
                                "networks",
                                field.substring(field.indexOf('=') + 1).replace(',', ' '));
                default -> {
                    if (!field.matches("userdb_[^=]+=.*")) {
                        problem(
                                "the extra field "
                                        + key(field)
                                        + " of \""
                                        + name
                                        + "\" is not known",
                                "Use userdb_NAME=VALUE, allow_nets=NETWORKS or nologin, or remove it.");
                    } else {
                        facts.put(
                                key(field).substring("userdb_".length()),
                                field.substring(field.indexOf('=') + 1));
                    }
                }
            }
        }
        StoredPassword stored;
        try {
            if (password.matches("[*!].*")) {
                enabled = false;
                stored = StoredPassword.none();
            } else {
                stored = StoredPassword.parse(password, scheme);
            }
        } catch (IllegalArgumentException e) {
            problem("the password of \"" + name + "\" " + e.getMessage(), PASSWD);
            return;
        }
        try {
            if (maildrop.isPresent()) {
                facts.put("maildrop", maildrop.get().fill(name, facts));
            }
        } catch (IllegalArgumentException e) {
            problem(
                    "\"" + name + "\" " + e.getMessage() + ", which <maildrop> asks for",
                    "Add it, or change <maildrop>.");
            return;
        }
        accounts.put(Users.fold(name), new Account(new User(name, facts), stored, enabled));
    }

    private boolean fit(String name) {
        if (name.isEmpty()
                || name.length() > User.MAX_NAME
                || name.chars().anyMatch(Character::isISOControl)
                || !name.equals(name.strip())) {
            problem(
                    "a user's name is empty, longer than "
                            + User.MAX_NAME
                            + " characters, has a control character, or begins or ends with a"
                            + " space",
                    "Give another.");
            return false;
        }
        return true;
    }

    private static void fact(Map<String, String> facts, String name, String[] fields, int at) {
        if (fields.length > at && !fields[at].isEmpty()) {
            facts.put(name, fields[at]);
        }
    }

    /** What stands behind the equals sign may be a secret. */
    private static String key(String field) {
        return field.replaceFirst("=.*", "");
    }

    private void problem(String what, String remedy) {
        problems.add("line " + line + ": " + what + ". " + remedy);
    }
}
