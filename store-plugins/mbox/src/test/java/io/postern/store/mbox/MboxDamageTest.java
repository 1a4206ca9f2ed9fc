package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitResult.Status;
import io.postern.testkit.fault.Damage;
import io.postern.testkit.fault.DiskFaults.Operation;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the store keeps beside the mail, after years on a disk. */
class MboxDamageTest {
    private static final String FROM = "From a@example.org Mon Nov 23 06:00:00 2026\n";

    @TempDir private Path folder;

    private Path mbox;

    @BeforeEach
    void mail() throws Exception {
        mbox = folder.resolve("alice");
        var same = FROM + "A: 1\n\nsame\n\n";
        Files.writeString(mbox, same + same + FROM + "A: 2\n\n2\n\n" + same);
        settle();
    }

    private Mailbox mailbox() {
        return new Mailbox(folder, Map.of());
    }

    private void settle() throws Exception {
        Files.setLastModifiedTime(mbox, FileTime.from(Instant.now().minusSeconds(60)));
    }

    private Path kept(String name) throws Exception {
        try (var all = Files.walk(folder.resolve("state"))) {
            return all.filter(file -> file.endsWith(name)).findFirst().orElseThrow();
        }
    }

    private List<String> contents() throws Exception {
        try (var drop = mailbox().open(Mailbox.nextToken())) {
            var all = new ArrayList<String>();
            var ids = new HashSet<String>();
            for (var number = 1; number <= drop.listing().count(); number++) {
                assertTrue(ids.add(drop.listing().uniqueId(number)), "two of one unique-id");
                try (var content = drop.content(number)) {
                    all.add(new String(content.readAllBytes(), StandardCharsets.ISO_8859_1));
                }
            }
            return all;
        }
    }

    /** The first copy is gone, so that the others have ordinals that have to be remembered. */
    @Test
    void theMailIsTheSameWhateverBecomesOfWhatIsRemembered() throws Exception {
        assertEquals(Status.OK, mailbox().remove(number -> number == 1).status());
        settle();
        var truth = contents();
        var ids = List.copyOf(mailbox().messages().keySet());
        assertEquals(List.of("A: 1\n\nsame\n", "A: 2\n\n2\n", "A: 1\n\nsame\n"), truth);
        for (var name : List.of("token", "listing", "copies")) {
            var file = kept(name);
            var good = Files.readAllBytes(file);
            for (var damage : Damage.of(good, 150)) {
                damage.doTo(file);
                if (damage.isFolder() && !name.equals("listing")) {
                    Files.deleteIfExists(kept("listing")); // it would spare a look at the copies
                    var fault = assertThrows(Fault.class, this::contents, name);
                    assertTrue(
                            fault.getMessage().endsWith("Move " + file + " away."),
                            fault.getMessage());
                    Damage.remove(file);
                }
                assertEquals(truth, contents(), () -> name + ": " + damage);
                Damage.remove(file);
                Files.write(file, good);
                Files.deleteIfExists(file.resolveSibling("listing")); // made with the damage
                assertEquals(ids, List.copyOf(mailbox().messages().keySet()), name);
            }
        }
    }

    @Test
    void copiesThatAreDamagedHaveUniqueIdsOfTheirOwn() throws Exception {
        assertEquals(Status.OK, mailbox().remove(number -> number == 1).status());
        var copies = kept("copies");
        var good = Files.readAllBytes(copies);
        for (var damage : Damage.of(good, good.length)) {
            if (!damage.isFolder()) {
                Files.deleteIfExists(copies.resolveSibling("listing"));
                damage.doTo(copies);
                assertEquals(3, contents().size(), damage::what);
            }
        }
    }

    /** A journal that was cut short is no sign that nothing was written yet. */
    @Test
    void aDamagedJournalIsKeptAndNamed() throws Exception {
        interruptARemoval();
        var journal = folder.resolve("alice.postern-journal");
        var good = Files.readAllBytes(journal);
        var torn = Files.readAllBytes(mbox);
        for (var damage : Damage.of(good, 60)) {
            Files.write(mbox, torn);
            damage.doTo(journal);
            var fault = assertThrows(Fault.class, this::contents, damage::what);
            if (damage.isFolder()) {
                assertTrue(
                        fault.getMessage().endsWith("Move " + journal + " away."),
                        fault.getMessage());
            } else {
                assertEquals(Fault.Kind.PERMANENT, fault.kind());
                assertTrue(fault.getMessage().contains(journal + "."), fault.getMessage());
                assertTrue(!Files.exists(journal) && !contents().isEmpty(), damage::what);
            }
            Damage.remove(journal);
            try (var aside = Files.newDirectoryStream(folder, "alice.postern-journal.*")) {
                for (var file : aside) {
                    Files.delete(file);
                }
            }
        }
        Files.write(mbox, torn);
        Files.write(journal, good);
        assertEquals(List.of("A: 1\n\nsame\n", "A: 2\n\n2\n", "A: 1\n\nsame\n"), contents());
    }

    private void interruptARemoval() throws Exception {
        var disk = new FaultyFileSystem(folder.getFileSystem());
        disk.faults((operation, path) ->
                operation == Operation.WRITE && path.endsWith("alice")
                        ? Outcome.HALF_WRITTEN
                        : Outcome.WORKS);
        try {
            var result = new Mailbox(disk.view(folder), Map.of()).remove(number -> number == 1);
            assertEquals(Status.UNKNOWN, result.status());
        } catch (Fault e) {
            assertEquals(Fault.Kind.TEMPORARY, e.kind());
        }
        assertTrue(Files.exists(folder.resolve("alice.postern-journal")));
    }

    /** Of a delivery that was interrupted: no mail that was there is lost. */
    @Test
    void aDamagedNoteOfADeliveryLosesNothing() throws Exception {
        var before = contents();
        var disk = new FaultyFileSystem(folder.getFileSystem());
        disk.faults((operation, path) ->
                !path.endsWith("alice")
                        ? Outcome.WORKS
                        : switch (operation) {
                            case WRITE -> Outcome.HALF_WRITTEN;
                            case TRUNCATE -> Outcome.FAILS;
                            default -> Outcome.WORKS;
                        });
        var content = new ByteArrayInputStream("B: 1\n\nnew\n".getBytes(StandardCharsets.UTF_8));
        assertThrows(
                Fault.class,
                () ->
                        new Mailbox(disk.view(folder), Map.of())
                                .store()
                                .deliver(Mailbox.ALICE, content, Optional.empty()));
        var note = folder.resolve("alice.postern-append");
        var good = Files.readAllBytes(note);
        var torn = Files.readAllBytes(mbox);
        for (var damage : Damage.of(good, good.length)) {
            Files.write(mbox, torn);
            damage.doTo(note);
            if (damage.isFolder()) {
                var fault = assertThrows(Fault.class, this::contents);
                assertTrue(
                        fault.getMessage().endsWith("Move " + note + " away."), fault.getMessage());
                Damage.remove(note);
            }
            var after = contents();
            for (var at = 0; at < before.size(); at++) {
                // The piece of the new one may be at the end of the last one.
                assertTrue(after.get(at).startsWith(before.get(at)), damage::what);
            }
            assertTrue(!Files.exists(note), damage::what);
        }
    }

    @Test
    void whatIsKeptIsTheServersAlone() throws Exception {
        assertEquals(4, contents().size());
        interruptARemoval();
        try (var all = Files.walk(folder)) {
            for (var path : all.toList()) {
                if (path.equals(folder) || path.equals(mbox)) {
                    continue;
                }
                assertEquals(
                        Files.isDirectory(path) ? "rwx------" : "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
                        path::toString);
            }
        }
    }
}
