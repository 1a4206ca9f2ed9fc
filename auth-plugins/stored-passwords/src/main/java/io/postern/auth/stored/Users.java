package io.postern.auth.stored;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The users that one reading of a file found. Immutable; safe for any number of threads. */
public final class Users {
    private final Map<String, Account> accounts = new HashMap<>();
    private final List<StoredPassword> forms;

    /**
     * @param found no two of one {@link #fold folded} name
     */
    Users(Collection<Account> found) {
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

    int size() {
        return accounts.size();
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
