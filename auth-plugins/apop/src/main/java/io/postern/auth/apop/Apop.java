package io.postern.auth.apop;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * APOP (RFC 1939 §7): the client sends MD5 over the greeting's stamp, brackets included, and the
 * secret, as 32 lower-case hexadecimal digits. Any other spelling of the digest is a wrong one.
 *
 * <p>The name is read as UTF-8 (of which ASCII is a part), and refused as malformed where it is
 * not.
 */
public final class Apop implements AuthMechanism {

    @Override
    public Command command() {
        return Command.APOP;
    }

    @Override
    public String mechanism() {
        return "APOP";
    }

    @Override
    public boolean plaintext() {
        return false;
    }

    @Override
    public boolean servedBy(UserDirectory directory) {
        return directory instanceof SecretDirectory;
    }

    @Override
    public AuthExchange begin(AuthContext context) {
        return response -> {
            try {
                return check(context, response);
            } finally {
                // Together with the stamp, a digest is enough to guess weak secrets from.
                Arrays.fill(response, (byte) 0);
            }
        };
    }

    private static AuthStep check(AuthContext context, byte[] response)
            throws Fault, InterruptedException {
        int space = response.length - 1;
        while (space >= 0 && response[space] != ' ') {
            space--;
        }
        if (space < 0 || context.stamp().isEmpty()) {
            return new Verdict.Refused(Verdict.Reason.MALFORMED);
        }
        String name;
        try {
            name =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(response, 0, space))
                            .toString();
        } catch (CharacterCodingException e) {
            return new Verdict.Refused(Verdict.Reason.MALFORMED);
        }
        var digest = Arrays.copyOfRange(response, space + 1, response.length);
        try {
            return context.checkShared(
                    name,
                    secret -> MessageDigest.isEqual(expected(context.stamp(), secret), digest));
        } finally {
            Arrays.fill(digest, (byte) 0);
        }
    }

    private static byte[] expected(String stamp, Secret secret) {
        var octets = secret.octets();
        try {
            var md5 = MessageDigest.getInstance("MD5");
            md5.update(stamp.getBytes(StandardCharsets.US_ASCII));
            md5.update(octets);
            return HexFormat.of().formatHex(md5.digest()).getBytes(StandardCharsets.US_ASCII);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has MD5", e);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }
}
