package io.postern.engine;

import java.util.List;

/**
 * What this connection may use now. It changes when the connection becomes encrypted.
 *
 * @param stamp the APOP timestamp with its angle brackets (RFC 1939 §7), or an empty text where
 *     APOP is not offered
 * @param userPass whether USER and PASS are offered
 * @param sasl the SASL mechanisms offered, in the order to announce
 * @param startTls whether STLS is offered (RFC 2595 §4)
 */
public record Offer(String stamp, boolean userPass, List<Sasl> sasl, boolean startTls) {

    /**
     * One SASL mechanism.
     *
     * @param name upper case (RFC 4422 §3.1)
     * @param serverFirst whether it takes no initial response (RFC 5034 §4)
     */
    public record Sasl(String name, boolean serverFirst) {}

    public Offer {
        sasl = List.copyOf(sasl);
    }

    public boolean apop() {
        return !stamp.isEmpty();
    }
}
