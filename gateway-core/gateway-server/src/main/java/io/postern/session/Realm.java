package io.postern.session;

import io.postern.engine.Terms;
import io.postern.kept.KeptDeletions;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.store.MaildropStore;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Users who belong together: who knows them, and where their mail is.
 *
 * @param name for the log
 * @param domains the domain parts of login names that lead here, in any case
 * @param directories asked in this order; the next one only when one knows no such user, but for
 *     those in the two sets
 * @param store where the mail of all its users is
 * @param stripDomain whether the directories see {@code alice} instead of {@code
 *     alice@example.org}. Else they see the name as it was typed
 * @param stopOnUnknown those that know every user: behind them nobody is asked
 * @param nextOnFailure those that others can stand in for: where one has no answer, the next one is
 *     asked. A name that then nobody knows has met a fault, for the one without an answer may know
 *     it
 * @param terms of the accounts that have none of their own; no account has worse ones
 * @param kept where copies of removed messages stay for a while; empty where none do
 */
public record Realm(
        String name,
        Set<String> domains,
        List<UserDirectory> directories,
        MaildropStore store,
        boolean stripDomain,
        Set<UserDirectory> stopOnUnknown,
        Set<UserDirectory> nextOnFailure,
        Terms terms,
        Optional<KeptDeletions> kept) {
    public Realm {
        Objects.requireNonNull(kept);
        Objects.requireNonNull(terms);
        Objects.requireNonNull(name);
        Objects.requireNonNull(store);
        domains = Set.copyOf(domains);
        directories = List.copyOf(directories);
        stopOnUnknown = identities(stopOnUnknown);
        nextOnFailure = identities(nextOnFailure);
        if (directories.isEmpty()) {
            throw new IllegalArgumentException("realm " + name + " has no directory");
        }
    }

    /** By object: what two directories make of each other is a plugin's code. */
    private static Set<UserDirectory> identities(Set<UserDirectory> some) {
        var same = Collections.<UserDirectory>newSetFromMap(new IdentityHashMap<>());
        same.addAll(some);
        return Collections.unmodifiableSet(same);
    }

    /** A realm of directories in neither set, without terms, that keeps nothing. */
    public Realm(
            String name,
            Set<String> domains,
            List<UserDirectory> directories,
            MaildropStore store,
            boolean stripDomain) {
        this(
                name,
                domains,
                directories,
                store,
                stripDomain,
                Set.of(),
                Set.of(),
                Terms.NONE,
                Optional.empty());
    }
}
