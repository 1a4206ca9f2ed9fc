package org.example.postern;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A toy that stands for the mail service. It needs nothing but Java, keeps everything in memory,
 * and runs by itself, too:
 *
 * <pre>{@code
 * java LetterboxService.java 8082
 * curl --data-binary @message http://127.0.0.1:8082/boxes/anna/messages
 * }</pre>
 */
final class LetterboxService implements AutoCloseable {
    private static final int CHUNK = 8192;

    private final Map<String, Box> boxes = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer server;

    /** Boxes that cannot be listed now. */
    final Set<String> unreadable = ConcurrentHashMap.newKeySet();

    /** Boxes whose commits are done, and the connection then breaks. */
    final Set<String> mute = ConcurrentHashMap.newKeySet();

    /** Ids of messages that cannot be removed now. */
    final Set<String> stuck = ConcurrentHashMap.newKeySet();

    /** What is kept under one name. The lock of the object guards it. */
    private static final class Box {
        /** By id, the oldest first. */
        final Map<String, byte[]> messages = new LinkedHashMap<>();

        /** What was said to each commit; a real service forgets them after a day or two. */
        final Map<String, String> results = new HashMap<>();

        long[] fence = {0, 0};
    }

    /**
     * @param port on the loopback address; 0 for any
     */
    LetterboxService(int port) throws IOException {
        server =
                HttpServer.create(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
        server.createContext("/boxes", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    static void main(String[] arguments) throws IOException {
        var service = new LetterboxService(Integer.parseInt(arguments[0]));
        System.out.println("listening on " + service.url());
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/boxes";
    }

    /**
     * @return the message's id, which no other ever gets
     */
    String put(String name, byte[] message) {
        var box = box(name);
        var id = UUID.randomUUID().toString();
        synchronized (box) {
            box.messages.put(id, message);
        }
        return id;
    }

    /** What is in a box, by id. */
    Map<String, byte[]> messages(String name) {
        var box = box(name);
        synchronized (box) {
            return new LinkedHashMap<>(box.messages);
        }
    }

    /** As another program would. */
    void remove(String name, String id) {
        var box = box(name);
        synchronized (box) {
            box.messages.remove(id);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }

    private Box box(String name) {
        return boxes.computeIfAbsent(name, _ -> new Box());
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            var asked = exchange.getRequestBody().readAllBytes();
            // /boxes/NAME, and perhaps two more
            var path = exchange.getRequestURI().getPath().substring(1).split("/");
            var what =
                    exchange.getRequestMethod()
                            + " "
                            + (path.length > 2 ? path[2] : "")
                            + path.length;
            var name = path[1];
            switch (what) {
                case "GET 2" -> list(exchange, name);
                case "PUT fence3" -> fence(exchange, name, asked);
                case "POST messages3" -> say(exchange, 201, put(name, asked) + "\n");
                case "GET messages4" -> message(exchange, name, path[3]);
                case "POST commits4" -> commit(exchange, name, path[3], asked);
                default -> say(exchange, 404, "there is nothing here\n");
            }
        }
    }

    private void list(HttpExchange exchange, String name) throws IOException {
        if (unreadable.contains(name)) {
            say(exchange, 500, "this box cannot be read\n");
            return;
        }
        var lines = new StringBuilder();
        messages(name).keySet().forEach(id -> lines.append(id).append('\n'));
        say(exchange, 200, lines + "end\n");
    }

    private void fence(HttpExchange exchange, String name, byte[] asked) throws IOException {
        var box = box(name);
        boolean passed;
        synchronized (box) {
            passed = passed(box, token(text(asked)));
        }
        say(exchange, passed ? 409 : 204, "");
    }

    private void message(HttpExchange exchange, String name, String id) throws IOException {
        var message = messages(name).get(id);
        if (message == null) {
            say(exchange, 404, "");
        } else {
            say(exchange, 200, message);
        }
    }

    private void commit(HttpExchange exchange, String name, String commitId, byte[] asked)
            throws IOException {
        var lines = text(asked).lines().toList();
        var box = box(name);
        String result;
        synchronized (box) {
            // What was done stays done, whoever has the box since.
            result = box.results.get(commitId);
            if (result == null && !passed(box, token(lines.getFirst()))) {
                result = removed(box, lines.subList(1, lines.size()));
                box.results.put(commitId, result);
            }
        }
        if (!mute.contains(name)) {
            say(exchange, result == null ? 409 : 200, result == null ? "" : result);
        }
    }

    /** Whether a higher token was seen; if not, this is the highest now. */
    private static boolean passed(Box box, long[] token) {
        if (Arrays.compare(token, box.fence) < 0) {
            return true;
        }
        box.fence = token;
        return false;
    }

    private String removed(Box box, List<String> ids) {
        int removed = 0;
        int gone = 0;
        int failed = 0;
        for (var id : ids) {
            if (stuck.contains(id)) {
                failed++;
            } else if (box.messages.remove(id) != null) {
                removed++;
            } else {
                gone++;
            }
        }
        return removed + " " + gone + " " + failed + "\n";
    }

    private static long[] token(String line) {
        return Arrays.stream(line.split(" ")).mapToLong(Long::parseLong).toArray();
    }

    private static String text(byte[] octets) {
        return new String(octets, StandardCharsets.UTF_8);
    }

    private static void say(HttpExchange exchange, int status, String text) throws IOException {
        say(exchange, status, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void say(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        // In pieces: the JDK's server makes a buffer of twice the size of what it is given.
        for (int i = 0; i < body.length; i += CHUNK) {
            exchange.getResponseBody().write(body, i, Math.min(CHUNK, body.length - i));
        }
    }
}
