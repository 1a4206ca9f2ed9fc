package io.postern.auth.saslcrammd5;

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
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Supplier;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * SASL CRAM-MD5 (RFC 2195): the client sends its name and HMAC-MD5 over the challenge, keyed with
 * the secret, as 32 lower-case hexadecimal digits. The name is read as UTF-8.
 *
 * <p>It is of yesterday: it needs passwords that can be read back, and who has seen one login can
 * guess at the password. SCRAM does better on both counts.
 */
public final class SaslCramMd5 implements AuthMechanism {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Supplier<String> challenges;

    public SaslCramMd5() {
        this(SaslCramMd5::fresh);
    }

    SaslCramMd5(Supplier<String> challenges) {
        this.challenges = challenges;
    }

    @Override
    public String mechanism() {
        return "CRAM-MD5";
    }

    @Override
    public boolean serverFirst() {
        return true;
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
        return new Exchange(context, challenges.get());
    }

    /** Never the same twice, and not to be guessed; in the form of a msg-id (RFC 2195 §2). */
    private static String fresh() {
        return "<"
                + (RANDOM.nextLong() & Long.MAX_VALUE)
                + "."
                + (RANDOM.nextLong() & Long.MAX_VALUE)
                + "@postern>";
    }

    private static final class Exchange implements AuthExchange {
        private final AuthContext context;
        private final byte[] challenge;
        private boolean begun;

        Exchange(AuthContext context, String challenge) {
            this.context = context;
            this.challenge = challenge.getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public AuthStep next(byte[] response) throws Fault, InterruptedException {
            try {
                if (!begun) {
                    begun = true;
                    return new AuthStep.Challenge(challenge.clone());
                }
                return check(response);
            } finally {
                // Together with the challenge, a digest is enough to guess weak secrets from.
                Arrays.fill(response, (byte) 0);
            }
        }

        private Verdict check(byte[] response) throws Fault, InterruptedException {
            int space = response.length - 1;
            while (space >= 0 && response[space] != ' ') {
                space--;
            }
            if (space < 0) {
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
                        name, secret -> MessageDigest.isEqual(expected(secret), digest));
            } finally {
                Arrays.fill(digest, (byte) 0);
            }
        }

        private byte[] expected(Secret secret) {
            var octets = secret.octets();
            try {
                var mac = Mac.getInstance("HmacMD5");
                mac.init(new SecretKeySpec(octets, "HmacMD5"));
                return HexFormat.of()
                        .formatHex(mac.doFinal(challenge))
                        .getBytes(StandardCharsets.US_ASCII);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every JDK has HmacMD5", e);
            } finally {
                Arrays.fill(octets, (byte) 0);
            }
        }
    }
}
