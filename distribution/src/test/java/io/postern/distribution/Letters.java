package io.postern.distribution;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** The messages of a {@link History}: each one differs from all others, and is known again. */
final class Letters {
    private static final Pattern SUBJECT = Pattern.compile("\\ASubject: (\\w+)\r\n");

    /** Puts a message into a maildrop, whole, before it returns. */
    @FunctionalInterface
    interface Delivery {
        void deliver(String user, byte[] message) throws Exception;
    }

    private final Site site;
    private final History history;
    private final Delivery delivery;
    private final Map<String, byte[]> sent = new ConcurrentHashMap<>();
    private final AtomicInteger last = new AtomicInteger();

    Letters(Site site, History history, Delivery delivery) {
        this.site = site;
        this.history = history;
        this.delivery = delivery;
    }

    String password(String user) {
        return site.password(user);
    }

    /** Delivers a new message. */
    synchronized void send(String user, RandomGenerator random) throws Exception {
        var name = "letter" + last.incrementAndGet();
        var text = new StringBuilder("Subject: ").append(name).append("\n\n");
        for (var lines = random.nextInt(1, 60); lines > 0; lines--) {
            text.append(lines % 7 == 0 ? "." : "").append(random.nextLong()).append('\n');
        }
        var message = Mail.octets(text.toString());
        sent.put(name, Mail.onTheWire(message));
        delivery.deliver(user, message);
        history.add(new History.Delivered(System.nanoTime(), user, name));
    }

    /** The name of what a client retrieved; if no message is like it, what is known of it. */
    String nameOf(byte[] octets) {
        var subject = SUBJECT.matcher(new String(octets, StandardCharsets.ISO_8859_1));
        if (!subject.find()) {
            return "nameless";
        }
        var name = subject.group(1);
        return Arrays.equals(sent.get(name), octets) ? name : "damaged" + name;
    }
}
