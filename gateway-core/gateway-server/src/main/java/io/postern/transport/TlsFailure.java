package io.postern.transport;

import java.util.regex.Pattern;

/** What an operator reads where TLS fails: the alert that the client sent, or what was wrong. */
final class TlsFailure {
    /** JSSE's words for an alert of the client, in any of the places where it notices one. */
    private static final Pattern ALERT =
            Pattern.compile("(?:fatal alert: |Alert: |alert received: )([a-z_]+)");

    private static final Pattern OWN_ALERT = Pattern.compile("\\([a-z_]+\\) .*");

    private TlsFailure() {}

    /** In one line. */
    static String reason(Throwable failure) {
        var innermost = "";
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            var message = cause.getMessage();
            if (message == null || message.isBlank()) {
                continue;
            }
            var alert = ALERT.matcher(message);
            if (alert.find()) {
                return alert(alert.group(1));
            }
            if (innermost.isEmpty() || !OWN_ALERT.matcher(innermost).matches()) {
                innermost = message; // what JSSE wraps is more telling than its own words
            }
        }
        return innermost.isEmpty()
                ? failure.getClass().getSimpleName()
                : innermost.replaceAll("\\s+", " ");
    }

    private static String alert(String name) {
        return "the client sent the alert "
                + name
                + switch (name) {
                    case "unknown_ca",
                            "bad_certificate",
                            "certificate_unknown",
                            "certificate_expired",
                            "unsupported_certificate" ->
                            ": it does not accept the server's certificate";
                    default -> "";
                };
    }
}
