package io.postern.auth.oauth;

import com.nimbusds.jwt.JWTClaimsSet;

import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What the claims of a token have to say, once it is known that they are the issuer's (RFC 7519 §4,
 * RFC 9068 §4).
 *
 * @param audiences one of which the token has to be for; none for any
 * @param scopes all of which it has to have
 * @param skew how far the issuer's clock may be from ours
 * @param nameClaim the claim with the canonical name
 * @param attributes claims, by the names of the attributes that they become
 */
record Rules(
        String issuer,
        Set<String> audiences,
        Set<String> scopes,
        Duration skew,
        String nameClaim,
        Map<String, String> attributes,
        Clock clock) {
    private static final Logger log = LoggerFactory.getLogger(Rules.class);

    Verdict judge(JWTClaimsSet claims) {
        var now = clock.instant();
        if (!Objects.equals(claims.getIssuer(), issuer)) {
            return new Verdict.Refused(Reason.UNKNOWN_USER);
        }
        var ends = claims.getExpirationTime();
        if (ends == null || !ends.toInstant().plus(skew).isAfter(now)) {
            return new Verdict.Refused(Reason.WRONG_PROOF);
        }
        if (later(claims.getNotBeforeTime()) || later(claims.getIssueTime())) {
            return new Verdict.Refused(Reason.WRONG_PROOF);
        }
        if (!audiences.isEmpty() && Collections.disjoint(audiences, claims.getAudience())) {
            return new Verdict.Refused(Reason.WRONG_PROOF);
        }
        if (!scopes(claims).containsAll(scopes)) {
            return new Verdict.Refused(Reason.NOT_ALLOWED);
        }
        return user(claims);
    }

    private Verdict user(JWTClaimsSet claims) {
        // Anybody can claim an address that nobody has looked at.
        var unverified =
                nameClaim.equals("email")
                        && Boolean.FALSE.equals(claims.getClaim("email_verified"));
        if (!(claims.getClaim(nameClaim) instanceof String name) || unverified) {
            log.warn(
                    "a token of {} has {} {}",
                    claims.getSubject(),
                    unverified ? "an unverified" : "no",
                    nameClaim);
            return new Verdict.Refused(Reason.NOT_ALLOWED);
        }
        var facts = new HashMap<String, String>();
        attributes.forEach((ours, theirs) -> {
            var value = claims.getClaim(theirs);
            if (value instanceof String || value instanceof Number || value instanceof Boolean) {
                facts.put(ours, value.toString());
            }
        });
        try {
            return new Verdict.Accepted(new User(name, facts));
        } catch (IllegalArgumentException e) {
            log.warn(
                    "a token of {} has a {} that cannot be a name", claims.getSubject(), nameClaim);
            return new Verdict.Refused(Reason.NOT_ALLOWED);
        }
    }

    private boolean later(Date claimed) {
        return claimed != null && claimed.toInstant().minus(skew).isAfter(clock.instant());
    }

    /** A text with spaces (RFC 8693 §4.2), or a list, as some issuers have it. */
    private static Set<String> scopes(JWTClaimsSet claims) {
        var found = new HashSet<String>();
        for (var claim : List.of("scope", "scp")) {
            try {
                if (claims.getClaim(claim) instanceof String text) {
                    found.addAll(List.of(text.split(" ", -1)));
                } else if (claims.getStringListClaim(claim) != null) {
                    found.addAll(claims.getStringListClaim(claim));
                }
            } catch (ParseException e) {
                log.debug("a token has a {} of another kind", claim, e);
            }
        }
        return found;
    }
}
