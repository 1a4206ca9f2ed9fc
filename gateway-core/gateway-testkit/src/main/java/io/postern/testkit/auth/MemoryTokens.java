package io.postern.testkit.auth;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.TokenDirectory;
import io.postern.spi.auth.Verdict;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A directory of a few tokens that hold for ever, for tests. Safe for any number of threads. */
public final class MemoryTokens implements TokenDirectory {
    private final Map<String, String> tokens;

    /**
     * @param tokens whose each token is
     */
    public MemoryTokens(Map<String, String> tokens) {
        this.tokens = Map.copyOf(tokens);
    }

    @Override
    public Verdict verifyToken(Secret token) {
        Verdict verdict = new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
        for (var one : tokens.entrySet()) {
            if (token.matches(one.getKey().getBytes(StandardCharsets.UTF_8))) {
                verdict = new Verdict.Accepted(new User(one.getValue()));
            }
        }
        return verdict;
    }
}
