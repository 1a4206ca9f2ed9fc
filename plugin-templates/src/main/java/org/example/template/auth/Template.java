package org.example.template.auth;

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
 * A SASL mechanism of one message: the name, a NUL and the password, in UTF-8. A mechanism of your
 * own reads and writes other messages in {@link #begin}.
 */
public final class Template implements AuthMechanism {

    @Override
    public String mechanism() {
        return "TEMPLATE";
    }

    /** Whoever reads the line learns the password, so the server offers it with TLS only. */
    @Override
    public boolean plaintext() {
        return true;
    }

    @Override
    public boolean servedBy(UserDirectory directory) {
        return directory instanceof PasswordDirectory;
    }

    /** One exchange for each attempt. To ask the client again, answer with a Challenge. */
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
        var nul = 0;
        while (nul < text.length() && text.charAt(nul) != '\0') {
            nul++;
        }
        if (nul == text.length()) {
            return new Verdict.Refused(Verdict.Reason.MALFORMED);
        }
        var name = text.subSequence(0, nul).toString();
        try (var password = Secret.of(text.subSequence(nul + 1, text.length()))) {
            return context.checkPassword(name, password);
        }
    }
}
