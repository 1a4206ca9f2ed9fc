package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.wire.MessageEncoder;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;
import io.postern.testkit.fault.NthOperation;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * The disk fails at the first, the second, ... operation of a session, in each way that it can,
 * until a session meets no fault any more. After each: nothing unmarked is gone, OK was said only
 * of what is gone, unique-ids and sizes are what they were, and the next session is a good one.
 */
@Timeout(600)
class DiskFaultTest {
    @TempDir(factory = InMemory.class)
    Path home;

    /** In memory where there is such a disk: a thousand sessions with an fsync or more in each. */
    static final class InMemory implements TempDirFactory {
        @Override
        public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext extension)
                throws IOException {
            var memory = Path.of("/dev/shm");
            return Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "postern")
                    : Files.createTempDirectory("postern");
        }
    }

    /** What stands in the Maildir and its state before the session. */
    enum Shape {
        FIRST_LOGIN,
        SECOND_LOGIN,
        SETTLED,
        DAMAGED_INDEX,
        RENAMED_MEANWHILE,
        TWIN,
        FIRST_LOGIN_AFTER_DOVECOT,
        SECOND_LOGIN_AFTER_DOVECOT,
        MARKING_SEEN,
        FIRST_LOGIN_TO_ARCHIVES,
        DUPLICATES,
        QUOTA
    }

    /** One way for a session to end. */
    private record Ending(Optional<CommitResult> result, CommitRequest request) {}

    @ParameterizedTest
    @EnumSource
    void everyFaultIsSurvived(Shape shape) throws Exception {
        var points = 0;
        for (var outcome : Outcome.values()) {
            if (outcome == Outcome.WORKS) {
                continue;
            }
            for (var n = 1; ; n++) {
                var nth = new NthOperation(n, outcome);
                point(shape, nth, home.resolve(outcome + "-" + n));
                if (!nth.happened()) {
                    break;
                }
                points++;
            }
        }
        System.out.println("counted " + points + " fault points of maildir (" + shape + ")");
        assertTrue(points > 50, () -> "only a few operations were met for " + shape);
    }

    private static void point(Shape shape, NthOperation nth, Path place) throws Exception {
        var mail = new Mail(place).make("alice");
        for (var i = 1; i <= 6; i++) {
            var folder = i % 2 == 0 ? "cur/" : "new/";
            mail.put(
                    "alice",
                    folder + i + ".M" + i + "P1.host" + (i % 2 == 0 ? ":2,S" : ""),
                    "Subject: " + i + "\n\nnumber " + i + "\n");
        }
        if (shape.name().endsWith("DOVECOT")) {
            mail.put("alice", "dovecot-uidlist", "3 V16 N9\n6 :2.M2P1.host\n7 :4.M4P1.host:2,\n");
        }
        if (shape == Shape.TWIN) {
            Files.copy(
                    mail.maildir("alice").resolve("new/3.M3P1.host"),
                    mail.maildir("alice").resolve("cur/3.M3P1.host:2,S"));
        }
        if (shape == Shape.FIRST_LOGIN_TO_ARCHIVES) {
            pack(mail.maildir("alice").resolve("new/3.M3P1.host"));
            pack(mail.maildir("alice").resolve("cur/2.M2P1.host:2,S"));
        }
        if (shape == Shape.DUPLICATES) {
            mail.put("alice", "cur/6.M6P1.host:2,R", "another\n");
        }
        if (shape == Shape.QUOTA) {
            mail.put("alice", "maildirsize", "1000S\n132 6\n");
        }
        var disk = new FaultyFileSystem(place.getFileSystem());
        var store = store(shape, disk.view(place));
        if (shape == Shape.SETTLED) {
            mail.settle("alice");
        }
        Map<String, Long> before;
        if (shape.name().startsWith("FIRST") || shape == Shape.TWIN) {
            before = new TreeMap<>();
            for (var i = 1; i <= 6; i++) {
                var listed = shape.name().endsWith("DOVECOT") && (i == 2 || i == 4);
                var id =
                        listed
                                ? "0000000" + (i == 2 ? 6 : 7) + "00000010"
                                : i + ".M" + i + "P1.host";
                before.put(id, 24L);
            }
        } else {
            try (var drop = Mail.open(store, "alice")) {
                before = new TreeMap<>(Mail.list(drop));
            }
        }
        if (shape == Shape.DAMAGED_INDEX) {
            try (var files = Files.walk(place.resolve("state"))) {
                for (var file : files.filter(file -> file.endsWith("index")).toList()) {
                    Files.writeString(file, "nonsense");
                }
            }
        }

        disk.faults(nth);
        var ending = session(shape, store, mail);
        disk.mend();

        check(shape, mail, place, before, ending);
    }

    /** Reads two messages and removes the second, third and fourth. */
    private static Optional<Ending> session(Shape shape, MaildirStore store, Mail mail)
            throws Exception {
        CommitRequest request = null;
        try (var drop = Mail.open(store, "alice")) {
            try {
                assertEquals("number 3\n", Mail.read(drop, 3).substring(12));
            } catch (IOException | Fault e) {
                assertTrue(e.getMessage().contains("3.M3P1.host"), e::toString);
            }
            if (shape == Shape.RENAMED_MEANWHILE) {
                Files.move(
                        mail.maildir("alice").resolve("new/3.M3P1.host"),
                        mail.maildir("alice").resolve("cur/3.M3P1.host:2,T"));
                Files.delete(mail.maildir("alice").resolve("cur/4.M4P1.host:2,S"));
            }
            mail.put("alice", "new/9.delivered", "later\n");
            request =
                    new CommitRequest(
                            UUID.randomUUID(),
                            Mail.token(),
                            Mail.refs(drop, 2, 3, 4),
                            Mail.refs(drop, 5),
                            Duration.ofSeconds(60));
            return Optional.of(new Ending(Optional.of(drop.commit(request)), request));
        } catch (Fault e) {
            assertTrue(!e.getMessage().isEmpty());
            return Optional.ofNullable(request).map(sent -> new Ending(Optional.empty(), sent));
        }
    }

    private static void check(
            Shape shape, Mail mail, Path place, Map<String, Long> before, Optional<Ending> ending)
            throws Exception {
        var there = numbersOf(mail);
        assertTrue(there.containsAll(Set.of("1", "5", "6")), () -> "unmarked gone: " + there);
        var gone = Stream.of("2", "3", "4").noneMatch(there::contains);
        if (ending.isEmpty()) {
            assertTrue(there.containsAll(Set.of("2", "3", "4")), "gone without a commit");
        } else {
            assertTrue(there.contains("9"), "the delivery during the session is gone");
            ending.get()
                    .result()
                    .ifPresent(result -> {
                        if (result.status() == CommitResult.Status.OK) {
                            assertTrue(gone, () -> "OK, and there are " + there);
                        }
                        if (result.status() != CommitResult.Status.UNKNOWN) {
                            assertEquals(
                                    3, result.removed() + result.alreadyGone() + result.failed());
                        }
                    });
        }
        // The next session, of a server that was started again, is a good one.
        var store = store(shape, place);
        try (var drop = Mail.open(store, "alice")) {
            var now = new HashMap<>(Mail.list(drop));
            now.remove("9.delivered");
            var kept = new TreeMap<>(before);
            kept.keySet().retainAll(now.keySet());
            assertEquals(kept, new TreeMap<>(now), "unique-ids and sizes");
            assertEquals(
                    there.size() + (shape == Shape.DUPLICATES ? 1 : 0),
                    drop.listing().count(),
                    "messages listed");
            for (var number = 1; number <= drop.listing().count(); number++) {
                var text = Mail.read(drop, number).getBytes(StandardCharsets.ISO_8859_1);
                assertEquals(
                        MessageEncoder.measure(new ByteArrayInputStream(text)),
                        drop.listing().octets(number));
            }
            if (ending.isPresent()) {
                var request = ending.get().request();
                var again =
                        drop.commit(
                                new CommitRequest(
                                        UUID.randomUUID(),
                                        Mail.token(),
                                        request.remove(),
                                        List.of(),
                                        Duration.ofSeconds(60)));
                assertEquals(CommitResult.Status.OK, again.status(), again::toString);
            }
        }
        if (ending.isPresent()) {
            assertEquals(List.of("1", "5", "6", "9"), numbersOf(mail), "after the repeated commit");
        }
    }

    private static void pack(Path file) throws IOException {
        var plain = Files.readAllBytes(file);
        try (var out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(plain);
        }
    }

    /** What is there, by the first digit of the names, each message once. */
    private static List<String> numbersOf(Mail mail) throws IOException {
        var numbers = new ArrayList<String>();
        for (var part : List.of("new", "cur")) {
            try (var files = Files.list(mail.maildir("alice").resolve(part))) {
                files.forEach(file -> numbers.add(file.getFileName().toString().substring(0, 1)));
            }
        }
        return numbers.stream().distinct().sorted().toList();
    }

    private static MaildirStore store(Shape shape, Path home) {
        var settings = new LinkedHashMap<String, List<String>>();
        settings.put("root", List.of("mail"));
        if (shape.name().endsWith("DOVECOT")) {
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
