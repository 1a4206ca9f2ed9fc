package io.postern.auth.saslscram;

import com.ongres.saslprep.SASLprep;

import java.util.regex.Pattern;

/**
 * What a client says first (RFC 5802 §7).
 *
 * @param header the GS2 header: what {@code c=} has to repeat
 * @param binding the type of channel binding that the client uses; empty where it uses none
 * @param couldBind whether the client would bind, and believes that the server cannot
 * @param identity whom the client wants to act for; empty where that is itself
 * @param name prepared by SASLprep, never empty
 * @param bare the message without its header
 * @param nonce the client's part of it
 */
record ClientFirst(
        String header,
        String binding,
        boolean couldBind,
        String identity,
        String name,
        String bare,
        String nonce) {

    /**
     * Names and extensions are looked at one by one: this way of matching takes a place on the
     * stack for each turn of a group that is repeated, and a message may be long.
     */
    private static final Pattern MESSAGE =
            Pattern.compile(
                    "((?:(n)|(y)|p=([A-Za-z0-9.-]+)),(?:a=([^,\0]+))?,)"
                            // An extension that must be understood would stand before the name.
                            + "(n=([^,\0]+),r=([!-+\\--~]+)(,.*)?)",
                    Pattern.DOTALL);

    private static final Pattern EXTENSION = Pattern.compile("[A-Za-z]=[^,\0]+");

    /**
     * @throws IllegalArgumentException if it is none, or its names are not fit for SASLprep
     */
    static ClientFirst parse(String message) {
        var match = MESSAGE.matcher(message);
        if (!match.matches()) {
            throw new IllegalArgumentException("not a first message of a client");
        }
        if (match.group(9) != null) {
            for (var extension : match.group(9).substring(1).split(",", -1)) {
                if (!EXTENSION.matcher(extension).matches()) {
                    throw new IllegalArgumentException("not an extension");
                }
            }
        }
        return new ClientFirst(
                match.group(1),
                match.group(4) == null ? "" : match.group(4),
                match.group(3) != null,
                match.group(5) == null ? "" : name(match.group(5)),
                name(match.group(7)),
                match.group(6),
                match.group(8));
    }

    /** A name as it was written, unescaped and prepared as a query (RFC 5802 §5.1). */
    private static String name(String written) {
        try {
            var name = new SASLprep().prepareQuery(unescaped(written));
            if (!name.isEmpty()) {
                return name;
            }
        } catch (IndexOutOfBoundsException e) {
            // The library's way to say the same.
        }
        throw new IllegalArgumentException("nothing is left of the name");
    }

    /** There is no "=" but in "=2C" and "=3D". */
    private static String unescaped(String written) {
        for (var at = written.indexOf('='); at >= 0; at = written.indexOf('=', at + 1)) {
            if (!written.startsWith("2C", at + 1) && !written.startsWith("3D", at + 1)) {
                throw new IllegalArgumentException("not an escaped name");
            }
        }
        return written.replace("=2C", ",").replace("=3D", "=");
    }
}
