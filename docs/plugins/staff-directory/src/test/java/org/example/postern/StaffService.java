package org.example.postern;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A toy that stands for the staff service. It needs nothing but Java, and runs by itself, too:
 *
 * <pre>{@code java StaffService.java 8081 anna:secret bela:other}</pre>
 */
final class StaffService implements AutoCloseable {
    private final Map<String, String> passwords = new ConcurrentHashMap<>();
    private final Set<String> left = ConcurrentHashMap.newKeySet();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer server;

    /** What it answers in place of the truth, or 0. */
    final AtomicInteger status = new AtomicInteger();

    /**
     * @param port on the loopback address; 0 for any
     */
    StaffService(int port) throws IOException {
        server =
                HttpServer.create(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
        server.createContext("/whoami", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    static void main(String[] arguments) throws IOException {
        var service = new StaffService(Integer.parseInt(arguments[0]));
        for (int i = 1; i < arguments.length; i++) {
            var colon = arguments[i].indexOf(':');
            service.hire(arguments[i].substring(0, colon), arguments[i].substring(colon + 1));
        }
        System.out.println("listening on " + service.url());
    }

    void hire(String name, String password) {
        passwords.put(name, password);
    }

    /** The account stays, for the records. */
    void dismiss(String name) {
        left.add(name);
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/whoami";
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            var header = exchange.getRequestHeaders().getFirst("Authorization");
            var basic = Base64.getDecoder().decode(header.substring("Basic ".length()));
            // An octet is a character here, so that one that is not UTF-8 stays what it is.
            var both = new String(basic, StandardCharsets.ISO_8859_1);
            var colon = both.indexOf(':');
            var typed = utf8(both.substring(0, colon));
            var name = typed.toLowerCase(Locale.ROOT);
            var password = passwords.get(name);
            var right = octets(String.valueOf(password)).equals(both.substring(colon + 1));
            var truth = password == null ? 404 : !right ? 401 : left.contains(name) ? 403 : 200;
            var said = status.get() == 0 ? truth : status.get();
            var body = said == 200 ? name.getBytes(StandardCharsets.UTF_8) : new byte[0];
            exchange.sendResponseHeaders(said, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static String utf8(String octets) {
        return new String(octets.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static String octets(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }
}
