package io.postern.auth.saslscram;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.auth.ScramHash;
import io.postern.testkit.auth.AuthMechanismContract;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** The client's side of SCRAM, by the book unless a test bends it. */
final class ScramClient implements AuthMechanismContract.Client {
    /** Salted passwords, by all that they are made of: some tests log in a thousand times. */
    private static final ConcurrentMap<String, byte[]> SALTED = new ConcurrentHashMap<>();

    private final ScramHash hash;
    private final String header;
    private final byte[] binding;
    private final String name;
    private final String password;

    /** What the last message says of the channel, if not the truth. */
    String claimed;

    /** What the last message says of the nonce, if not the truth. */
    String repeated;

    /** The server's last word. */
    String serverSignature = "";

    private boolean begun;
    private boolean done;

    ScramClient(ScramHash hash, String header, byte[] binding, String name, String password) {
        this.hash = hash;
        this.header = header;
        this.binding = binding;
        this.name = name;
        this.password = password;
    }

    @Override
    public byte[] respond(byte[] challenge) {
        if (!begun) {
            begun = true;
            return (header + bare()).getBytes(UTF_8);
        }
        var text = new String(challenge, UTF_8);
        if (done) {
            serverSignature = text;
            return new byte[0];
        }
        done = true;
        var parts = text.split(",", 3);
        var salt = Base64.getDecoder().decode(parts[1].substring(2));
        int iterations = Integer.parseInt(parts[2].substring(2));
        var bound = new ByteArrayOutputStream();
        bound.writeBytes(header.getBytes(UTF_8));
        bound.writeBytes(binding);
        var channel = Base64.getEncoder().encodeToString(bound.toByteArray());
        var last =
                "c="
                        + (claimed == null ? channel : claimed)
                        + ","
                        + (repeated == null ? parts[0] : repeated);
        var clientKey = hash.hmac(salted(salt, iterations), "Client Key".getBytes(UTF_8));
        var conversation = (bare() + "," + text + "," + last).getBytes(UTF_8);
        var signature = hash.hmac(hash.hash(clientKey), conversation);
        for (int i = 0; i < clientKey.length; i++) {
            clientKey[i] ^= signature[i];
        }
        return (last + ",p=" + Base64.getEncoder().encodeToString(clientKey)).getBytes(UTF_8);
    }

    private String bare() {
        return "n=" + name.replace("=", "=3D").replace(",", "=2C") + ",r=nonce";
    }

    private byte[] salted(byte[] salt, int iterations) {
        return SALTED.computeIfAbsent(
                hash + password + HexFormat.of().formatHex(salt) + iterations,
                _ -> {
                    var mac = hash == ScramHash.SHA_1 ? "HmacSHA1" : "HmacSHA256";
                    var spec =
                            new PBEKeySpec(
                                    password.toCharArray(),
                                    salt,
                                    iterations,
                                    hash.octets() * Byte.SIZE);
                    try {
                        return SecretKeyFactory.getInstance("PBKDF2With" + mac)
                                .generateSecret(spec)
                                .getEncoded();
                    } catch (GeneralSecurityException e) {
                        throw new AssertionError(e);
                    }
                });
    }
}
