package io.postern.distribution;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Every password, token and proof that a test of this run uses, and the search for them in the logs
 * of all packaged servers: each log is searched when its server has ended. Any thread.
 */
final class Secrets {
    private static final Set<String> KNOWN = ConcurrentHashMap.newKeySet();
    private static final AtomicInteger LOGS = new AtomicInteger();
    private static final AtomicLong CHARACTERS = new AtomicLong();

    private Secrets() {}

    /** A password that is found nowhere else. */
    static String fresh() {
        return used("pw" + UUID.randomUUID().toString().replace("-", ""));
    }

    /** From now on no log may hold this. */
    static String used(String secret) {
        KNOWN.add(secret);
        return secret;
    }

    /** Fails the test if a log holds a secret in any of its {@link #forms}. */
    static void search(String log) {
        LOGS.incrementAndGet();
        CHARACTERS.addAndGet(log.length());
        find(log)
                .ifPresent(before -> {
                    throw new AssertionError("the log holds a secret: " + before + "***");
                });
    }

    /** What stands in the text before the first secret that is found in it. */
    static Optional<String> find(String text) {
        for (var secret : KNOWN) {
            for (var form : forms(secret)) {
                var at = text.indexOf(form);
                if (at >= 0) {
                    return Optional.of(text.substring(Math.max(0, at - 200), at));
                }
            }
        }
        return Optional.empty();
    }

    /**
     * As it is; in base64, wherever in an encoded message it stands, as in AUTH PLAIN and LOGIN;
     * and in hex, as dumps of octets show it.
     */
    static List<String> forms(String secret) {
        var octets = secret.getBytes(StandardCharsets.UTF_8);
        var hex = HexFormat.of().formatHex(octets);
        var forms = new ArrayList<>(List.of(secret, hex, hex.toUpperCase(Locale.ROOT)));
        forms.add(HexFormat.ofDelimiter(" ").formatHex(octets));
        forms.add(HexFormat.ofDelimiter(" ").withUpperCase().formatHex(octets));
        forms.add(Arrays.toString(octets).replaceAll("[\\[\\]]", ""));
        for (var before = 0; before < 3; before++) {
            var shifted = new byte[before + octets.length];
            System.arraycopy(octets, 0, shifted, before, octets.length);
            var text = Base64.getEncoder().encodeToString(shifted);
            // Without the characters that tell of what stands before and behind, too.
            forms.add(text.substring((8 * before + 5) / 6, 8 * shifted.length / 6));
        }
        return forms;
    }

    static int known() {
        return KNOWN.size();
    }

    static int logs() {
        return LOGS.get();
    }

    static long characters() {
        return CHARACTERS.get();
    }
}
