package io.postern.tls;

import java.net.IDN;
import java.net.InetAddress;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The one spelling under which a name that a client asks for and a name in a certificate are
 * compared. Clients ask for what their users typed: with a dot at its end, a port, an address, in
 * brackets or not, in a script of their own.
 */
final class ServerName {
    private static final Pattern BRACKETS = Pattern.compile("\\[([^\\]]*)\\](:[0-9]*)?");
    private static final Pattern PORT = Pattern.compile("([^:]*):[0-9]*");
    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*");

    private ServerName() {}

    /**
     * @param name of any characters; text that is no name at all stays as it is
     */
    static String canonical(String name) {
        var text = name.strip().toLowerCase(Locale.ROOT);
        var brackets = BRACKETS.matcher(text);
        var port = PORT.matcher(text);
        if (brackets.matches()) {
            text = brackets.group(1);
        } else if (port.matches()) {
            text = port.group(1);
        }
        if (IPV4.matcher(text).matches() || IPV6.matcher(text).matches()) {
            return address(text);
        }
        if (text.endsWith(".")) {
            text = text.substring(0, text.length() - 1);
        }
        return text.chars().allMatch(it -> it < 0x80) ? text : ascii(text);
    }

    private static String address(String text) {
        try {
            return InetAddress.ofLiteral(text).getHostAddress();
        } catch (IllegalArgumentException _) {
            return text; // only looks like one
        }
    }

    private static String ascii(String text) {
        try {
            return IDN.toASCII(text, IDN.ALLOW_UNASSIGNED).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException _) {
            return text; // has no such form
        }
    }
}
