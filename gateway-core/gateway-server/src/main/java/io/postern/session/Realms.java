package io.postern.session;

import io.postern.engine.Terms;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * All realms, found by login name. Immutable.
 *
 * <p>The domain is what stands behind the last {@code @}. Case is folded in ASCII only: other
 * letters would let two names lead to one realm by the rules of one language.
 */
public final class Realms {
    private final List<Realm> all;
    private final Map<String, Realm> byDomain = new HashMap<>();
    private final Optional<Realm> fallback;

    /**
     * @param fallback the one of them that takes the names that lead nowhere else
     * @throws IllegalArgumentException if two realms claim one domain, or there is no realm at all
     */
    public Realms(List<Realm> realms, Optional<Realm> fallback) {
        all = List.copyOf(realms);
        this.fallback = fallback;
        if (all.isEmpty()) {
            throw new IllegalArgumentException("there is no realm");
        }
        for (var realm : all) {
            for (var domain : realm.domains()) {
                var twin = byDomain.putIfAbsent(lowerCase(domain), realm);
                if (twin != null) {
                    throw new IllegalArgumentException(
                            "realms "
                                    + twin.name()
                                    + " and "
                                    + realm.name()
                                    + " both claim the domain "
                                    + domain);
                }
            }
        }
    }

    /**
     * A login name's realm.
     *
     * @param name what its directories see
     */
    public record Place(Realm realm, String name) {}

    /** Where a login name leads; empty where no realm takes it. */
    public Optional<Place> place(String loginName) {
        var at = loginName.lastIndexOf('@');
        var realm = at < 0 ? null : byDomain.get(lowerCase(loginName.substring(at + 1)));
        if (realm != null) {
            var seen = realm.stripDomain() ? loginName.substring(0, at) : loginName;
            return Optional.of(new Place(realm, seen));
        }
        return fallback.map(it -> new Place(it, loginName));
    }

    /** What holds for everybody, for want of knowing who will log in (RFC 2449 §6.5, §6.7). */
    Terms terms() {
        var delays = all.stream().flatMapToInt(it -> it.terms().loginDelay().stream());
        var expiries = all.stream().map(it -> it.terms().expire()).toList();
        return new Terms(
                delays.max(),
                expiries.stream().allMatch(OptionalInt::isPresent)
                        ? expiries.stream().mapToInt(OptionalInt::getAsInt).min()
                        : OptionalInt.empty());
    }

    public List<Realm> all() {
        return all;
    }

    /** ASCII letters in lower case, all else as it is. */
    static String lowerCase(String text) {
        var folded = text.toCharArray();
        for (var i = 0; i < folded.length; i++) {
            if (folded[i] >= 'A' && folded[i] <= 'Z') {
                folded[i] = (char) (folded[i] + 'a' - 'A');
            }
        }
        return new String(folded);
    }
}
