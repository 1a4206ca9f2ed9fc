package io.postern.distribution;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What is known of the mail of one maildrop, and so what may be seen of it: deliverers tell what
 * they put there, the client what it asked to remove and what was answered, and whoever looks tells
 * what there was. What may not be is noted as a violation. A message is known by its content, each
 * has another. Any number of threads.
 */
final class Ledger {
    /** What became of a message. */
    enum Fate {
        /** Its delivery has begun. */
        ARRIVING,
        THERE,
        /** QUIT was sent, and no answer came, or a negative one. */
        ASKED,
        GONE
    }

    static final class Message {
        final long octets;
        final String shown;
        Fate fate = Fate.ARRIVING;
        String uniqueId;

        Message(String content) {
            octets = content.length();
            shown = shown(content);
        }
    }

    /**
     * One line of a listing.
     *
     * @param octets the size that was listed
     * @param content what RETR gave; empty where the message was not retrieved
     */
    record Seen(String uniqueId, long octets, Optional<String> content) {}

    private final String name;

    /** By the digest of the content. */
    private final Map<String, Message> messages = new HashMap<>();

    private final Map<String, Message> byUniqueId = new HashMap<>();
    private final List<String> violations = new ArrayList<>();
    private int there;
    private int removed;
    private int cameBack;
    private int wentUnanswered;
    private boolean closed;

    /**
     * @param name of the maildrop, for people
     */
    Ledger(String name) {
        this.name = name;
    }

    synchronized void arriving(String content) {
        if (messages.put(digest(content), new Message(content)) != null) {
            throw new IllegalArgumentException("delivered twice by the test");
        }
    }

    synchronized void arrived(String content) {
        var message = messages.get(digest(content));
        if (message.fate == Fate.ARRIVING) {
            become(message, Fate.THERE);
        }
    }

    /** Waits until there are fewer messages than these; false if the test is over. */
    synchronized boolean awaitRoom(int most) throws InterruptedException {
        while (there >= most && !closed) {
            wait();
        }
        return !closed;
    }

    /** Lets nobody wait any more. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    /** What a login that begins now has to list. */
    synchronized Set<Message> due() {
        return messages.values().stream()
                .filter(message -> message.fate == Fate.THERE)
                .collect(Collectors.toSet());
    }

    /** Whether the content behind a unique-id was seen already. */
    synchronized boolean knows(String uniqueId) {
        return byUniqueId.containsKey(uniqueId);
    }

    /**
     * What a session listed, while nobody else removed anything.
     *
     * @param due what had to be there
     */
    synchronized void listed(Set<Message> due, List<Seen> listing) {
        var found = new HashSet<Message>();
        for (var seen : listing) {
            var message =
                    seen.content().isPresent()
                            ? messages.get(digest(seen.content().get()))
                            : byUniqueId.get(seen.uniqueId());
            if (message == null) {
                violated(
                        "a message that nobody delivered so: "
                                + seen.content().map(Ledger::shown).orElse(seen.uniqueId()));
                continue;
            }
            if (!found.add(message)) {
                violated("listed twice: " + message.shown);
            }
            if (seen.octets() != message.octets) {
                violated(
                        "%d octets are listed and %d sent: %s"
                                .formatted(seen.octets(), message.octets, message.shown));
            }
            identify(message, seen.uniqueId());
            switch (message.fate) {
                case GONE -> violated("removed for good, and back: " + message.shown);
                case ASKED -> {
                    cameBack++;
                    become(message, Fate.THERE);
                }
                case ARRIVING -> become(message, Fate.THERE);
                case THERE -> {
                    // As it should be.
                }
            }
        }
        for (var message : messages.values()) {
            if (!found.contains(message)) {
                if (due.contains(message)) {
                    violated("lost: " + message.shown);
                    become(message, Fate.GONE);
                } else if (message.fate == Fate.ASKED) {
                    wentUnanswered++;
                    become(message, Fate.GONE);
                }
            }
        }
    }

    private void identify(Message message, String uniqueId) {
        if (message.uniqueId == null) {
            message.uniqueId = uniqueId;
            if (byUniqueId.putIfAbsent(uniqueId, message) != null) {
                violated("the unique-id " + uniqueId + " had another message before");
            }
        } else if (!message.uniqueId.equals(uniqueId)) {
            violated(
                    "the unique-id was %s and is %s: %s"
                            .formatted(message.uniqueId, uniqueId, message.shown));
        }
    }

    /** QUIT is about to be sent. */
    synchronized void asked(Collection<String> uniqueIds) {
        uniqueIds.forEach(id -> become(byUniqueId.get(id), Fate.ASKED));
    }

    /** QUIT was answered with {@code +OK}. */
    synchronized void answered(Collection<String> uniqueIds) {
        uniqueIds.forEach(id -> become(byUniqueId.get(id), Fate.GONE));
        removed += uniqueIds.size();
    }

    /** What is stored while no server runs. */
    synchronized void onDisk(List<String> stored) {
        var found = new HashSet<Message>();
        for (var content : stored) {
            var message = messages.get(digest(content));
            if (message == null) {
                violated("on the disk, and nobody delivered it so: " + shown(content));
            } else if (message.fate == Fate.GONE) {
                violated("on the disk, and removed for good: " + message.shown);
            } else if (!found.add(message)) {
                violated("twice on the disk: " + message.shown);
            }
        }
        for (var message : messages.values()) {
            if (message.fate == Fate.THERE && !found.contains(message)) {
                violated("gone from the disk: " + message.shown);
            }
        }
    }

    synchronized void violated(String what) {
        violations.add(name + ": " + what);
    }

    synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    /** How many messages there are for sure. */
    synchronized int there() {
        return there;
    }

    synchronized int delivered() {
        return messages.size();
    }

    /** How many were removed with an answer. */
    synchronized int removed() {
        return removed;
    }

    /** How many were asked for, without an answer, and were still there. */
    synchronized int cameBack() {
        return cameBack;
    }

    /** How many were asked for, without an answer, and were gone. */
    synchronized int wentUnanswered() {
        return wentUnanswered;
    }

    private void become(Message message, Fate fate) {
        there += (fate == Fate.THERE ? 1 : 0) - (message.fate == Fate.THERE ? 1 : 0);
        message.fate = fate;
        notifyAll();
    }

    private static String shown(String content) {
        return "\"" + content.lines().findFirst().orElse("") + "\", " + content.length();
    }

    private static String digest(String content) {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256")
                                    .digest(content.getBytes(StandardCharsets.ISO_8859_1)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
