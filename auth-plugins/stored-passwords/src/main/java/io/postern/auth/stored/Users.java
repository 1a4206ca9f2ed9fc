package io.postern.auth.stored;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The users that one reading of a file found. Immutable; safe for any number of threads. */
public final class Users {
    private final Map<String, Account> accounts = new HashMap<>();
    private final List<Mistake> mistakes;
    private final List<StoredPassword> forms;

    /**
     * What is not understood in the file.
     *
     * @param line from 1
     * @param what whom it bars, and what is wrong, in one line without a full stop and without any
     *     password
     * @param remedy what to do, as a sentence
     */
    public record Mistake(int line, String what, String remedy) {}

    /**
     * @param found no two of one {@link #fold folded} name
     */
    Users(Collection<Account> found, List<Mistake> mistakes) {
        this.mistakes = List.copyOf(mistakes);
        var byForm = new TreeMap<String, StoredPassword>();
        for (var account : found) {
            accounts.put(fold(account.user().name()), account);
            byForm.putIfAbsent(account.password().form(), account.password());
        }
        this.forms = List.copyOf(byForm.values());
    }

    /** Names are the same if they differ in nothing but the case of ASCII letters. */
    public Optional<Account> find(String name) {
        return Optional.ofNullable(accounts.get(fold(name)));
    }

    /** One stored password of each form that there is; none where there are no users. */
    Collection<StoredPassword> forms() {
        return forms;
    }

    /** All of them, in no order. */
    public Collection<Account> accounts() {
        return Collections.unmodifiableCollection(accounts.values());
    }

    /** In the order of the file. */
    public List<Mistake> mistakes() {
        return mistakes;
    }

    /** ASCII letters in lower case, all else as it is. */
    public static String fold(String name) {
        var folded = new StringBuilder(name);
        for (int i = 0; i < folded.length(); i++) {
            char c = folded.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                folded.setCharAt(i, (char) (c + ('a' - 'A')));
            }
        }
        return folded.toString();
    }
}
