package io.postern.tls;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;

/** The versions, suites and signatures that a listener takes. */
public enum TlsProfile {
    /**
     * TLS 1.2 and 1.3, forward secrecy and authenticated encryption only (RFC 9325), no SHA-1 (RFC
     * 9155).
     */
    MODERN,

    /**
     * TLS 1.0 and 1.1 too, suites with CBC and SHA-1, and RSA key exchange, for devices that nobody
     * updates any more (RFC 8996 forbids these versions elsewhere). {@link Jsse#allowLegacy} has to
     * come first.
     */
    LEGACY;

    private static final String[] VERSIONS = {"TLSv1.3", "TLSv1.2"};
    private static final String[] OLD_VERSIONS = {"TLSv1.1", "TLSv1"};

    private static final String[] SUITES = {
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    };

    private static final String[] OLD_SUITES = {
        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
        "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
    };

    private static final String[] GROUPS = {"x25519", "secp256r1", "secp384r1", "secp521r1"};

    /** For suites with DHE. */
    private static final String[] OLD_GROUPS = {"ffdhe2048", "ffdhe3072"};

    private static final String[] SIGNATURES = {
        "ecdsa_secp256r1_sha256",
        "ecdsa_secp384r1_sha384",
        "ecdsa_secp521r1_sha512",
        "ed25519",
        "rsa_pss_rsae_sha256",
        "rsa_pss_rsae_sha384",
        "rsa_pss_rsae_sha512",
        "rsa_pss_pss_sha256",
        "rsa_pss_pss_sha384",
        "rsa_pss_pss_sha512",
        "rsa_pkcs1_sha256",
        "rsa_pkcs1_sha384",
        "rsa_pkcs1_sha512",
    };

    /** As JSSE names them, the best first; so are all the others. */
    String[] versions() {
        return taken(VERSIONS, OLD_VERSIONS);
    }

    String[] suites() {
        return taken(SUITES, OLD_SUITES);
    }

    String[] groups() {
        return taken(GROUPS, OLD_GROUPS);
    }

    /** TLS 1.0 and 1.1 have theirs fixed, and ask nobody. */
    String[] signatures() {
        return SIGNATURES.clone();
    }

    private String[] taken(String[] modern, String[] old) {
        return switch (this) {
            case MODERN -> modern.clone();
            case LEGACY ->
                    Stream.concat(Arrays.stream(modern), Arrays.stream(old)).toArray(String[]::new);
        };
    }

    /** As {@code gateway.xml} names it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
