package io.postern.auth.xmlusers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

import javax.crypto.Mac;
import javax.crypto.SecretKey;

/** The users that one reading of the file found. Immutable; safe for any number of threads. */
final class Users {
    private final Map<String, Account> accounts = new HashMap<>();
    private final List<StoredPassword> decoys;
    private final SecretKey decoyKey;

    /**
     * @param found no two of one {@link #fold folded} name
     * @param empty stands for the users where there are none
     * @param decoyKey for HmacSHA256; secret, and the same for every reading of one run
     */
    Users(Collection<Account> found, StoredPassword empty, SecretKey decoyKey) {
        this.decoyKey = decoyKey;
        var forms = new TreeMap<String, StoredPassword>();
        for (var account : found) {
            accounts.put(fold(account.user().name()), account);
            forms.putIfAbsent(account.password().form(), account.password());
        }
        this.decoys = forms.isEmpty() ? List.of(empty) : List.copyOf(forms.values());
    }

    /** Names are the same if they differ in nothing but the case of ASCII letters. */
    Optional<Account> find(String name) {
        return Optional.ofNullable(accounts.get(fold(name)));
    }

    /**
     * What to check a stranger's password against, only for the time it takes; a match means
     * nothing. Always the same for one name, and no telling which without the key: a name that is
     * quick or slow to refuse looks like a user's of that form.
     */
    StoredPassword decoy(String name) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(decoyKey);
            var hash = mac.doFinal(fold(name).getBytes(StandardCharsets.UTF_8));
            return decoys.get(Math.floorMod(ByteBuffer.wrap(hash).getLong(), decoys.size()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256, which takes any key", e);
        }
    }

    int size() {
        return accounts.size();
    }

    /** ASCII letters in lower case, all else as it is. */
    static String fold(String name) {
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
