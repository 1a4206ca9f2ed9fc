package io.postern.auth.saslplain;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * SASL PLAIN (RFC 4616): authorization identity, NUL, login, NUL, password, all of it UTF-8. The
 * server prepares name and password by SASLprep.
 *
 * <p>Nobody acts for somebody else here: an authorization identity is either empty or names the
 * user who logs in ({@link AuthContext#names}). Any other is refused, not ignored (RFC 4616 §2).
 */
public final class SaslPlain implements AuthMechanism {

    @Override
    public String mechanism() {
        return "PLAIN";
    }

    @Override
    public boolean plaintext() {
        return true;
    }

    @Override
    public boolean servedBy(UserDirectory directory) {
        return directory instanceof PasswordDirectory;
    }

    @Override
    public AuthExchange begin(AuthContext context) {
        return response -> {
            var text = CharBuffer.allocate(response.length);
            try {
                var decoded =
                        StandardCharsets.UTF_8
                                .newDecoder()
                                .decode(ByteBuffer.wrap(response), text, true);
                return decoded.isError()
                        ? new Verdict.Refused(Verdict.Reason.MALFORMED)
                        : check(context, text.flip());
            } finally {
                Arrays.fill(response, (byte) 0);
                Arrays.fill(text.array(), '\0');
            }
        };
    }

    private static AuthStep check(AuthContext context, CharBuffer text)
            throws Fault, InterruptedException {
        int first = nul(text, 0);
        int second = nul(text, first + 1);
        if (second >= text.length() || nul(text, second + 1) < text.length()) {
            return new Verdict.Refused(Verdict.Reason.MALFORMED);
        }
        var identity = text.subSequence(0, first).toString();
        var login = text.subSequence(first + 1, second).toString();
        Verdict verdict;
        try (var password = Secret.of(text.subSequence(second + 1, text.length()))) {
            verdict = context.checkPassword(login, password);
        }
        if (verdict instanceof Verdict.Accepted(var user) && !context.names(identity, user)) {
            return new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
        }
        return verdict;
    }

    /** Where the next NUL is, or at least the length where there is none. */
    private static int nul(CharBuffer text, int from) {
        int at = from;
        while (at < text.length() && text.get(at) != '\0') {
            at++;
        }
        return at;
    }
}
