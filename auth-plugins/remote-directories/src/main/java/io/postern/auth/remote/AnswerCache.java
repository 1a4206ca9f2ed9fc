package io.postern.auth.remote;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.auth.Verdict;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * Remembers who was let in with which password, so that the server is not asked again soon. It
 * keeps no password, but a digest under a key that ends with the process. A refusal is never
 * remembered. What was remembered of a user ends once the server takes another password for that
 * user, or bars or no longer knows the user. Any number of threads.
 */
public final class AnswerCache {
    private static final Setting TIME =
            Setting.withDefault(
                            "cache-time",
                            Setting.Kind.DURATION,
                            "PT0S",
                            "How long a login that was let in is let in again without asking: for so long a"
                                    + " password that was changed elsewhere may still work. PT0S: not at all.")
                    .between("PT0S", "P1D");

    private static final Setting ENTRIES =
            Setting.withDefault(
                            "cache-entries",
                            Setting.Kind.NUMBER,
                            "10000",
                            "How many of them are remembered.")
                    .between("1", "1000000");

    private static final int KEY_OCTETS = 32;

    private final long timeNanos;
    private final int most;
    private final LongSupplier nanoTime;
    private final SecretKey key;

    /** By the name that was typed, the longest unused first. */
    private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * @param digest of name and password, and of what else counts
     * @param endNanos when it is forgotten
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by MessageDigest.isEqual only
    private record Entry(byte[] digest, Verdict.Accepted verdict, long endNanos) {}

    /** How an answer is found out that is not remembered. */
    @FunctionalInterface
    public interface Question {
        Verdict ask() throws Fault, InterruptedException;
    }

    AnswerCache(Duration time, int most, LongSupplier nanoTime) {
        this.timeNanos = time.toNanos();
        this.most = most;
        this.nanoTime = nanoTime;
        var octets = new byte[KEY_OCTETS];
        new SecureRandom().nextBytes(octets);
        this.key = new SecretKeySpec(octets, "HmacSHA256");
        Arrays.fill(octets, (byte) 0);
    }

    /** The settings that every directory with a cache takes. */
    public static List<Setting> settings() {
        return List.of(TIME, ENTRIES);
    }

    /** As the settings say. */
    public static AnswerCache of(PluginConfig config) {
        return new AnswerCache(
                config.duration(TIME.name()),
                Math.toIntExact(config.number(ENTRIES.name())),
                System::nanoTime);
    }

    /** What is remembered, or what the question brings. */
    public Verdict verify(String name, Secret password, Question question)
            throws Fault, InterruptedException {
        return verify(name, password, "", question);
    }

    /**
     * What is remembered, or what the question brings.
     *
     * @param besides what else the answer may depend on, such as the client's address: a login that
     *     differs in it is asked about, and takes the other's place
     */
    public Verdict verify(String name, Secret password, String besides, Question question)
            throws Fault, InterruptedException {
        if (timeNanos == 0) {
            return question.ask();
        }
        var digest = digest(name, password, besides);
        var known = find(name, digest);
        if (known.isPresent()) {
            return known.get();
        }
        var verdict = question.ask();
        switch (verdict) {
            case Verdict.Accepted accepted -> remember(name, digest, accepted);
            case Verdict.Refused(var reason) -> {
                // A wrong password says nothing about the right one.
                if (reason != Verdict.Reason.WRONG_PROOF) {
                    forget(name);
                }
            }
        }
        return verdict;
    }

    private synchronized Optional<Verdict> find(String name, byte[] digest) {
        var entry = entries.get(name);
        if (entry == null) {
            return Optional.empty();
        }
        if (entry.endNanos - nanoTime.getAsLong() <= 0) {
            entries.remove(name);
            return Optional.empty();
        }
        return MessageDigest.isEqual(entry.digest, digest)
                ? Optional.of(entry.verdict)
                : Optional.empty();
    }

    private synchronized void remember(String name, byte[] digest, Verdict.Accepted accepted) {
        // Under another spelling of the name, the old password may be remembered yet.
        entries.values().removeIf(it -> it.verdict.user().name().equals(accepted.user().name()));
        entries.put(name, new Entry(digest, accepted, nanoTime.getAsLong() + timeNanos));
        if (entries.size() > most) {
            entries.remove(entries.keySet().iterator().next());
        }
    }

    private synchronized void forget(String name) {
        entries.remove(name);
    }

    private byte[] digest(String name, Secret password, String besides) {
        var octets = password.octets();
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(name.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            mac.update(besides.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            return mac.doFinal(octets);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256, which takes any key", e);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }
}
