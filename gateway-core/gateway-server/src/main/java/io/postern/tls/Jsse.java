package io.postern.tls;

import java.security.NoSuchAlgorithmException;
import java.security.Security;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import javax.net.ssl.SSLContext;

/**
 * Settings of Java's TLS that hold for the whole process, and that Java reads once: at the first
 * use of TLS by anybody, plugins included. One thread, before that.
 */
public final class Jsse {
    private static final String SERVER_EXTENSIONS_OFF = "jdk.tls.server.disableExtensions";
    private static final String SERVER_NAME = "server_name";
    private static final String DISABLED = "jdk.tls.disabledAlgorithms";
    private static final String CLIENT_PROTOCOLS = "jdk.tls.client.protocols";
    private static final String CLIENT_SUITES = "jdk.tls.client.cipherSuites";

    /** What Java does not allow by itself, and old devices need. */
    private static final Set<String> NEEDED_BY_LEGACY = Set.of("TLSv1", "TLSv1.1", "TLS_RSA_*");

    private static final String OLDEST = "TLSv1";

    private Jsse() {}

    /**
     * Leaves the names that clients ask for to {@link ClientHello}. Java would end the handshake
     * for every name that is not strictly a host name.
     */
    public static void leaveServerNamesToUs() {
        var off = System.getProperty(SERVER_EXTENSIONS_OFF, "");
        if (!List.of(off.split("[ ,]+")).contains(SERVER_NAME)) {
            System.setProperty(
                    SERVER_EXTENSIONS_OFF, off.isBlank() ? SERVER_NAME : off + "," + SERVER_NAME);
        }
    }

    /**
     * Allows {@link TlsProfile#LEGACY}. Java knows only one list of what is forbidden, for servers
     * and clients alike: listeners of another profile name what they take, and the TLS clients of
     * this process (plugins that ask a directory or a database) are told to offer neither old
     * versions nor RSA key exchange, unless the operator has set it.
     *
     * @return false if it came too late: somebody has used TLS before
     */
    public static boolean allowLegacy() {
        setUnlessSet(CLIENT_PROTOCOLS, TlsProfile.MODERN.versions());
        setUnlessSet(CLIENT_SUITES, clientSuites());
        Security.setProperty(
                DISABLED,
                Arrays.stream(Security.getProperty(DISABLED).split(","))
                        .map(String::strip)
                        .filter(it -> !NEEDED_BY_LEGACY.contains(it))
                        .collect(Collectors.joining(", ")));
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(null, null, null);
            var engine = context.createSSLEngine();
            engine.setUseClientMode(false);
            return List.of(engine.getEnabledProtocols()).contains(OLDEST);
        } catch (NoSuchAlgorithmException | java.security.KeyManagementException e) {
            throw new IllegalStateException("this Java has no TLS", e);
        }
    }

    /** Those with forward secrecy, as Java's clients offer them by themselves. */
    private static String[] clientSuites() {
        return Arrays.stream(TlsProfile.LEGACY.suites())
                .filter(it -> !it.startsWith("TLS_RSA_"))
                .toArray(String[]::new);
    }

    private static void setUnlessSet(String property, String... values) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, String.join(",", values));
        }
    }
}
