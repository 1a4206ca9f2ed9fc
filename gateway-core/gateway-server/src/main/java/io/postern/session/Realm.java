package io.postern.session;

import io.postern.spi.auth.UserDirectory;
import io.postern.spi.store.MaildropStore;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Users who belong together: who knows them, and where their mail is.
 *
 * @param name for the log
 * @param domains the domain parts of login names that lead here, in any case
 * @param directories asked in this order; the next one only when one knows no such user
 * @param store where the mail of all its users is
 * @param stripDomain whether the directories see {@code alice} instead of {@code
 *     alice@example.org}. Else they see the name as it was typed
 */
public record Realm(
        String name,
        Set<String> domains,
        List<UserDirectory> directories,
        MaildropStore store,
        boolean stripDomain) {
    public Realm {
        Objects.requireNonNull(name);
        Objects.requireNonNull(store);
        domains = Set.copyOf(domains);
        directories = List.copyOf(directories);
        if (directories.isEmpty()) {
            throw new IllegalArgumentException("realm " + name + " has no directory");
        }
    }
}
