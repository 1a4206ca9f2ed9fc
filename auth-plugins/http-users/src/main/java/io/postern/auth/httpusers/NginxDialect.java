package io.postern.auth.httpusers;

import io.postern.auth.remote.Outage;
import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * The dialect of nginx's {@code auth_http}: name and password in header fields of a GET, the answer
 * in {@code Auth-Status}. It does not tell an unknown user from a wrong password; where the service
 * has a status of its own for that, it can be named.
 */
final class NginxDialect implements Dialect {
    private final Optional<String> unknownStatus;

    NginxDialect(Optional<String> unknownStatus) {
        this.unknownStatus = unknownStatus;
    }

    @Override
    public HttpRequest ask(
            HttpRequest.Builder request, String name, byte[] password, Optional<Client> client) {
        client.ifPresent(it -> {
            request.header("Client-IP", it.address());
            if (it.encrypted()) {
                request.header("Auth-SSL", "on");
            }
        });
        return request.header("Auth-Method", "plain")
                .header("Auth-User", escaped(name.getBytes(StandardCharsets.UTF_8)))
                .header("Auth-Pass", escaped(password))
                .header("Auth-Protocol", "pop3")
                .header("Auth-Login-Attempt", "1")
                .GET()
                .build();
    }

    @Override
    public Verdict read(HttpResponse<byte[]> answer, String name) throws Outage, Fault {
        var status =
                answer.headers()
                        .firstValue("Auth-Status")
                        .orElseThrow(() ->
                                new Fault(
                                        Fault.Kind.PERMANENT,
                                        "the service's answer has no Auth-Status"));
        if (status.equals("OK")) {
            // Without a name of the service's own, case must not make two users of one.
            var user = answer.headers().firstValue("Auth-User").orElse(lowerCase(name));
            try {
                return new Verdict.Accepted(new User(user, Map.of()));
            } catch (IllegalArgumentException e) {
                throw Fault.permanent("the service's Auth-User cannot be a name", e);
            }
        }
        if (answer.headers().firstValue("Auth-Error-Code").orElse("").startsWith("4")) {
            throw new Outage("it says: " + status, false, null);
        }
        return new Verdict.Refused(
                unknownStatus.filter(status::equals).isPresent()
                        ? Reason.UNKNOWN_USER
                        : Reason.WRONG_PROOF);
    }

    /** As nginx does, so that a service decodes it; and what a header field cannot hold. */
    private static String escaped(byte[] octets) {
        var text = new StringBuilder();
        for (byte octet : octets) {
            if (octet <= ' ' || octet == '%' || octet == 0x7f) {
                text.append('%')
                        .append(Character.toUpperCase(Character.forDigit(octet >> 4 & 15, 16)))
                        .append(Character.toUpperCase(Character.forDigit(octet & 15, 16)));
            } else {
                text.append((char) octet);
            }
        }
        return text.toString();
    }

    private static String lowerCase(String name) {
        var folded = new StringBuilder(name);
        for (int i = 0; i < folded.length(); i++) {
            char c = folded.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                folded.setCharAt(i, (char) (c + ('a' - 'A')));
            }
        }
        return folded.toString();
    }
}
