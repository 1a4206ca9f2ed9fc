package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * On one mbox file, at the same time: procmail delivers, mutt removes and flags, and the server's
 * client reads and removes. Each message names in its subject who may remove it.
 */
class MboxNeighboursIT {
    /** Of each kind; {@code -Dpostern.long=true} has more. */
    private static final int LETTERS = Boolean.getBoolean("postern.long") ? 30 : 3;

    private static final Pattern SUBJECT = Pattern.compile("(?m)^Subject: ((keep|pop|mutt)-\\d+)$");

    @TempDir private Path folder;
    private final Map<String, String> ids = new HashMap<>();
    private final Set<String> removed = new HashSet<>();
    private int refusals;
    private int sessions;
    private Path mbox;
    private Site site;

    @ParameterizedTest
    @ValueSource(strings = {"dotlock fcntl", "fcntl dotlock"})
    void nothingIsLostBesideProcmailAndMutt(String locks) throws Exception {
        mbox = Files.createDirectory(folder.resolve("mbox")).resolve("anna");
        site =
                new Site(folder)
                        .user("anna")
                        .store(
                                "<store plugin=\"mbox\"><root>%s</root><format>mboxo</format>"
                                                .formatted(mbox.getParent())
                                        + "<locks>%s</locks><lock-wait>PT3S</lock-wait></store>"
                                                .formatted(locks));
        deliver("keep-0");
        var over = new AtomicBoolean();
        try (var server = PackagedServer.start(site);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var delivering =
                    threads.submit(() -> {
                        for (var number = 1; number <= LETTERS; number++) {
                            deliver("pop-" + number);
                            deliver("mutt-" + number);
                            deliver("keep-" + number);
                        }
                        return null;
                    });
            var mutt =
                    threads.submit(() -> {
                        var runs = 0;
                        for (; !over.get(); runs++) {
                            mutt();
                        }
                        return runs;
                    });
            try {
                while (!delivering.isDone()) {
                    session(server);
                }
                delivering.get();
            } finally {
                over.set(true);
            }
            var runs = mutt.get(120, TimeUnit.SECONDS);
            mutt();
            while (!session(server)) {
                assertTrue(refusals < 1000, "the maildrop stays locked");
            }
            assertEquals(all("keep"), names(server), server.log());
            assertTrue(removed.containsAll(all("pop")), () -> "never seen: " + removed);
            System.out.printf(
                    "beside procmail and mutt (%s): %d deliveries, %d runs of mutt, %d sessions, %d"
                            + " of them refused for a lock%n",
                    locks, 3 * LETTERS + 1, runs + 1, sessions, refusals);
        }
    }

    private static Set<String> all(String kind) {
        return IntStream.rangeClosed(kind.equals("keep") ? 0 : 1, LETTERS)
                .mapToObj(number -> kind + "-" + number)
                .collect(Collectors.toSet());
    }

    /** Delivers; procmail takes the lock file, then the fcntl lock. */
    private void deliver(String name) throws IOException, InterruptedException {
        var letter = Files.writeString(folder.resolve("letter"), "Subject: " + name + body(name));
        var rules =
                Files.writeString(
                        folder.resolve("procmailrc"),
                        "SHELL=/bin/sh\nLOCKSLEEP=1\nDEFAULT=%1$s\nORGMAIL=%1$s\n".formatted(mbox));
        Program.client("procmail", "-f", "bob@example.org", rules.toString())
                .reading(letter)
                .run()
                .well();
    }

    private static String body(String name) {
        return "\n\nFrom here\n.\n" + (name + "\n").repeat(20) + "the end of " + name + "\n";
    }

    /** As it is sent: procmail quotes a line of a letter that begins with From, for good. */
    private static String sent(String name) {
        return ("Subject: " + name + body(name))
                .replace("\nFrom ", "\n>From ")
                .replace("\n", "\r\n");
    }

    /** Removes what is mutt's and flags what is to be kept, in one run on a terminal. */
    private void mutt() throws IOException, InterruptedException {
        var settings =
                Files.writeString(
                        folder.resolve("muttrc"),
                        """
                        set folder=%1$s
                        set spoolfile=%2$s
                        set delete=yes
                        set quit=yes
                        set move=no
                        set beep=no
                        set wait_key=no
                        push "<delete-pattern>~s mutt-<enter><tag-pattern>~s keep-<enter>\
                        <tag-prefix><set-flag>!<sync-mailbox><exit>"
                        """
                                .formatted(folder, mbox));
        // Where it cannot have the locks, it leaves everything as it is, and waits to be told more.
        Program.client("mutt", "-v").run().well();
        Program.of(
                        "timeout",
                        "20",
                        "script",
                        "-qec",
                        "mutt -n -F '%s' -f '%s'".formatted(settings, mbox),
                        "/dev/null")
                .with("TERM", "xterm")
                .run();
    }

    /** Removes what is the client's; false where the file was locked by others for too long. */
    private boolean session(PackagedServer server) throws IOException {
        sessions++;
        try (var client = Pop3.connect(server.port())) {
            client.line();
            client.ok("USER anna");
            if (!client.command("PASS " + site.password("anna")).startsWith("+OK")) {
                refusals++;
                return false;
            }
            var marked = new ArrayList<String>();
            var there = list(client);
            for (var message : there.entrySet()) {
                if (message.getValue().startsWith("pop-")) {
                    client.ok("DELE " + message.getKey());
                    marked.add(message.getValue());
                }
            }
            if (!client.command("QUIT").startsWith("+OK")) {
                refusals++;
                return false;
            }
            removed.addAll(marked);
            return true;
        } catch (EOFException e) {
            // A message that mutt moved while it was sent must not end as if it were whole.
            refusals++;
            return false;
        }
    }

    private Set<String> names(PackagedServer server) throws IOException {
        try (var client = server.login("anna")) {
            return Set.copyOf(list(client).values());
        }
    }

    /** Names by number. What the neighbours take away while it is read is left out. */
    private Map<Integer, String> list(Pop3 client) throws IOException {
        client.ok("UIDL");
        var lines = new String(client.multiline(), StandardCharsets.ISO_8859_1).lines().toList();
        var there = new HashMap<Integer, String>();
        for (var line : lines) {
            var number = Integer.parseInt(line.split(" ", -1)[0]);
            if (!client.command("RETR " + number).startsWith("+OK")) {
                continue;
            }
            var text = new String(client.multiline(), StandardCharsets.ISO_8859_1);
            var subject = SUBJECT.matcher(text);
            assertTrue(subject.find(), text);
            var name = subject.group(1);
            assertEquals(sent(name), text);
            assertTrue(!removed.contains(name), () -> name + " is back");
            assertEquals(
                    line.split(" ", -1)[1], ids.computeIfAbsent(name, _ -> line.split(" ", -1)[1]));
            assertTrue(there.put(number, name) == null);
        }
        assertEquals(there.size(), Set.copyOf(there.values()).size(), "a message is there twice");
        return there;
    }
}
