package io.postern.engine;

import java.util.HashSet;
import java.util.List;

/**
 * What this connection may use now. It changes when the connection becomes encrypted.
 *
 * @param stamp the APOP timestamp with its angle brackets (RFC 1939 §7), or an empty text where
 *     APOP is not offered
 * @param userPass whether USER and PASS are offered
 * @param sasl the SASL mechanisms offered, in the order to announce
 * @param startTls whether STLS is offered (RFC 2595 §4)
 * @param terms what is announced of delays and expiry before anybody has logged in
 * @param utf8 whether UTF8 and LANG are offered (RFC 6856), and a client that does not ask for
 *     UTF-8 gets no internationalised header
 */
public record Offer(
        String stamp,
        boolean userPass,
        List<Sasl> sasl,
        boolean startTls,
        Terms terms,
        boolean utf8) {
    /** Longest stamp, octets: the greeting has to hold it (RFC 2449 §4). */
    private static final int MAX_STAMP = 400;

    /** Longest line of CAPA, octets, CRLF included (RFC 2449 §5). */
    private static final int MAX_CAPABILITY = 512;

    /**
     * One SASL mechanism.
     *
     * @param name 1 to 20 characters, A to Z, digits, hyphen and underscore (RFC 4422 §3.1)
     * @param serverFirst whether the server speaks first where AUTH brought no initial response
     * @param initialResponse whether AUTH may bring one (RFC 5034 §4)
     */
    public record Sasl(String name, boolean serverFirst, boolean initialResponse) {
        private static final int MAX_NAME = 20;

        /** One that takes an initial response unless the server speaks first. */
        public Sasl(String name, boolean serverFirst) {
            this(name, serverFirst, !serverFirst);
        }

        public Sasl {
            if (name.isEmpty()
                    || name.length() > MAX_NAME
                    || !name.chars().allMatch(Sasl::belongsInName)) {
                throw new IllegalArgumentException("no name of a SASL mechanism: " + name);
            }
        }

        private static boolean belongsInName(int c) {
            return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        }
    }

    /**
     * @throws IllegalArgumentException where that could not be announced: a stamp that is no
     *     msg-id, a mechanism that is there twice, more mechanisms than a line holds
     */
    public Offer {
        sasl = List.copyOf(sasl);
        if (!stamp.isEmpty() && !isMsgId(stamp)) {
            throw new IllegalArgumentException("no APOP timestamp: " + stamp);
        }
        var names = new HashSet<String>();
        var announced = "SASL".length() + 2;
        for (var mechanism : sasl) {
            announced += 1 + mechanism.name().length();
            if (!names.add(mechanism.name())) {
                throw new IllegalArgumentException(mechanism.name() + " is offered twice");
            }
        }
        if (announced > MAX_CAPABILITY) {
            throw new IllegalArgumentException(
                    "the SASL mechanisms' names take "
                            + announced
                            + " octets in CAPA, and "
                            + MAX_CAPABILITY
                            + " are allowed: offer fewer");
        }
    }

    /** An offer without terms and without UTF-8. */
    public Offer(String stamp, boolean userPass, List<Sasl> sasl, boolean startTls) {
        this(stamp, userPass, sasl, startTls, Terms.NONE, false);
    }

    public boolean apop() {
        return !stamp.isEmpty();
    }

    private static boolean isMsgId(String text) {
        return text.length() <= MAX_STAMP
                && text.startsWith("<")
                && text.endsWith(">")
                && text.indexOf('@') > 1
                && text.indexOf('@') < text.length() - 2
                && text.indexOf('<', 1) < 0
                && text.indexOf('>') == text.length() - 1
                && text.chars().allMatch(c -> c > ' ' && c <= '~');
    }
}
