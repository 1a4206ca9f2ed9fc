package io.postern.tls;

import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** An authority of the test's own, and what it issues. */
public final class TestAuthority {
    private static final char[] NO_PASSWORD = {};
    private static final AtomicLong SERIAL = new AtomicLong(1);

    static {
        Jsse.leaveServerNamesToUs(); // before the first client of a test uses TLS
    }

    private final X500Name name;
    private final KeyPair keys;
    private final X509Certificate certificate;

    /** A key pair and its certificate, with that of the authority behind it. */
    public record Issued(KeyPair keys, List<X509Certificate> chain) {

        public X509Certificate certificate() {
            return chain.getFirst();
        }

        /** Writes what certbot writes: the chain, and a PKCS#8 key. */
        public IdentitySource.Pem write(Path folder) throws IOException {
            Files.createDirectories(folder);
            var certificates = folder.resolve("fullchain.pem");
            var key = folder.resolve("privkey.pem");
            Files.writeString(certificates, pem(chain.toArray()));
            Files.writeString(key, pem(pkcs8(keys)));
            Files.setPosixFilePermissions(
                    key, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
            return new IdentitySource.Pem(certificates, key, java.util.Optional.empty());
        }
    }

    public TestAuthority(String name)
            throws GeneralSecurityException, OperatorException, IOException {
        this.name = new X500Name("CN=" + name);
        keys = keys("EC");
        certificate =
                certificate(
                        this.name,
                        keys,
                        true,
                        Instant.now().minus(Duration.ofDays(1)),
                        Instant.now().plus(Duration.ofDays(100)));
    }

    public X509Certificate certificate() {
        return certificate;
    }

    /**
     * A certificate that is good for a hundred days.
     *
     * @param algorithm {@code EC}, {@code RSA} or {@code Ed25519}
     */
    public Issued issue(String algorithm, String... hosts)
            throws GeneralSecurityException, OperatorException, IOException {
        var now = Instant.now();
        return issue(
                algorithm, now.minus(Duration.ofDays(1)), now.plus(Duration.ofDays(100)), hosts);
    }

    public Issued issue(String algorithm, Instant from, Instant until, String... hosts)
            throws GeneralSecurityException, OperatorException, IOException {
        var pair = keys(algorithm);
        var subject = new X500Name("CN=" + (hosts.length == 0 ? "nobody" : hosts[0]));
        return new Issued(
                pair, List.of(certificate(subject, pair, false, from, until, hosts), certificate));
    }

    /** A client that trusts this authority only, and proves itself if it has what for. */
    public SSLContext client(Issued... own) throws GeneralSecurityException, IOException {
        var mine = KeyStore.getInstance("PKCS12");
        mine.load(null, null);
        for (var one : own) {
            mine.setKeyEntry(
                    "own",
                    one.keys().getPrivate(),
                    NO_PASSWORD,
                    one.chain().toArray(X509Certificate[]::new));
        }
        var proving = KeyManagerFactory.getInstance("PKIX");
        proving.init(mine, NO_PASSWORD);
        return clientWith(proving.getKeyManagers());
    }

    /** A client that trusts this authority only, and proves itself as it likes. */
    SSLContext clientWith(KeyManager... proving) throws GeneralSecurityException, IOException {
        var trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        trust.setCertificateEntry("authority", certificate);
        var trusting = TrustManagerFactory.getInstance("PKIX");
        trusting.init(trust);
        var context = SSLContext.getInstance("TLS");
        context.init(proving, trusting.getTrustManagers(), null);
        return context;
    }

    private X509Certificate certificate(
            X500Name subject,
            KeyPair pair,
            boolean authority,
            Instant from,
            Instant until,
            String... hosts)
            throws GeneralSecurityException, OperatorException, IOException {
        var builder =
                new JcaX509v3CertificateBuilder(
                        name,
                        BigInteger.valueOf(SERIAL.getAndIncrement()),
                        Date.from(from),
                        Date.from(until),
                        subject,
                        pair.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
        if (hosts.length > 0) {
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(
                            Arrays.stream(hosts)
                                    .map(host -> new GeneralName(GeneralName.dNSName, host))
                                    .toArray(GeneralName[]::new)));
        }
        if (!authority) {
            builder.addExtension(
                    Extension.extendedKeyUsage,
                    false,
                    new ExtendedKeyUsage(
                            new KeyPurposeId[] {
                                KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                            }));
        }
        return new JcaX509CertificateConverter()
                .getCertificate(
                        builder.build(
                                new JcaContentSignerBuilder("SHA256withECDSA")
                                        .build(keys.getPrivate())));
    }

    private static KeyPair keys(String algorithm) throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance(algorithm);
        if (algorithm.equals("RSA")) {
            generator.initialize(2048);
        } else if (algorithm.equals("EC")) {
            generator.initialize(256);
        }
        return generator.generateKeyPair();
    }

    static Object pkcs8(KeyPair keys) throws IOException {
        return new JcaPKCS8Generator(keys.getPrivate(), null);
    }

    /** PEM blocks: PKCS#1 and SEC 1 for private keys as they are. */
    static String pem(Object... objects) throws IOException {
        var text = new StringWriter();
        try (var writer = new JcaPEMWriter(text)) {
            for (var object : objects) {
                writer.writeObject(object);
            }
        }
        return text.toString();
    }
}
