package io.postern.tls;

import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.security.spec.PSSParameterSpec;
import java.util.Locale;
import java.util.Optional;

import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLKeyException;
import javax.net.ssl.SSLSession;

/** Channel bindings of a TLS session on the server's side. */
public final class Binding {
    private static final String EXPORTER_LABEL = "EXPORTER-Channel-Binding";
    private static final int EXPORTER_OCTETS = 32;

    private Binding() {}

    /**
     * @param type a name of IANA's registry
     * @return empty where the session has none of that type
     */
    public static Optional<byte[]> of(SSLSession session, String type) {
        return switch (type) {
            case "tls-exporter" -> exporter(session);
            case "tls-server-end-point" -> serverEndPoint(session);
            default -> Optional.empty();
        };
    }

    /**
     * RFC 9266 §2. Left out of TLS 1.2 (§4.2): it is unique there only with the extended master
     * secret, and JSSE does not say whether the client had that.
     */
    private static Optional<byte[]> exporter(SSLSession session) {
        if (!session.getProtocol().equals("TLSv1.3")
                || !(session instanceof ExtendedSSLSession exporting)) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    exporting.exportKeyingMaterialData(
                            EXPORTER_LABEL, new byte[0], EXPORTER_OCTETS));
        } catch (SSLKeyException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }

    /** RFC 5929 §4.1. */
    private static Optional<byte[]> serverEndPoint(SSLSession session) {
        var local = session.getLocalCertificates();
        if (local == null || local.length == 0) {
            return Optional.empty();
        }
        try {
            var digest = digest((X509Certificate) local[0]);
            return digest.isEmpty()
                    ? Optional.empty()
                    : Optional.of(
                            MessageDigest.getInstance(digest.get()).digest(local[0].getEncoded()));
        } catch (GeneralSecurityException e) {
            return Optional.empty();
        }
    }

    /** The hash of the certificate's signature; SHA-256 for the weak ones. */
    private static Optional<String> digest(X509Certificate certificate)
            throws GeneralSecurityException {
        var algorithm = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
        if (algorithm.equals("RSASSA-PSS")) {
            try {
                var parameters = AlgorithmParameters.getInstance("RSASSA-PSS");
                parameters.init(certificate.getSigAlgParams());
                return Optional.of(
                        parameters.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm());
            } catch (java.io.IOException e) {
                return Optional.empty();
            }
        }
        var with = algorithm.indexOf("WITH");
        if (with < 0) {
            return Optional.empty(); // such as Ed25519, which has no hash of its own here
        }
        return Optional.of(
                switch (algorithm.substring(0, with)) {
                    case "SHA384" -> "SHA-384";
                    case "SHA512" -> "SHA-512";
                    case "SHA224" -> "SHA-224";
                    case "MD5", "SHA1", "SHA256" -> "SHA-256";
                    default -> algorithm.substring(0, with);
                });
    }
}
