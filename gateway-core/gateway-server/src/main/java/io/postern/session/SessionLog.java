package io.postern.session;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The lines for the operator: one for the end of each session, one for each login that failed, one
 * for each message removed. Each is {@code key=value} pairs; a value with a space stands in quotes,
 * one with a control character loses it, so that no client can write a line of its own.
 */
final class SessionLog {
    private static final Logger SESSIONS = LoggerFactory.getLogger("postern.session");
    private static final Logger FAILURES = LoggerFactory.getLogger("postern.auth");
    private static final Logger AUDIT = LoggerFactory.getLogger("postern.audit");

    /** Longest value that a client made, code points. */
    private static final int LONGEST = 80;

    /** What most values are, and stands in the log as it is. */
    private static final Pattern USUAL = Pattern.compile("[A-Za-z0-9@._+-]{2,80}");

    private SessionLog() {}

    /**
     * A session, when it is over.
     *
     * @param user the canonical name, or an empty text where nobody logged in
     * @param tls the version, or a hyphen
     * @param device whose password it was, where the account has several; empty where it was the
     *     account's own, or no password
     * @param retrieved messages that RETR sent
     * @param octets what they took, without stuffed dots
     * @param removed messages that UPDATE removed
     * @param left messages of the listing that were not
     * @param proxied what a proxy said of the client; empty where there is none
     */
    record End(
            String session,
            String user,
            String device,
            InetSocketAddress client,
            InetSocketAddress listener,
            String tls,
            int retrieved,
            long octets,
            int removed,
            int left,
            Ending reason,
            Duration duration,
            Map<String, String> proxied) {

        @Override
        public String toString() {
            return "session="
                    + session
                    + " user="
                    + value(user)
                    + (device.isEmpty() ? "" : " device=" + value(device))
                    + " client="
                    + address(client)
                    + " listener="
                    + address(listener)
                    + " tls="
                    + tls
                    + " retrieved="
                    + retrieved
                    + " octets="
                    + octets
                    + " removed="
                    + removed
                    + " left="
                    + left
                    + " reason="
                    + reason
                    + " duration="
                    + duration
                    + proxied.entrySet().stream()
                            .map(fact -> " proxied-" + fact.getKey() + "=" + value(fact.getValue()))
                            .collect(Collectors.joining());
        }
    }

    /** Who removes messages, for the audit: one line for each. */
    record Remover(String session, String user, InetSocketAddress client, String realm) {

        /**
         * A message that was marked at QUIT, when the store has answered.
         *
         * @param outcome {@code removed}; {@code removed-or-gone-before}; {@code partial} where
         *     some of this session's are still there and it is not known which; {@code kept}; or
         *     {@code unknown}
         */
        void marked(String uniqueId, long octets, String outcome) {
            AUDIT.info(
                    "session={} user={} client={} realm={} uidl={} octets={} outcome={}",
                    session,
                    value(user),
                    address(client),
                    value(realm),
                    value(uniqueId),
                    octets,
                    outcome);
        }
    }

    static void ended(End end) {
        SESSIONS.info("{}", end);
    }

    /**
     * A login that failed. Filters like fail2ban's read this line: a change of it is a change of
     * {@code conf/fail2ban}, too. What the client typed comes last, so that it cannot pretend to be
     * what comes before.
     *
     * @param user what the client typed; empty where it came to no name
     * @param why in a plugin's words; empty where there are none
     */
    static void loginFailed(
            String session,
            String user,
            Connection connection,
            String mechanism,
            LoginRefusal reason,
            String why) {
        var client = connection.client();
        FAILURES.info(
                "login failed client={} port={} listener={} reason={} mechanism={} session={}"
                        + "{} user={}",
                host(client),
                client.getPort(),
                address(connection.listener()),
                reason,
                mechanism,
                session,
                why.isEmpty() ? "" : " why=" + value(why),
                value(user));
    }

    /** A text that nobody has checked, made fit for one line. */
    static String value(String text) {
        if (text.isEmpty()) {
            return "-";
        }
        if (USUAL.matcher(text).matches()) {
            return text;
        }
        var clean = new StringBuilder();
        text.codePoints().limit(LONGEST).map(SessionLog::visible).forEach(clean::appendCodePoint);
        if (text.codePointCount(0, text.length()) > LONGEST) {
            clean.append('…');
        }
        var plain =
                clean.chars().noneMatch(c -> Character.isSpaceChar(c) || c == '"' || c == '=')
                        && !clean.toString().equals("-");
        return plain
                ? clean.toString()
                : '"' + clean.toString().replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static int visible(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    '?';
            default -> codePoint;
        };
    }

    /** In digits, without an interface of this host. */
    private static String host(InetSocketAddress address) {
        var host = address.getAddress().getHostAddress();
        var scope = host.indexOf('%');
        return scope < 0 ? host : host.substring(0, scope);
    }

    private static String address(InetSocketAddress address) {
        var host = host(address);
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }
}
