package io.postern.auth.saslscram;

import io.postern.spi.Fault;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;

/**
 * One login by SCRAM (RFC 5802 §5). No {@code e=} is ever sent: the POP3 answer says all that a
 * client may know.
 */
final class ScramExchange implements AuthExchange {
    /** The verdicts of those who have no keys. */
    private static final Set<Verdict> MADE_UP =
            Set.of(refused(Reason.UNKNOWN_USER), refused(Reason.NO_SECRET));

    private final ScramHash hash;
    private final boolean plus;
    private final boolean downgraded;
    private final AuthContext context;
    private final String serverNonce;

    private ClientFirst first;
    private String serverFirst;
    private byte[] binding = {};
    private ScramDirectory.Entry entry;

    /** What the last, empty response comes to. */
    private Verdict verdict;

    /**
     * @param downgraded whether a client that would bind has not seen our offer to
     * @param serverNonce the server's part of the nonce
     */
    ScramExchange(
            ScramHash hash,
            boolean plus,
            boolean downgraded,
            AuthContext context,
            String serverNonce) {
        this.hash = hash;
        this.plus = plus;
        this.downgraded = downgraded;
        this.context = context;
        this.serverNonce = serverNonce;
    }

    @Override
    public AuthStep next(byte[] response) throws Fault, InterruptedException {
        try {
            if (verdict != null) {
                return response.length == 0 ? verdict : refused(Reason.MALFORMED);
            }
            var message =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(response))
                            .toString();
            return first == null ? first(ClientFirst.parse(message)) : last(message);
        } catch (CharacterCodingException | IllegalArgumentException e) {
            return refused(Reason.MALFORMED);
        } finally {
            Arrays.fill(response, (byte) 0);
        }
    }

    private AuthStep first(ClientFirst message) throws Fault, InterruptedException {
        if (plus == message.binding().isEmpty() || (message.couldBind() && downgraded)) {
            return refused(Reason.MALFORMED);
        }
        if (plus) {
            var bound =
                    Scram.BINDINGS.contains(message.binding())
                            ? context.channelBinding(message.binding())
                            : Optional.<byte[]>empty();
            if (bound.isEmpty()) {
                return refused(Reason.MALFORMED);
            }
            binding = bound.get();
        }
        first = message;
        entry = context.scram(first.name(), hash);
        serverFirst =
                "r="
                        + first.nonce()
                        + serverNonce
                        + ",s="
                        + Base64.getEncoder().encodeToString(entry.keys().salt())
                        + ",i="
                        + entry.keys().iterations();
        return new AuthStep.Challenge(octets(serverFirst));
    }

    private AuthStep last(String message) {
        var at = message.lastIndexOf(",p=");
        var header = "c=" + Base64.getEncoder().encodeToString(bound());
        var nonce = "r=" + first.nonce() + serverNonce;
        if (at < 0 || !message.startsWith("c=")) {
            return refused(Reason.MALFORMED);
        }
        var withoutProof = message.substring(0, at);
        var comma = withoutProof.indexOf(',');
        if (comma < 0 || !extended(withoutProof.substring(comma + 1), nonce)) {
            return refused(Reason.MALFORMED);
        }
        var bindingFits =
                MessageDigest.isEqual(octets(withoutProof.substring(0, comma)), octets(header));
        var proof = Base64.getDecoder().decode(message.substring(at + ",p=".length()));
        if (proof.length != hash.octets()) {
            return refused(Reason.MALFORMED);
        }
        var conversation = octets(first.bare() + "," + serverFirst + "," + withoutProof);
        var keys = entry.keys();
        var signature = hash.hmac(keys.storedKey(), conversation);
        for (var i = 0; i < proof.length; i++) {
            proof[i] ^= signature[i];
        }
        var proofFits = MessageDigest.isEqual(hash.hash(proof), keys.storedKey());
        Arrays.fill(proof, (byte) 0);
        if (!(entry.verdict() instanceof Verdict.Accepted(var user))) {
            // Where there were no keys, no proof fits; all else is only for who has proven it.
            return proofFits || MADE_UP.contains(entry.verdict())
                    ? entry.verdict()
                    : refused(Reason.WRONG_PROOF);
        }
        if (!proofFits || !bindingFits) {
            return refused(Reason.WRONG_PROOF);
        }
        if (!context.names(first.identity(), user)) {
            return refused(Reason.NOT_ALLOWED);
        }
        verdict = entry.verdict();
        // POP3 has no place for data beside success (RFC 5034 §4): the client answers to this.
        return new AuthStep.Challenge(
                octets(
                        "v="
                                + Base64.getEncoder()
                                        .encodeToString(
                                                hash.hmac(keys.serverKey(), conversation))));
    }

    /** Whether that is the nonce, and behind it nothing but extensions. */
    private static boolean extended(String text, String nonce) {
        return text.equals(nonce) || text.startsWith(nonce + ",");
    }

    /** What {@code c=} has to say (RFC 5802 §7). */
    private byte[] bound() {
        var all = new ByteArrayOutputStream();
        all.writeBytes(octets(first.header()));
        all.writeBytes(binding);
        return all.toByteArray();
    }

    private static Verdict refused(Reason reason) {
        return new Verdict.Refused(reason);
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        entry = null;
        Arrays.fill(binding, (byte) 0);
    }
}
