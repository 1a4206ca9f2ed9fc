package io.postern.auth.stored;

import io.postern.spi.Secret;

import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * {@code {ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$salt$hash} (RFC 9106), salt and hash in base64
 * without padding; {@code {ARGON2I}} likewise. What it takes most of is memory.
 */
final class Argon2Password implements StoredPassword {
    static final String SCHEME = "ARGON2ID";

    /** What a hash made here takes: what OWASP asked for in 2023. */
    private static final int MEMORY_KIB = 19 * 1024;

    private static final int PASSES = 2;
    private static final int SALT_OCTETS = 16;
    private static final int HASH_OCTETS = 32;

    /** Most memory times passes, KiB: about a second. */
    private static final int MAX_WORK_KIB = 1 << 20;

    private static final int MAX_LANES = 16;

    private static final Pattern TEXT =
            Pattern.compile(
                    "\\$argon2(id|i)\\$(?:v=(16|19)\\$)?m=([0-9]{1,7}),t=([0-9]{1,5}),p=([0-9]{1,3})"
                            + "\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{16,86})");

    private final Argon2Parameters parameters;
    private final byte[] hash;

    private Argon2Password(Argon2Parameters parameters, byte[] hash) {
        this.parameters = parameters;
        this.hash = hash;
    }

    static Argon2Password parse(String scheme, String text) {
        var match = TEXT.matcher(text);
        if (!match.matches()
                || (!scheme.equals("ARGON2") && !scheme.endsWith(kind(match.group(1))))) {
            throw new IllegalArgumentException(
                    "is not $argon2id$v=19$m=MEMORY,t=PASSES,p=LANES$SALT$HASH with salt and hash in"
                            + " base64 without padding");
        }
        int memory = Integer.parseInt(match.group(3));
        int passes = Integer.parseInt(match.group(4));
        int lanes = Integer.parseInt(match.group(5));
        if (lanes < 1 || lanes > MAX_LANES || passes < 1 || memory < 8 * lanes) {
            throw new IllegalArgumentException(
                    "takes no passes, less than 8 KiB for each lane, or not 1 to "
                            + MAX_LANES
                            + " lanes");
        }
        if (memory > MAX_MEMORY_KIB || (long) memory * passes > MAX_WORK_KIB) {
            throw new IllegalArgumentException(
                    "takes "
                            + memory
                            + " KiB in "
                            + passes
                            + " passes: more than "
                            + MAX_MEMORY_KIB
                            + " KiB, or "
                            + MAX_WORK_KIB
                            + " KiB over all passes, would hold up every login");
        }
        byte[] salt;
        byte[] hash;
        try {
            salt = Base64.getDecoder().decode(match.group(6));
            hash = Base64.getDecoder().decode(match.group(7));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("has a salt or hash that is no base64", e);
        }
        return new Argon2Password(
                parameters(
                        match.group(1).equals("id")
                                ? Argon2Parameters.ARGON2_id
                                : Argon2Parameters.ARGON2_i,
                        "19".equals(match.group(2))
                                ? Argon2Parameters.ARGON2_VERSION_13
                                : Argon2Parameters.ARGON2_VERSION_10,
                        memory,
                        passes,
                        lanes,
                        salt),
                hash);
    }

    static String make(Secret password) {
        var salt = new byte[SALT_OCTETS];
        new SecureRandom().nextBytes(salt);
        var hash =
                derive(
                        parameters(
                                Argon2Parameters.ARGON2_id,
                                Argon2Parameters.ARGON2_VERSION_13,
                                MEMORY_KIB,
                                PASSES,
                                1,
                                salt),
                        password,
                        HASH_OCTETS);
        var base64 = Base64.getEncoder().withoutPadding();
        return "{"
                + SCHEME
                + "}$argon2id$v=19$m="
                + MEMORY_KIB
                + ",t="
                + PASSES
                + ",p=1$"
                + base64.encodeToString(salt)
                + "$"
                + base64.encodeToString(hash);
    }

    @Override
    public boolean matches(Secret password) {
        return MessageDigest.isEqual(derive(parameters, password, hash.length), hash);
    }

    @Override
    public String form() {
        return "ARGON2 "
                + parameters.getType()
                + " "
                + parameters.getMemory()
                + " "
                + parameters.getIterations()
                + " "
                + parameters.getLanes();
    }

    @Override
    public int memoryKib() {
        return parameters.getMemory();
    }

    private static String kind(String variant) {
        return variant.equals("id") ? "ID" : "2I";
    }

    private static byte[] derive(Argon2Parameters parameters, Secret password, int length) {
        var octets = password.octets();
        var hash = new byte[length];
        try {
            var generator = new Argon2BytesGenerator();
            generator.init(parameters);
            generator.generateBytes(octets, hash);
            return hash;
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    private static Argon2Parameters parameters(
            int type, int version, int memory, int passes, int lanes, byte[] salt) {
        return new Argon2Parameters.Builder(type)
                .withVersion(version)
                .withMemoryAsKB(memory)
                .withIterations(passes)
                .withParallelism(lanes)
                .withSalt(salt)
                .build();
    }
}
