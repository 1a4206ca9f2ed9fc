package io.postern.auth.sasllogin;

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
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * SASL LOGIN, which no RFC describes and many clients speak: the server asks for the name, unless
 * an initial response brought it, then for the password. Both are UTF-8, and compared as they come.
 */
public final class SaslLogin implements AuthMechanism {
    // Some clients look for these words.
    private static final String NAME = "Username:";
    private static final String PASSWORD = "Password:";

    @Override
    public String mechanism() {
        return "LOGIN";
    }

    @Override
    public boolean serverFirst() {
        return true;
    }

    @Override
    public boolean initialResponse() {
        return true;
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
        return new Exchange(context);
    }

    private static final class Exchange implements AuthExchange {
        private final AuthContext context;
        private boolean begun;
        private String name;

        Exchange(AuthContext context) {
            this.context = context;
        }

        @Override
        public AuthStep next(byte[] response) throws Fault, InterruptedException {
            try {
                var first = !begun;
                begun = true;
                if (first && response.length == 0) {
                    return new AuthStep.Challenge(NAME.getBytes(StandardCharsets.US_ASCII));
                }
                var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(response));
                try {
                    if (name == null) {
                        name = text.toString();
                        return new AuthStep.Challenge(PASSWORD.getBytes(StandardCharsets.US_ASCII));
                    }
                    try (var password = Secret.of(response)) {
                        return context.checkPassword(name, password);
                    }
                } finally {
                    text.clear();
                    while (text.hasRemaining()) {
                        text.put('\0');
                    }
                }
            } catch (CharacterCodingException e) {
                return new Verdict.Refused(Verdict.Reason.MALFORMED);
            } finally {
                Arrays.fill(response, (byte) 0);
            }
        }
    }
}
