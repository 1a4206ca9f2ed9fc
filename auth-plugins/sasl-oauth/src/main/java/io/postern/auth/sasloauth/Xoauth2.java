package io.postern.auth.sasloauth;

import java.nio.charset.StandardCharsets;

/**
 * SASL XOAUTH2, which Google and Microsoft made before there was OAUTHBEARER: {@code user=}, and
 * the bearer token.
 */
public final class Xoauth2 extends BearerMechanism {
    private static final String USER = "user=";

    @Override
    public String mechanism() {
        return "XOAUTH2";
    }

    @Override
    Message parse(byte[] response) {
        var pairs = new Pairs(response);
        if (!pairs.header().startsWith(USER) || pairs.header().indexOf('\0') >= 0) {
            throw new IllegalArgumentException("no user");
        }
        return new Message(pairs.header().substring(USER.length()), pairs.token(), false);
    }

    @Override
    byte[] error(String scope, String discovery) {
        return ("{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"" + scope + "\"}")
                .getBytes(StandardCharsets.US_ASCII);
    }
}
