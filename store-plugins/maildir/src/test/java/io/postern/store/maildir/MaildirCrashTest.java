package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.PluginConfig;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MessageRef;
import io.postern.spi.wire.MessageEncoder;
import io.postern.testkit.fault.CrashStates;
import io.postern.testkit.fault.FaultyFileSystem;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A loss of power at any moment of a session: with every set of its writes, renames and removals
 * that were not forced to the disk. The next session, whatever is left of the size index, the list
 * of unique-ids, the fencing token and the commit's result, lists every message that was not
 * marked, with the unique-id, size and octets that it had, and none of the marked ones once the
 * commit had said OK.
 */
@Timeout(600)
class MaildirCrashTest {
    private static final int MESSAGES = 6;
    private static final String DELIVERED = "9.M9P1.host";

    @TempDir(factory = DiskFaultTest.InMemory.class)
    Path home;

    /** What stands in the Maildir and its state before the session. */
    enum Shape {
        FIRST_LOGIN,
        SECOND_LOGIN,
        SETTLED_INDEX,
        FIRST_LOGIN_AFTER_DOVECOT,
        SECOND_LOGIN_AFTER_DOVECOT,
        MARKING_SEEN;

        boolean afterDovecot() {
            return name().endsWith("DOVECOT");
        }
    }

    private record Message(String uniqueId, String text) {}

    @ParameterizedTest
    @EnumSource
    void noLossOfPowerLosesAMessageThatWasNotMarked(Shape shape) throws Exception {
        var states = 0;
        var marks = List.of(Set.of(1), Set.of(6), Set.of(2, 3, 4), Set.of(1, 3, 5), all());
        for (var marked : marks) {
            var place = Files.createDirectory(home.resolve("marks" + states));
            var before = prepare(shape, place);
            var disk = new FaultyFileSystem(place.getFileSystem());
            var crashes = new CrashStates(place);
            disk.faults(crashes);
            session(shape, disk.view(place), marked);
            for (var state : crashes.states()) {
                states++;
                restore(state, place);
                check(shape, place, before, marked, state.finished());
            }
        }
        System.out.println("counted " + states + " crash states of maildir (" + shape + ")");
        assertTrue(states > 100, "only " + states + " states");
    }

    private static Set<Integer> all() {
        return Set.copyOf(IntStream.rangeClosed(1, MESSAGES).boxed().toList());
    }

    /** Makes the Maildir, and gives what it holds, in its order. */
    private static List<Message> prepare(Shape shape, Path place) throws Exception {
        var mail = new Mail(place).make("alice");
        for (var i = 1; i <= MESSAGES; i++) {
            mail.put(
                    "alice",
                    i % 2 == 0 ? "cur/" + i + ".M1P1.host:2,S" : "new/" + i + ".M1P1.host",
                    text(i));
        }
        if (shape.afterDovecot()) {
            mail.put("alice", "dovecot-uidlist", "3 V16 N9\n6 :2.M1P1.host\n7 :4.M1P1.host:2,\n");
        }
        if (shape == Shape.SETTLED_INDEX) {
            mail.settle("alice");
        }
        if (!shape.name().startsWith("FIRST")) {
            Mail.open(store(shape, place), "alice").close();
        }
        return IntStream.rangeClosed(1, MESSAGES)
                .mapToObj(i -> new Message(uniqueId(shape, i), text(i)))
                .toList();
    }

    private static String uniqueId(Shape shape, int i) {
        return shape.afterDovecot() && (i == 2 || i == 4)
                ? "0000000" + (i == 2 ? 6 : 7) + "00000010"
                : i + ".M1P1.host";
    }

    private static String text(int i) {
        return "Subject: " + i + "\n\n" + ("number " + i + "\n").repeat(i);
    }

    /** Removes messages; another one is delivered, durably, after the login. */
    private static void session(Shape shape, Path view, Set<Integer> marked) throws Exception {
        try (var drop = Mail.open(store(shape, view), "alice")) {
            deliver(view.resolve("mail/alice"));
            var request =
                    new CommitRequest(
                            UUID.randomUUID(),
                            Mail.token(),
                            refs(drop, marked),
                            refs(drop, unmarked(marked)),
                            Duration.ofSeconds(60));
            assertEquals(Status.OK, drop.commit(request).status());
        }
    }

    private static List<MessageRef> refs(Maildrop drop, Set<Integer> numbers) {
        return Mail.refs(drop, numbers.stream().sorted().mapToInt(Integer::intValue).toArray());
    }

    private static Set<Integer> unmarked(Set<Integer> marked) {
        return all().stream()
                .filter(number -> !marked.contains(number))
                .collect(Collectors.toSet());
    }

    private static void deliver(Path maildir) throws IOException {
        var written = maildir.resolve("tmp").resolve(DELIVERED);
        try (var file =
                FileChannel.open(
                        written, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(StandardCharsets.US_ASCII.encode(text(9)));
            file.force(true);
        }
        Files.move(written, maildir.resolve("new").resolve(DELIVERED));
        Maildir.force(maildir.resolve("new"));
    }

    private static void check(
            Shape shape, Path place, List<Message> before, Set<Integer> marked, boolean finished)
            throws Exception {
        var store = store(shape, place);
        Map<String, String> after;
        try (var drop = Mail.open(store, "alice")) {
            after = read(drop);
        }
        var delivered = after.remove(DELIVERED);
        assertTrue(delivered == null ? !finished : delivered.equals(text(9)), "the delivery");
        var expected = new LinkedHashMap<String, String>();
        for (var number = 1; number <= before.size(); number++) {
            var message = before.get(number - 1);
            var there = after.containsKey(message.uniqueId);
            assertTrue(there || marked.contains(number), message + " was not marked, and is gone");
            assertTrue(!there || !marked.contains(number) || !finished, message + " is back");
            if (there) {
                expected.put(message.uniqueId, message.text);
            }
        }
        assertEquals(expected, after);
        // What is left of the marked ones can be removed, and nothing else goes.
        try (var drop = Mail.open(store, "alice")) {
            var left =
                    IntStream.rangeClosed(1, drop.listing().count())
                            .filter(number -> marked(shape, drop, number, marked))
                            .toArray();
            assertEquals(Status.OK, drop.commit(Mail.removal(drop, left)).status());
        }
        assertEquals(
                MESSAGES - marked.size() + (delivered == null ? 0 : 1),
                Mail.ids(store, "alice").size());
    }

    private static boolean marked(Shape shape, Maildrop drop, int number, Set<Integer> marked) {
        var id = drop.listing().uniqueId(number);
        return marked.stream().anyMatch(i -> uniqueId(shape, i).equals(id));
    }

    private static Map<String, String> read(Maildrop drop) throws Exception {
        var all = new LinkedHashMap<String, String>();
        for (var number = 1; number <= drop.listing().count(); number++) {
            var text = Mail.read(drop, number);
            assertEquals(
                    MessageEncoder.measure(
                            new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1))),
                    drop.listing().octets(number));
            all.put(drop.listing().uniqueId(number), text);
        }
        return all;
    }

    /** In the same place: what the store keeps beside the mail it finds by the mail's path. */
    private static void restore(CrashStates.State state, Path place) throws IOException {
        try (var inside = Files.walk(place)) {
            for (var old : inside.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(old);
            }
        }
        state.restore(Files.createDirectory(place));
    }

    private static MaildirStore store(Shape shape, Path home) {
        var settings = new LinkedHashMap<String, List<String>>();
        settings.put("root", List.of("mail"));
        if (shape.afterDovecot()) {
            settings.put("unique-ids", List.of("dovecot"));
        }
        if (shape == Shape.MARKING_SEEN) {
            settings.put("mark-seen", List.of("true"));
        }
        var store = new MaildirStore();
        store.start(new PluginConfig(store.settings(), settings, home, home.resolve("state")));
        return store;
    }
}
