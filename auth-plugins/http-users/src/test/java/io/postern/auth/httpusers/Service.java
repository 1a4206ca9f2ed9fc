package io.postern.auth.httpusers;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A service on loopback that speaks both dialects, and knows alice and bob, who is barred. */
final class Service implements AutoCloseable {
    static final String PASSWORD = "tän staaf";

    private static final Pattern FIELD =
            Pattern.compile("\"(user|password)\":\"((?:[^\"\\\\]++|\\\\u[0-9a-f]{4})*+)\"");

    private static final Pattern ESCAPE = Pattern.compile("\\\\u([0-9a-f]{4})");

    private final HttpServer server;

    /** The bodies and header fields that came. */
    final List<String> asked = new CopyOnWriteArrayList<>();

    volatile String password = PASSWORD;

    /** Answers in place of the truth. */
    volatile Answer instead;

    interface Answer {
        void give(HttpExchange exchange) throws IOException;
    }

    Service() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/json", exchange -> answer(exchange, this::json));
        server.createContext("/nginx", exchange -> answer(exchange, this::nginx));
        server.start();
    }

    String url(String path) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/" + path;
    }

    @Override
    public void close() {
        server.stop(0);
    }

    static void reply(HttpExchange exchange, int status, String body) throws IOException {
        var octets = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, octets.length == 0 ? -1 : octets.length);
        exchange.getResponseBody().write(octets);
    }

    private void answer(HttpExchange exchange, Answer truth) throws IOException {
        try (exchange) {
            var answer = instead;
            (answer == null ? truth : answer).give(exchange);
        }
    }

    private void json(HttpExchange exchange) throws IOException {
        var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        asked.add(exchange.getRequestMethod() + " " + body);
        var fields = FIELD.matcher(body).results().map(it -> plain(it.group(2))).toList();
        var result = judge(fields.get(0), fields.get(1));
        reply(
                exchange,
                200,
                result.equals("accepted")
                        ? "{\"more\":[1,{\"a\":2}],\"result\":\"accepted\",\"user\":\"alice\","
                                + "\"attributes\":{\"maildrop\":\"team/alice\",\"sessions\":2,"
                                + "\"none\":null,\"list\":[3]}}"
                        : "{\"result\":\"" + result + "\"}");
    }

    private void nginx(HttpExchange exchange) throws IOException {
        var fields = exchange.getRequestHeaders();
        asked.add(
                exchange.getRequestMethod()
                        + " "
                        + Map.of(
                                "method", fields.getFirst("Auth-Method"),
                                "protocol", fields.getFirst("Auth-Protocol"),
                                "attempt", fields.getFirst("Auth-Login-Attempt"),
                                "pass", fields.getFirst("Auth-Pass"),
                                "client", String.valueOf(fields.getFirst("Client-IP")),
                                "ssl", String.valueOf(fields.getFirst("Auth-SSL"))));
        var result =
                judge(decoded(fields.getFirst("Auth-User")), decoded(fields.getFirst("Auth-Pass")));
        exchange.getResponseHeaders()
                .set(
                        "Auth-Status",
                        switch (result) {
                            case "accepted" -> "OK";
                            case "unknown-user" -> "No such user";
                            default -> "Invalid login or password";
                        });
        exchange.getResponseHeaders().set("Auth-Server", "127.0.0.1");
        reply(exchange, 200, "");
    }

    private String judge(String name, String given) {
        var user = name.toLowerCase(Locale.ROOT);
        if (!user.equals("alice") && !user.equals("bob")) {
            return "unknown-user";
        }
        if (!given.equals(password)) {
            return "wrong-password";
        }
        return user.equals("bob") ? "not-allowed" : "accepted";
    }

    private static String plain(String quoted) {
        return ESCAPE.matcher(quoted)
                .replaceAll(it ->
                        Matcher.quoteReplacement(
                                String.valueOf((char) Integer.parseInt(it.group(1), 16))));
    }

    private static String decoded(String field) {
        return URLDecoder.decode(field.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
