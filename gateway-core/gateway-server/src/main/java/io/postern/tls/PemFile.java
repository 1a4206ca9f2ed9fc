package io.postern.tls;

import io.postern.spi.Secret;
import io.postern.spi.SettingException;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.KeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** The blocks of a PEM file (RFC 7468). */
final class PemFile {
    private static final byte[] BEGIN = ascii("-----BEGIN ");
    private static final byte[] DASHES = ascii("-----");
    private static final String TO_PKCS8 = "Write it anew with: openssl pkcs8 -topk8 -in <file>.";

    private final String setting;
    private final Path file;
    private final List<Block> blocks;

    /**
     * @param octets of the DER value; null where the block is encrypted in the old way of OpenSSL
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Block(String label, byte[] octets) {}

    private PemFile(String setting, Path file, List<Block> blocks) {
        this.setting = setting;
        this.file = file;
        this.blocks = blocks;
    }

    /**
     * Reads a file.
     *
     * @param setting that names it, for errors
     */
    static PemFile read(String setting, Path file) {
        var text = octets(setting, file);
        try {
            return new PemFile(setting, file, blocks(text));
        } catch (IllegalArgumentException e) {
            throw new SettingException(
                    setting, file + " is damaged: " + e.getMessage(), "Make it anew.");
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    /** The octets of a file, the caller's to wipe. */
    static byte[] octets(String setting, Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new SettingException(
                    setting, "there is no file " + file, "Give the path of a file that is there.");
        } catch (AccessDeniedException e) {
            throw new SettingException(
                    setting,
                    "this user may not read " + file,
                    "Let the server's user read it, and the folders above it.");
        } catch (IOException e) {
            throw new SettingException(
                    setting,
                    file
                            + (Files.isDirectory(file)
                                    ? " is a folder"
                                    : " cannot be read (" + e.getMessage() + ")"),
                    "Give a file that can be read.");
        }
    }

    /** All certificates, in the file's order; at least one. */
    List<X509Certificate> certificates() {
        var all = new ArrayList<X509Certificate>();
        for (var block : blocks) {
            if (block.label.equals("CERTIFICATE") || block.label.equals("X509 CERTIFICATE")) {
                all.add(certificate(block));
            }
        }
        if (all.isEmpty()) {
            throw new SettingException(
                    setting,
                    file + " has no certificate in PEM form",
                    "Give a file with -----BEGIN CERTIFICATE-----.");
        }
        return all;
    }

    private X509Certificate certificate(Block block) {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(plain(block)));
        } catch (CertificateException e) {
            throw new SettingException(
                    setting,
                    file + " has a certificate that is damaged (" + e.getMessage() + ")",
                    "Make it anew.");
        }
    }

    /**
     * The private key. The octets that were read are wiped, so that it can be had once.
     *
     * @param certificate whose kind of key it is, which the older formats do not say themselves
     */
    PrivateKey key(X509Certificate certificate, Optional<Secret> password) {
        var publicKey = certificate.getPublicKey();
        try {
            for (var block : blocks) {
                var spec =
                        switch (block.label) {
                            case "PRIVATE KEY" -> new PKCS8EncodedKeySpec(plain(block));
                            case "RSA PRIVATE KEY", "EC PRIVATE KEY" ->
                                    pkcs8(block, publicKey.getEncoded());
                            case "ENCRYPTED PRIVATE KEY" -> decrypted(block, password);
                            default -> null;
                        };
                if (spec != null) {
                    return key(publicKey.getAlgorithm(), spec);
                }
            }
        } finally {
            for (var block : blocks) {
                if (block.octets != null) {
                    Arrays.fill(block.octets, (byte) 0);
                }
            }
        }
        throw new SettingException(
                setting,
                file + " has no private key in PEM form",
                "Give the file with -----BEGIN PRIVATE KEY-----, such as certbot's privkey.pem.");
    }

    /** Of a block that is never encrypted in the old way of OpenSSL, unless it is damaged. */
    private byte[] plain(Block block) {
        if (block.octets == null) {
            throw new SettingException(
                    setting,
                    file + " is damaged: " + block.label + " has a header",
                    "Make it anew.");
        }
        return block.octets;
    }

    private PrivateKey key(String algorithm, KeySpec spec) {
        try {
            return KeyFactory.getInstance(algorithm).generatePrivate(spec);
        } catch (GeneralSecurityException e) {
            throw new SettingException(
                    setting,
                    file + " has no key of the certificate's kind, " + algorithm,
                    "Give the private key that the certificate was made for.");
        }
    }

    /** PKCS#8 (RFC 5958 §2): a version, the kind of key, and the key itself. */
    private PKCS8EncodedKeySpec pkcs8(Block block, byte[] publicKey) {
        if (block.octets == null) {
            throw new SettingException(
                    setting, file + " is encrypted in an old way of OpenSSL", TO_PKCS8);
        }
        return new PKCS8EncodedKeySpec(
                Der.sequence(
                        Der.integer(0),
                        Der.firstOfSequence(publicKey),
                        Der.octetString(block.octets)));
    }

    private KeySpec decrypted(Block block, Optional<Secret> password) {
        if (password.isEmpty()) {
            throw new SettingException(
                    "password",
                    file + " is encrypted, and there is no password",
                    "Add password=\"${file:UTF-8:...}\" or password=\"${env:...}\".");
        }
        var chars = password.get().chars();
        var spec = new PBEKeySpec(chars);
        Arrays.fill(chars, '\0');
        try {
            var encrypted = new EncryptedPrivateKeyInfo(plain(block));
            return encrypted.getKeySpec(
                    SecretKeyFactory.getInstance(encrypted.getAlgName()).generateSecret(spec));
        } catch (IOException e) {
            throw new SettingException(
                    setting, file + " is encrypted in a way that Java does not know", TO_PKCS8);
        } catch (GeneralSecurityException e) {
            throw new SettingException(
                    "password", "it does not open " + file, "Give the password of the key.");
        } finally {
            spec.clearPassword();
        }
    }

    private static List<Block> blocks(byte[] text) {
        var blocks = new ArrayList<Block>();
        for (var at = find(BEGIN, text, 0); at >= 0; at = find(BEGIN, text, at)) {
            var labelAt = at + BEGIN.length;
            var labelEnd = find(DASHES, text, labelAt);
            if (labelEnd < 0) {
                throw new IllegalArgumentException("a block has no proper begin");
            }
            var label = new String(text, labelAt, labelEnd - labelAt, StandardCharsets.ISO_8859_1);
            var from = labelEnd + DASHES.length;
            var to = find(ascii("-----END " + label + "-----"), text, from);
            if (to < 0) {
                throw new IllegalArgumentException("the block " + label + " has no end");
            }
            blocks.add(new Block(label, decoded(text, from, to)));
            at = to;
        }
        return blocks;
    }

    private static byte[] decoded(byte[] text, int from, int to) {
        var letters = new byte[to - from];
        var count = 0;
        for (var at = from; at < to; at++) {
            if (text[at] == ':') { // a header: "Proc-Type: 4,ENCRYPTED"
                return null;
            }
            if (text[at] > ' ') {
                letters[count++] = text[at];
            }
        }
        var body = Arrays.copyOf(letters, count);
        try {
            return Base64.getDecoder().decode(body);
        } finally {
            Arrays.fill(letters, (byte) 0);
            Arrays.fill(body, (byte) 0);
        }
    }

    private static int find(byte[] wanted, byte[] text, int from) {
        for (var at = from; at <= text.length - wanted.length; at++) {
            if (Arrays.equals(text, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        return -1;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
