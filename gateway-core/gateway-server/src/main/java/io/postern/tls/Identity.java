package io.postern.tls;

import io.postern.spi.SettingException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A private key and the certificates that vouch for it. Immutable; any thread.
 *
 * <p>Names are the certificate's own: its dNSNames (RFC 9525 §6.3), in lower case.
 */
public final class Identity {
    /** What is signed to see whether key and certificate belong together. */
    private static final byte[] PROBE = {'p', 'o', 's', 't', 'e', 'r', 'n'};

    /** A certificate with less time left is told of. */
    private static final Duration SOON = Duration.ofDays(14);

    // Kinds of alternative names (RFC 5280 §4.2.1.6).
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;

    private final Path file;
    private final List<X509Certificate> chain;
    private final PrivateKey key;
    private final Path keyFile;
    private final List<String> names;

    /** Its host names and addresses, each as {@link ServerName#canonical}. */
    private final Set<String> spellings;

    private Identity(Path file, List<X509Certificate> chain, PrivateKey key, Path keyFile) {
        this.file = file;
        this.chain = List.copyOf(chain);
        this.key = key;
        this.keyFile = keyFile;
        this.names =
                alternatives(chain.getFirst(), DNS_NAME)
                        .map(name -> name.toLowerCase(Locale.ROOT))
                        .toList();
        this.spellings =
                Stream.concat(names.stream(), alternatives(chain.getFirst(), IP_ADDRESS))
                        .map(ServerName::canonical)
                        .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * @param setting to blame where key and certificate do not belong together
     * @param file of the certificates
     */
    static Identity of(
            String setting, Path file, List<X509Certificate> chain, PrivateKey key, Path keyFile) {
        if (!belongs(key, chain.getFirst())) {
            throw new SettingException(
                    setting,
                    keyFile + " is not the key of the first certificate in " + file,
                    "Give the key that belongs to it; the server's own certificate comes first.");
        }
        return new Identity(file, chain, key, keyFile);
    }

    List<X509Certificate> chain() {
        return chain;
    }

    PrivateKey key() {
        return key;
    }

    /** The kind of key, as JSSE calls it: {@code RSA}, {@code EC}, {@code EdDSA}, ... */
    String algorithm() {
        return chain.getFirst().getPublicKey().getAlgorithm();
    }

    /** Lower-case host names, perhaps with {@code *.} in front; may be empty. */
    public List<String> names() {
        return names;
    }

    /**
     * Whether it is for exactly this host or address.
     *
     * @param host of {@link ServerName#canonical}
     */
    boolean named(String host) {
        return spellings.contains(host);
    }

    /** Whether it is for every name next to this host's (RFC 9525 §6.3). */
    boolean wildcardFor(String host) {
        var dot = host.indexOf('.');
        return dot > 0 && spellings.contains("*" + host.substring(dot));
    }

    /** When it ends. */
    public Instant validUntil() {
        return chain.getFirst().getNotAfter().toInstant();
    }

    /** What an operator should know before clients tell: sentences. */
    public List<String> warnings(Instant now) {
        var warnings = new ArrayList<String>();
        var begin = chain.getFirst().getNotBefore().toInstant();
        var left = Duration.between(now, validUntil());
        if (left.isNegative()) {
            warnings.add("the certificate in " + file + " expired at " + validUntil() + ".");
        } else if (left.compareTo(SOON) < 0) {
            warnings.add("the certificate in " + file + " expires at " + validUntil() + ".");
        }
        if (now.isBefore(begin)) {
            warnings.add("the certificate in " + file + " is valid only from " + begin + ".");
        }
        for (var at = 1; at < chain.size(); at++) {
            if (!chain.get(at - 1)
                    .getIssuerX500Principal()
                    .equals(chain.get(at).getSubjectX500Principal())) {
                warnings.add(
                        "certificate "
                                + (at + 1)
                                + " in "
                                + file
                                + " did not issue the one before it: clients may not find the way"
                                + " to the root.");
            }
        }
        if (names.isEmpty()) {
            warnings.add("the certificate in " + file + " has no host name.");
        }
        try {
            if (Files.getFileStore(keyFile).supportsFileAttributeView("posix")
                    && Files.getPosixFilePermissions(keyFile)
                            .contains(PosixFilePermission.OTHERS_READ)) {
                warnings.add(
                        "every user of this machine may read the private key in "
                                + keyFile
                                + ": chmod o= "
                                + keyFile
                                + ".");
            }
        } catch (IOException e) {
            warnings.add("who may read " + keyFile + " cannot be found out (" + e + ").");
        }
        return warnings;
    }

    @Override
    public String toString() {
        return (names.isEmpty() ? "no name" : String.join(", ", names)) + " in " + file;
    }

    private static boolean belongs(PrivateKey key, X509Certificate certificate) {
        var publicKey = certificate.getPublicKey();
        try {
            var signature =
                    Signature.getInstance(
                            switch (publicKey.getAlgorithm()) {
                                case "RSA" -> "SHA256withRSA";
                                case "EC" -> "SHA256withECDSA";
                                default -> publicKey.getAlgorithm();
                            });
            if (publicKey.getAlgorithm().equals("RSASSA-PSS")) {
                signature.setParameter(
                        new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
            }
            signature.initSign(key);
            signature.update(PROBE);
            var signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(PROBE);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static Stream<String> alternatives(X509Certificate certificate, int kind) {
        try {
            var alternatives = certificate.getSubjectAlternativeNames();
            return alternatives == null
                    ? Stream.empty()
                    : alternatives.stream()
                            .filter(one -> one.getFirst().equals(kind))
                            .map(one -> (String) one.get(1));
        } catch (CertificateParsingException e) {
            return Stream.empty(); // served where no other fits better
        }
    }
}
