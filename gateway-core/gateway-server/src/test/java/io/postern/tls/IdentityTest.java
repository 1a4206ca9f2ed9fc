package io.postern.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Secret;
import io.postern.spi.SettingException;

import org.bouncycastle.util.io.pem.PemObject;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** Keys and certificates as people have them, and every way in which they can be wrong. */
class IdentityTest {
    private static TestAuthority authority;

    @TempDir private Path folder;
    private final Instant now = Instant.now();

    @BeforeAll
    static void authority() throws Exception {
        authority = new TestAuthority("authority");
    }

    private IdentitySource.Pem pem(String certificates, String key) throws IOException {
        var one = Files.writeString(folder.resolve("cert.pem"), certificates);
        var two = Files.writeString(folder.resolve("key.pem"), key);
        Files.setPosixFilePermissions(two, PosixFilePermissions.fromString("rw-r-----"));
        return new IdentitySource.Pem(one, two, Optional.empty());
    }

    private static void refused(IdentitySource source, String setting, String what) {
        var refusal = assertThrows(SettingException.class, source::load);
        assertEquals(setting, refusal.setting());
        assertTrue(refusal.getMessage().contains(what), refusal.getMessage());
        assertFalse(refusal.remedy().isEmpty());
    }

    // --- what is good ---

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void whatCertbotWritesIsTakenAsItIs(String algorithm) throws Exception {
        var issued = authority.issue(algorithm, "mail.example.org", "*.Example.NET");
        var identity = issued.write(folder).load();
        assertEquals(issued.chain(), identity.chain());
        assertEquals(issued.keys().getPrivate(), identity.key());
        assertEquals(List.of("mail.example.org", "*.example.net"), identity.names());
        assertEquals(List.of(), identity.warnings(now));
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA"})
    void keysInTheOlderFormatsAreTaken(String algorithm) throws Exception {
        var issued = authority.issue(algorithm, "mail.example.org");
        var text = TestAuthority.pem(issued.keys().getPrivate());
        assertTrue(text.startsWith("-----BEGIN " + algorithm + " PRIVATE KEY-----"), text);
        var identity = pem(TestAuthority.pem(issued.certificate()), text).load();
        assertEquals(issued.keys().getPrivate(), identity.key());
    }

    @Test
    void whatOpensslWritesBeforeAnEcKeyIsPassedOver() throws Exception {
        var issued = authority.issue("EC", "mail.example.org");
        var parameters =
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        var identity =
                pem(
                                "some words\n" + TestAuthority.pem(issued.certificate()),
                                parameters + TestAuthority.pem(issued.keys().getPrivate()))
                        .load();
        assertEquals(issued.keys().getPrivate(), identity.key());
    }

    @Test
    void keyAndCertificatesMayShareAFile() throws Exception {
        var issued = authority.issue("EC", "mail.example.org");
        var both =
                Files.writeString(
                        folder.resolve("both.pem"),
                        TestAuthority.pem(TestAuthority.pkcs8(issued.keys()))
                                + TestAuthority.pem(issued.chain().toArray()));
        var identity = new IdentitySource.Pem(both, both, Optional.empty()).load();
        assertEquals(issued.chain(), identity.chain());
    }

    @Test
    void anEncryptedKeyIsOpenedByItsPasswordOnly() throws Exception {
        var issued = authority.issue("EC", "mail.example.org");
        var source = encrypted(issued, Optional.of(Secret.of("hunter2")));
        assertEquals(issued.keys().getPrivate(), source.load().key());
        refused(encrypted(issued, Optional.of(Secret.of("wrong"))), "password", "does not open");
        refused(encrypted(issued, Optional.empty()), "password", "there is no password");
    }

    private IdentitySource.Pem encrypted(TestAuthority.Issued issued, Optional<Secret> password)
            throws Exception {
        var algorithm = "PBEWithSHA1AndDESede";
        var cipher = Cipher.getInstance(algorithm);
        cipher.init(
                Cipher.ENCRYPT_MODE,
                SecretKeyFactory.getInstance(algorithm)
                        .generateSecret(new PBEKeySpec("hunter2".toCharArray())));
        var octets =
                new EncryptedPrivateKeyInfo(
                                cipher.getParameters(),
                                cipher.doFinal(issued.keys().getPrivate().getEncoded()))
                        .getEncoded();
        var source =
                pem(
                        TestAuthority.pem(issued.certificate()),
                        TestAuthority.pem(new PemObject("ENCRYPTED PRIVATE KEY", octets)));
        return new IdentitySource.Pem(source.certificate(), source.key(), password);
    }

    @Test
    void aPkcs12FileIsOpenedByItsPasswordOnly() throws Exception {
        var issued = authority.issue("RSA", "mail.example.org");
        var file = pkcs12(List.of(issued));
        var identity = new IdentitySource.Pkcs12(file, Secret.of("hunter2")).load();
        assertEquals(issued.chain(), identity.chain());
        assertEquals(issued.keys().getPrivate(), identity.key());
        refused(new IdentitySource.Pkcs12(file, Secret.of("wrong")), "password", "does not open");
    }

    private Path pkcs12(List<TestAuthority.Issued> all) throws Exception {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (var one : all) {
            store.setKeyEntry(
                    "key" + store.size(),
                    one.keys().getPrivate(),
                    "hunter2".toCharArray(),
                    one.chain().toArray(X509Certificate[]::new));
        }
        var file = folder.resolve("mail.p12");
        try (var out = Files.newOutputStream(file)) {
            store.store(out, "hunter2".toCharArray());
        }
        return file;
    }

    // --- what is wrong ---

    @Test
    void aKeyOfAnotherCertificateIsRefused() throws Exception {
        var one = authority.issue("EC", "one.example");
        var two = authority.issue("EC", "two.example");
        refused(
                pem(
                        TestAuthority.pem(one.certificate()),
                        TestAuthority.pem(TestAuthority.pkcs8(two.keys()))),
                "key",
                "is not the key of the first certificate");
        var rsa = authority.issue("RSA", "rsa.example");
        refused(
                pem(
                        TestAuthority.pem(one.certificate()),
                        TestAuthority.pem(TestAuthority.pkcs8(rsa.keys()))),
                "key",
                "no key of the certificate's kind, EC");
        // The authority's certificate first is the wrong order.
        refused(
                pem(
                        TestAuthority.pem(authority.certificate(), one.certificate()),
                        TestAuthority.pem(TestAuthority.pkcs8(one.keys()))),
                "key",
                "is not the key of the first certificate");
    }

    @Test
    void filesThatAreNotWhatTheyShouldBeAreRefused() throws Exception {
        var issued = authority.issue("EC", "mail.example.org");
        var certificate = TestAuthority.pem(issued.certificate());
        var key = TestAuthority.pem(TestAuthority.pkcs8(issued.keys()));
        refused(pem("", key), "certificate", "has no certificate");
        refused(pem(key, key), "certificate", "has no certificate");
        refused(pem(certificate, certificate), "key", "has no private key");
        refused(pem(certificate.replace("-----END", "-----"), key), "certificate", "has no end");
        refused(pem("-----BEGIN CERTIFICATE", key), "certificate", "no proper begin");
        refused(pem(certificate.replaceFirst("M", "*"), key), "certificate", "is damaged");
        refused(
                pem(certificate.replaceFirst("(?s)(KIB|MII).{40}", "$1"), key),
                "certificate",
                "damaged");
        refused(
                pem(
                        certificate,
                        """
                        -----BEGIN EC PRIVATE KEY-----
                        Proc-Type: 4,ENCRYPTED

                        AAAA
                        -----END EC PRIVATE KEY-----
                        """),
                "key",
                "encrypted in an old way");
        refused(
                new IdentitySource.Pem(folder.resolve("nowhere.pem"), folder, Optional.empty()),
                "certificate",
                "there is no file");
        refused(
                new IdentitySource.Pem(folder, folder, Optional.empty()),
                "certificate",
                "is a folder");
        var text = Files.writeString(folder.resolve("text"), "no archive");
        refused(new IdentitySource.Pkcs12(text, Secret.of("x")), "pkcs12", "no PKCS#12 file");
        refused(
                new IdentitySource.Pkcs12(pkcs12(List.of(issued, issued)), Secret.of("hunter2")),
                "pkcs12",
                "has 2 private keys");
    }

    // --- what works, and an operator should know ---

    private List<String> warnings(Instant from, Instant until) throws Exception {
        return authority
                .issue("EC", from, until, "mail.example.org")
                .write(folder)
                .load()
                .warnings(now);
    }

    @Test
    void timesThatAreOverOrNearOrToComeAreTold() throws Exception {
        var day = Duration.ofDays(1);
        assertTrue(warnings(now.minus(day), now.minus(day)).getFirst().contains("expired at"));
        assertTrue(warnings(now.minus(day), now.plus(day)).getFirst().contains("expires at"));
        var later = now.plus(day.multipliedBy(90));
        assertTrue(warnings(now.plus(day), later).getFirst().contains("valid only from"));
        assertEquals(List.of(), warnings(now.minus(day), later));
    }

    @Test
    void aKeyThatEverybodyMayReadIsTold() throws Exception {
        var source = authority.issue("EC", "mail.example.org").write(folder);
        Files.setPosixFilePermissions(source.key(), PosixFilePermissions.fromString("rw-r--r--"));
        var warnings = source.load().warnings(now);
        assertEquals(1, warnings.size());
        assertTrue(warnings.getFirst().contains("chmod o= " + source.key()), warnings.toString());
    }

    @Test
    void aChainThatDoesNotHoldAndACertificateWithoutANameAreTold() throws Exception {
        var issued = authority.issue("EC");
        var other = new TestAuthority("other");
        var warnings =
                pem(
                                TestAuthority.pem(issued.certificate(), other.certificate()),
                                TestAuthority.pem(TestAuthority.pkcs8(issued.keys())))
                        .load()
                        .warnings(now);
        assertEquals(2, warnings.size(), warnings.toString());
        assertTrue(warnings.get(0).contains("did not issue the one before it"));
        assertTrue(warnings.get(1).contains("has no host name"));
    }

    // --- the pair of the quick start ---

    @Test
    void theSelfSignedPairIsGoodForThisHostAndItsOwnerOnlyReadsTheKey() throws Exception {
        var own = new IdentitySource.SelfSigned(folder.resolve("state/tls"));
        assertFalse(own.made());
        own.make("mail.example.org");
        assertTrue(own.made());
        var identity = own.load();
        assertEquals(List.of("mail.example.org", "localhost"), identity.names());
        assertEquals(List.of(), identity.warnings(now));
        var certificate = identity.chain().getFirst();
        certificate.verify(certificate.getPublicKey());
        assertEquals(3, certificate.getVersion());
        assertEquals(List.of("1.3.6.1.5.5.7.3.1"), certificate.getExtendedKeyUsage());
        assertEquals(
                Set.of("mail.example.org", "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"),
                Set.copyOf(
                        certificate.getSubjectAlternativeNames().stream()
                                .map(name -> (String) name.get(1))
                                .toList()));
        var key = folder.resolve("state/tls/key.pem");
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
        assertEquals(
                "rwx------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(key.getParent())));
    }

    @Test
    void anotherServerNameMakesAnotherPair() throws Exception {
        var long_ = "a".repeat(60) + "." + "b".repeat(60) + ".example.org";
        var own = new IdentitySource.SelfSigned(folder.resolve("tls"));
        own.make(long_);
        var first = own.load();
        own.make(long_);
        assertEquals(long_, first.names().getFirst());
        assertFalse(first.chain().equals(own.load().chain()));
    }
}
