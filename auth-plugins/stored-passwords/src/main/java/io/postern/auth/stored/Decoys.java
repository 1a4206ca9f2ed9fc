package io.postern.auth.stored;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Function;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What strangers get instead of a user's: always the same for one name, and no telling what without
 * the key. Immutable; any number of threads.
 */
final class Decoys {
    private final SecretKeySpec key;

    /**
     * @param key secret; 32 octets
     */
    Decoys(byte[] key) {
        this.key = new SecretKeySpec(key, "HmacSHA256");
    }

    /** One of them, which a form more changes for few names; none where there are none. */
    <T> Optional<T> choose(String name, Collection<T> all, Function<T, String> form) {
        T chosen = null;
        long best = Long.MIN_VALUE;
        for (var one : all) {
            long rank = ByteBuffer.wrap(hmac(form.apply(one), name)).getLong();
            if (rank >= best) {
                best = rank;
                chosen = one;
            }
        }
        return Optional.ofNullable(chosen);
    }

    /**
     * Octets that look random.
     *
     * @param length 1 to 64
     */
    byte[] octets(String what, String name, int length) {
        var all = ByteBuffer.allocate(64);
        all.put(hmac(what, name)).put(hmac(what + "+", name));
        return Arrays.copyOf(all.array(), length);
    }

    private byte[] hmac(String what, String name) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(what.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            return mac.doFinal(Users.fold(name).getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256, which takes any key", e);
        }
    }
}
