package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.kept.KeptDeletions;
import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MessageRef;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;
import io.postern.testkit.fault.NthOperation;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** UPDATE in a realm that keeps what is removed. */
class KeptUpdateTest {
    private static final Map<String, String> BOTH = Map.of("u1", Scene.ONE, "u2", Scene.TWO);

    @TempDir private Path folder;
    private Scene scene = Scene.usual();

    @BeforeEach
    void keep() {
        keep(scene, folder);
    }

    private static void keep(Scene where, Path place) {
        where.kept =
                Optional.of(new KeptDeletions(place, Duration.ofDays(1), InstantSource.system()));
    }

    /** Marks both messages and says QUIT. */
    private String quit() throws InterruptedException {
        var client = scene.loggedIn();
        for (var number = 1; number <= scene.store.left("alice").size(); number++) {
            client.says("DELE " + number + "\r\n");
            assertTrue(client.line().startsWith("+OK"));
        }
        client.says("QUIT\r\n");
        var answer = client.rest();
        Scene.over(client);
        assertTrue(scene.locks.free());
        return answer;
    }

    private static Map<String, String> kept(Path place) throws IOException {
        var all = new TreeMap<String, String>();
        for (var message :
                new KeptDeletions(place, Duration.ofDays(1), InstantSource.system()).of("alice")) {
            try (var in = message.content()) {
                all.put(
                        message.head().uniqueId(),
                        new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
            }
        }
        return all;
    }

    private static long files(Path place) throws IOException {
        try (var files = Files.walk(place)) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    private void assertNothingRemoved(String answer) throws IOException {
        assertTrue(answer.startsWith("-ERR [SYS/TEMP]"), answer);
        assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
        assertEquals(List.of(), scene.store.commits, "the store was asked");
        assertEquals(0, files(folder), "files left");
    }

    @Test
    void whatIsRemovedIsKeptBeforeTheStoreIsAsked() throws Exception {
        scene.store.beforeCommit =
                _ -> {
                    try {
                        assertEquals(BOTH, kept(folder));
                    } catch (IOException e) {
                        throw Fault.permanent("unreadable", e);
                    }
                    return null;
                };

        assertTrue(quit().startsWith("+OK"));

        assertEquals(List.of(), scene.store.left("alice"));
        assertEquals(BOTH, kept(folder));
        assertEquals(Duration.ofSeconds(60), scene.store.commits.getFirst().timeLimit());
    }

    @Test
    void whatIsNotMarkedIsNotKept() throws Exception {
        var client = scene.loggedIn();
        client.says("RETR 1\r\nDELE 2\r\nRSET\r\nDELE 1\r\nQUIT\r\n");
        assertTrue(client.rest().endsWith("+OK bye\r\n"));
        Scene.over(client);
        assertEquals(Map.of("u1", Scene.ONE), kept(folder));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "WORKS")
    void onAFailingDiskNothingGoesThatIsNotKept(Outcome outcome) throws Exception {
        var disk = new FaultyFileSystem(folder.getFileSystem());
        var points = 0;
        for (var n = 1; ; n++) {
            scene = Scene.usual();
            var place = Files.createDirectory(folder.resolve(outcome + "-" + n));
            keep(scene, disk.view(place));
            var nth = new NthOperation(n, outcome);
            disk.faults(nth);
            var answer = quit();
            disk.mend();
            if (answer.startsWith("+OK")) {
                assertEquals(List.of(), scene.store.left("alice"));
                assertEquals(BOTH, kept(place), () -> "after " + outcome);
            } else {
                assertTrue(answer.startsWith("-ERR [SYS/TEMP]"), answer);
                assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
                assertEquals(List.of(), scene.store.commits, "the store was asked");
                assertTrue(nth.happened());
            }
            if (!nth.happened()) {
                break;
            }
            points++;
        }
        assertTrue(points >= 4, () -> "few points of " + outcome);
    }

    @Test
    void aMessageThatHasGoneNeedsNoCopy() throws Exception {
        scene.store.beforeContent =
                number -> {
                    if (number == 1) {
                        throw Fault.gone("somebody else was quicker");
                    }
                    return null;
                };

        assertTrue(quit().startsWith("+OK"));

        assertEquals(Map.of("u2", Scene.TWO), kept(folder));
        assertEquals(List.of(new MessageRef(2, "u2")), scene.store.commits.getFirst().remove());
    }

    @Test
    void aMessageThatCannotBeReadIsNotRemovedNorIsAnother() throws Exception {
        scene.store.beforeContent =
                number -> {
                    if (number == 2) {
                        throw Fault.temporary("an I/O error", null);
                    }
                    return null;
                };
        assertNothingRemoved(quit());
    }

    @Test
    void aStreamThatFailsIsNoCopy() throws Exception {
        scene.store.content =
                _ ->
                        new InputStream() {
                            @Override
                            public int read() {
                                throw new IllegalStateException("broken");
                            }

                            @Override
                            public int read(byte[] into, int at, int most) {
                                throw new IllegalStateException("broken");
                            }
                        };
        assertNothingRemoved(quit());
        assertEquals(1, scene.count(Violation.PLUGIN));
    }

    @Test
    void aStreamThatEndsEarlyIsNoCopy() throws Exception {
        scene.store.content =
                _ -> new ByteArrayInputStream("Subject".getBytes(StandardCharsets.US_ASCII));
        assertNothingRemoved(quit());
        assertEquals(List.of("1 9"), scene.store.sizes, "the store is told");
    }

    @Test
    void theCopiesHaveNoMoreTimeThanTheCommit() throws Exception {
        scene.store.beforeContent =
                _ -> {
                    scene.pass(Duration.ofSeconds(30));
                    return null;
                };
        assertNothingRemoved(quit());
    }

    @Test
    void whatTheCopiesTakeIsTakenFromTheCommitsTime() throws Exception {
        scene.store.beforeContent =
                _ -> {
                    scene.pass(Duration.ofSeconds(10));
                    return null;
                };
        assertTrue(quit().startsWith("+OK"));
        assertEquals(Duration.ofSeconds(40), scene.store.commits.getFirst().timeLimit());
    }

    @Test
    void aLockThatIsLostMeanwhileLeavesMailAndNoCopies() throws Exception {
        scene.store.beforeContent =
                number -> {
                    if (number == 2) {
                        scene.locks.revoke(new MaildropId("test:alice"));
                    }
                    return null;
                };
        assertNothingRemoved(quit());
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OK")
    void whateverAStoreSaysOnceItWasAskedTheCopiesStay(Status status) throws Exception {
        scene.store.result =
                it -> new CommitResult(status, status == Status.PARTIAL ? 1 : 0, 0, 1, "said so");

        assertTrue(quit().startsWith("-ERR [SYS/TEMP]"));

        assertEquals(BOTH, kept(folder), "it may have removed them all the same");
    }

    @Test
    void aStoreThatNeverRemovesAnythingFillsNoDisk() throws Exception {
        scene.store.beforeCommit =
                _ -> {
                    throw Fault.temporary("read-only", null);
                };
        for (var time = 0; time < 4; time++) {
            assertTrue(quit().startsWith("-ERR [SYS/TEMP]"));
        }
        assertEquals(BOTH, kept(folder));
        assertEquals(2, files(folder));
    }
}
