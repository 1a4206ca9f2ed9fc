package io.postern.tls;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;

/**
 * Makes a key and a certificate that nobody vouches for (RFC 5280 §4.1), for this host by its name
 * and by its loopback addresses.
 */
final class SelfSignedPair {
    private static final Duration VALID = Duration.ofDays(3650);

    /** A client whose clock is slow takes it all the same. */
    private static final Duration BEFORE = Duration.ofHours(1);

    /** Most that X.520 allows in a common name, characters. */
    private static final int COMMON_NAME = 64;

    private static final int VERSION_3 = 2;
    private static final int SERIAL_BITS = 127;

    private static final byte[] ECDSA_WITH_SHA256 =
            Der.sequence(Der.objectIdentifier(1, 2, 840, 10045, 4, 3, 2));

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private SelfSignedPair() {}

    /**
     * Makes both files; only their owner can read the key.
     *
     * @param host the server's name
     */
    static void make(String host, Path certificate, Path key) throws IOException {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            var pair = generator.generateKeyPair();
            var folder = key.toAbsolutePath().getParent();
            Files.createDirectories(folder.getParent());
            if (!Files.exists(folder)) {
                Files.createDirectory(folder, only(folder, "rwx------"));
            }
            write(key, "PRIVATE KEY", pair.getPrivate().getEncoded(), "rw-------");
            write(certificate, "CERTIFICATE", certificate(host, pair), "rw-r--r--");
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java makes no keys: " + e.getMessage(), e);
        }
    }

    private static byte[] certificate(String host, KeyPair pair) throws GeneralSecurityException {
        var now = Instant.now();
        var name = name(host);
        var about =
                Der.sequence(
                        Der.value(0xA0, Der.integer(VERSION_3)),
                        Der.integer(new BigInteger(SERIAL_BITS, new SecureRandom())),
                        ECDSA_WITH_SHA256,
                        name,
                        Der.sequence(
                                Der.generalizedTime(TIME.format(now.minus(BEFORE))),
                                Der.generalizedTime(TIME.format(now.plus(VALID)))),
                        name,
                        pair.getPublic().getEncoded(),
                        Der.value(0xA3, Der.sequence(alternativeNames(host), serverPurpose())));
        var signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(pair.getPrivate());
        signature.update(about);
        return Der.sequence(about, ECDSA_WITH_SHA256, Der.bitString(signature.sign()));
    }

    private static byte[] name(String host) {
        var text = host.length() > COMMON_NAME ? host.substring(0, COMMON_NAME) : host;
        return Der.sequence(
                Der.set(Der.sequence(Der.objectIdentifier(2, 5, 4, 3), Der.utf8String(text))));
    }

    /** RFC 5280 §4.2.1.6. */
    private static byte[] alternativeNames(String host) {
        var names = new ArrayList<byte[]>();
        for (var name : new LinkedHashSet<>(List.of(host, "localhost"))) {
            names.add(Der.value(0x82, name.getBytes(StandardCharsets.US_ASCII)));
        }
        for (var address : List.of("127.0.0.1", "::1")) {
            names.add(Der.value(0x87, InetAddress.ofLiteral(address).getAddress()));
        }
        return Der.sequence(
                Der.objectIdentifier(2, 5, 29, 17),
                Der.octetString(Der.sequence(names.toArray(byte[][]::new))));
    }

    /** RFC 5280 §4.2.1.12: for servers only. */
    private static byte[] serverPurpose() {
        return Der.sequence(
                Der.objectIdentifier(2, 5, 29, 37),
                Der.octetString(Der.sequence(Der.objectIdentifier(1, 3, 6, 1, 5, 5, 7, 3, 1))));
    }

    private static void write(Path file, String label, byte[] octets, String rights)
            throws IOException {
        var text =
                "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
                        .formatted(
                                label,
                                Base64.getMimeEncoder(64, new byte[] {'\n'})
                                        .encodeToString(octets));
        var part = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(part);
        Files.createFile(part, only(part, rights));
        Files.writeString(part, text);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static FileAttribute<?>[] only(Path path, String rights) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(rights))
                }
                : new FileAttribute<?>[0];
    }
}
