package io.postern.auth.stored;

import io.postern.spi.Secret;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * {@code {CRYPT}$y$...} and the other hashes that the system's libcrypt alone knows, as {@code
 * mkpasswd} and {@code passwd} of today's systems make them.
 */
final class SystemCryptPassword implements StoredPassword {
    /** Most memory times passes of yescrypt and scrypt, KiB: about a second. */
    private static final int MAX_WORK_KIB = 1 << 18;

    private static final int MIN_BCRYPT = 4;
    private static final int MAX_BCRYPT = 14;

    private final Method method;
    private final LibCrypt library;
    private final String hash;
    private final String form;
    private final int memoryKib;

    private SystemCryptPassword(
            Method method, LibCrypt library, String hash, String form, int memoryKib) {
        this.method = method;
        this.library = library;
        this.hash = hash;
        this.form = form;
        this.memoryKib = memoryKib;
    }

    /**
     * The part of a hash that says the cost, the part up to the salt's end, and the hash itself.
     */
    private enum Method {
        YESCRYPT("$y$", "yescrypt", "\\$y\\$([./0-9A-Za-z]{3,24})\\$[./0-9A-Za-z]{0,86}\\$", 43),
        GOST_YESCRYPT(
                "$gy$",
                "gost-yescrypt",
                "\\$gy\\$([./0-9A-Za-z]{3,24})\\$[./0-9A-Za-z]{0,86}\\$",
                43),
        SCRYPT("$7$", "scrypt", "\\$7\\$([./0-9A-Za-z]{11})[./0-9A-Za-z]{0,86}\\$", 43),
        SHA1("$sha1$", "sha1crypt", "\\$sha1\\$([0-9]{1,9})\\$[./0-9A-Za-z]{1,64}\\$", 28),
        SUN_MD5(
                "$md5",
                "Sun's MD5",
                "\\$md5(?:,rounds=([0-9]{1,9}))?\\$[./0-9A-Za-z]{1,16}\\${1,2}",
                22),
        NT("$3$", "NT", "()\\$3\\$\\$", 32),
        BCRYPT_X("$2x$", "bcrypt of the kind x", "\\$2x\\$([0-9]{2})\\$[./0-9A-Za-z]{22}", 31);

        private final String prefix;
        private final String title;
        private final Pattern text;

        Method(String prefix, String title, String head, int hashLength) {
            this.prefix = prefix;
            this.title = title;
            this.text = Pattern.compile("(" + head + ")[./0-9A-Za-z]{" + hashLength + "}");
        }
    }

    private static Optional<Method> method(String text) {
        return Arrays.stream(Method.values()).filter(it -> text.startsWith(it.prefix)).findFirst();
    }

    /** Whether it is a hash of this kind, be it well-formed or not. */
    static boolean knows(String text) {
        return method(text).isPresent();
    }

    /**
     * @param text that it {@link #knows}
     * @param library empty where there is none
     */
    static SystemCryptPassword parse(String text, Optional<LibCrypt> library) {
        var method = method(text).orElseThrow();
        var match = method.text.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException("is not a whole hash of " + method.title);
        }
        var cost = match.group(2) == null ? "" : match.group(2);
        int memoryKib =
                switch (method) {
                    case YESCRYPT, GOST_YESCRYPT -> memory(ScryptCost.yescrypt(cost));
                    case SCRYPT -> memory(ScryptCost.scrypt(cost));
                    case SHA1 -> {
                        rounds(Integer.parseInt(cost), MIN_ROUNDS, MAX_ROUNDS);
                        yield 0;
                    }
                    case SUN_MD5 -> {
                        // It adds 4096 to what is named.
                        rounds(cost.isEmpty() ? 0 : Integer.parseInt(cost), 0, MAX_ROUNDS);
                        yield 0;
                    }
                    case BCRYPT_X -> {
                        rounds(Integer.parseInt(cost), MIN_BCRYPT, MAX_BCRYPT);
                        yield 0;
                    }
                    case NT -> 0;
                };
        // Last: what is wrong with a hash is wrong everywhere.
        var crypt =
                library.filter(it -> it.takes(sample(method)))
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "is a hash of "
                                                + method.title
                                                + " ("
                                                + method.prefix
                                                + "), which only the system's libcrypt can check:"
                                                + " there is none that can"));
        return new SystemCryptPassword(
                method,
                crypt,
                text,
                method + " " + cost + " " + match.group(1).length(),
                memoryKib);
    }

    /** A setting of little cost that a library takes if it has the method. */
    private static String sample(Method method) {
        return switch (method) {
            case YESCRYPT -> "$y$j2.$abcd$";
            case GOST_YESCRYPT -> "$gy$j2.$abcd$";
            case SCRYPT -> "$7$4/..../....abcd$";
            case SHA1 -> "$sha1$4$abcd$";
            case SUN_MD5 -> "$md5$abcdefgh$";
            case NT -> "$3$";
            case BCRYPT_X -> "$2x$04$abcdefghijklmnopqrstuu";
        };
    }

    private static int memory(ScryptCost cost) {
        long kib = cost.memoryKib();
        if (kib > MAX_MEMORY_KIB || kib * cost.passes() > MAX_WORK_KIB) {
            throw new IllegalArgumentException(
                    "takes "
                            + kib
                            + " KiB in "
                            + cost.passes()
                            + " passes: more than "
                            + MAX_MEMORY_KIB
                            + " KiB, or "
                            + MAX_WORK_KIB
                            + " KiB over all passes, would hold up every login");
        }
        return (int) kib;
    }

    private static void rounds(int rounds, int least, int most) {
        if (rounds < least || rounds > most) {
            throw new IllegalArgumentException(
                    "has a cost of " + rounds + ", not " + least + " to " + most);
        }
    }

    @Override
    public boolean matches(Secret password) {
        var octets = password.octets();
        try {
            var made = library.hash(octets, hash).orElse("");
            return MessageDigest.isEqual(
                    made.getBytes(StandardCharsets.US_ASCII),
                    hash.getBytes(StandardCharsets.US_ASCII));
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    @Override
    public String form() {
        return form;
    }

    @Override
    public int memoryKib() {
        return memoryKib;
    }

    @Override
    public String toString() {
        return method.title;
    }
}
