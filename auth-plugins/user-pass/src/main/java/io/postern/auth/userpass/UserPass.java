package io.postern.auth.userpass;

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
 * USER and PASS (RFC 1939 §7).
 *
 * <p>The name is read as UTF-8 (RFC 6856 §2.2, of which ASCII is a part) and refused as malformed
 * where it is not: guessing another charset could make two clients' names one. The password is
 * octets here, whatever they are, but no NUL; a server that offers UTF8 refuses those that are not
 * UTF-8, and prepares both by SASLprep.
 */
public final class UserPass implements AuthMechanism {

    @Override
    public Command command() {
        return Command.USER_PASS;
    }

    @Override
    public String mechanism() {
        return "USER";
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
            try {
                return check(context, response);
            } finally {
                Arrays.fill(response, (byte) 0);
            }
        };
    }

    private static AuthStep check(AuthContext context, byte[] response)
            throws Fault, InterruptedException {
        int nul = 0;
        while (nul < response.length && response[nul] != 0) {
            nul++;
        }
        for (int i = nul + 1; i < response.length; i++) {
            if (response[i] == 0) {
                return new Verdict.Refused(Verdict.Reason.MALFORMED);
            }
        }
        if (nul == response.length) {
            return new Verdict.Refused(Verdict.Reason.MALFORMED);
        }
        String name;
        try {
            name =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(response, 0, nul))
                            .toString();
        } catch (CharacterCodingException e) {
            return new Verdict.Refused(Verdict.Reason.MALFORMED);
        }
        try (var password = Secret.of(response, nul + 1, response.length)) {
            return context.checkPassword(name, password);
        }
    }
}
