package io.postern.auth.stored;

import io.postern.spi.User;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects the entries of a file of users while it is read. An entry that is not understood bars
 * its user and nobody else: the user stays known, so that no other directory is asked about the
 * name, and is refused. So is one who has two entries, for nobody can tell which one is meant. One
 * thread.
 */
public final class UserEntries {
    private final Map<String, Account> accounts = new LinkedHashMap<>();
    private final Map<String, Integer> lines = new HashMap<>();
    private final List<Users.Mistake> mistakes = new ArrayList<>();

    /**
     * Adds an entry that is understood.
     *
     * @param line where it is, from 1
     */
    public void add(int line, Account account) {
        var name = account.user().name();
        var before = lines.putIfAbsent(Users.fold(name), line);
        if (before == null) {
            accounts.put(Users.fold(name), account);
            return;
        }
        accounts.put(Users.fold(name), Account.barred(name));
        mistake(
                line,
                name,
                "line " + before + " has the same user",
                "Keep one of them; names that differ in upper and lower case only are the same.");
    }

    /**
     * Adds an entry that has a {@link #mistake}.
     *
     * @param name as it is in the file; spaces around it are left out, and nobody is barred if no
     *     user can have it
     */
    public void bar(int line, String name) {
        var stripped = name.strip();
        if (isFit(stripped)) {
            add(line, Account.barred(stripped));
        }
    }

    /**
     * Records what is not understood.
     *
     * @param name whom it bars, as in {@link #bar}
     * @param what without a full stop, and without any password
     * @param remedy what to do, as a sentence
     */
    public void mistake(int line, String name, String what, String remedy) {
        var whom =
                isFit(name.strip())
                        ? "\"" + name.strip() + "\" is barred: "
                        : "an entry is left out: ";
        // A value can hold line ends, and each mistake is one line of the log.
        var text = (whom + what).replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]", "?");
        var mistake = new Users.Mistake(line, text, remedy);
        // A parser may hand over one text in pieces.
        if (mistakes.isEmpty() || !mistakes.getLast().equals(mistake)) {
            mistakes.add(mistake);
        }
    }

    /** Whether a user can have this name. */
    public static boolean isFit(String name) {
        return !name.isEmpty()
                && name.length() <= User.MAX_NAME
                && name.equals(name.strip())
                && name.chars().noneMatch(Character::isISOControl);
    }

    /** All of them. */
    public Users users() {
        return new Users(accounts.values(), mistakes);
    }
}
