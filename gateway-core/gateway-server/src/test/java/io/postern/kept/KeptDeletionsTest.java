package io.postern.kept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.testkit.fault.Damage;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;

class KeptDeletionsTest {
    private static final Instant NOW = Instant.parse("2026-11-25T08:00:00.123Z");
    private static final Duration WEEK = Duration.ofDays(7);

    @TempDir private Path root;
    private Path folder;
    private Instant now = NOW;
    private KeptDeletions kept;

    @BeforeEach
    void make() throws IOException {
        folder = root.resolve("deep/main");
        kept = new KeptDeletions(folder, WEEK, () -> now);
        kept.prepare();
    }

    private Copies keep(String user, String id, String text) throws Exception {
        var copies = kept.begin(user, "s-1", () -> false);
        add(copies, 1, id, text);
        copies.secure();
        return copies;
    }

    private static void add(Copies copies, int number, String id, String text) throws Exception {
        var octets = text.getBytes(StandardCharsets.ISO_8859_1);
        var wire = text.replace("\n", "\r\n").length();
        assertEquals(wire, copies.add(number, id, wire, new ByteArrayInputStream(octets)));
    }

    private List<Path> files(String user) throws IOException {
        try (var files = Files.list(kept.userFolder(user))) {
            return files.sorted().toList();
        }
    }

    private static String text(KeptMessage message) throws IOException {
        try (var in = message.content()) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    /** A copy is left out where its head cannot be read; the others are there, all the same. */
    @Test
    void damageToOneCopyKeepsNoOtherFromBeingHad() throws Exception {
        keep("anna", "id-1", "A: 1\n\none\n");
        var file = files("anna").getFirst();
        now = NOW.plusSeconds(1);
        keep("anna", "id-2", "A: 2\n\ntwo\n");
        var good = Files.readAllBytes(file);
        for (var damage : Damage.of(good, good.length)) {
            damage.doTo(file);
            var there = kept.of("anna");
            assertTrue(there.size() == 1 || there.size() == 2, damage::what);
            assertEquals("A: 2\n\ntwo\n", text(there.getLast()), damage::what);
        }
    }

    @Test
    void whatIsKeptCanBeHadAgainWithAllThatIsKnownOfIt() throws Exception {
        var copies = kept.begin("anna", "k3-1", () -> false);
        add(copies, 3, "uid-3", "Subject: three\n\n\u00ff.\n");
        add(copies, 7, "uid-7", "");
        copies.secure();

        var all = kept.of("anna");

        assertEquals(
                List.of(
                        new Head("anna", "uid-3", 22, NOW, "k3-1"),
                        new Head("anna", "uid-7", 0, NOW, "k3-1")),
                all.stream().map(KeptMessage::head).toList());
        assertEquals("Subject: three\n\n\u00ff.\n", text(all.get(0)));
        assertEquals("", text(all.get(1)));
        assertEquals(List.of(), kept.of("bela"));
    }

    @Test
    void foldersAndFilesAreTheirOwnersAlone() throws Exception {
        keep("anna", "uid", "x\n");
        for (var place : List.of(folder.getParent(), folder, kept.userFolder("anna"))) {
            assertEquals("rwx------", permissions(place), place::toString);
        }
        assertEquals("rw-------", permissions(files("anna").getFirst()));
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void everyUserHasAFolderOfTheirOwnWhateverTheNameIs() throws Exception {
        var names =
                List.of(
                        "anna",
                        "Anna",
                        "ANNA",
                        "anna@example.org",
                        ".",
                        "..",
                        "...",
                        "../../etc/passwd",
                        "/etc/passwd",
                        "a/b",
                        "a\\b",
                        "~",
                        "~anna",
                        ".hidden",
                        "-rf",
                        "con",
                        "a b",
                        "\u2400",
                        "%00",
                        "\u00e4\u00f6\u00fc",
                        "\u0430nna",
                        "\uD83D\uDE00",
                        "x".repeat(User.MAX_NAME),
                        "x".repeat(User.MAX_NAME - 1) + "/",
                        "\uD83D\uDE00".repeat(127));
        var folders = new HashSet<Path>();
        for (var name : names) {
            keep(new User(name).name(), "uid", "mail of " + name.length() + "\n");
            var place = kept.userFolder(name);
            assertEquals(folder, place.toRealPath().getParent(), name);
            assertTrue(folders.add(place), () -> name + " shares " + place);
            var message = kept.of(name).getFirst();
            assertEquals(name, message.head().user());
            assertEquals("mail of " + name.length() + "\n", text(message));
        }
        // These no UTF-8 has, and yet they are two.
        assertFalse(kept.userFolder("\uD800").equals(kept.userFolder("\uD801")));
    }

    @Test
    void copiesGoWhenTheirDaysAreOver() throws Exception {
        keep("anna", "old", "old\n");
        now = NOW.plus(WEEK.dividedBy(2));
        keep("anna", "young", "young\n");
        keep("bela", "young", "young\n");

        now = NOW.plus(WEEK);
        kept.tidy();
        assertEquals(2, kept.of("anna").size(), "not one moment too early");

        now = NOW.plus(WEEK).plusMillis(1);
        kept.tidy();
        assertEquals(
                List.of("young"),
                kept.of("anna").stream().map(it -> it.head().uniqueId()).toList());
        assertEquals(1, kept.of("bela").size());
    }

    @Test
    void whatACrashLeftHalfWrittenGoesAfterADayAndWhatIsNotOursStays() throws Exception {
        keep("anna", "uid", "x\n");
        var place = kept.userFolder("anna");
        var left = Files.writeString(place.resolve("0123456789abcdef-1.tmp"), "half");
        var foreign = Files.writeString(place.resolve("readme"), "not ours");
        Files.setLastModifiedTime(foreign, FileTime.from(Instant.EPOCH));
        Files.setLastModifiedTime(left, FileTime.from(now.minus(Duration.ofHours(23))));
        kept.tidy();
        assertTrue(Files.exists(left), "somebody may write it");

        now = now.plus(Duration.ofHours(2));
        kept.tidy();
        assertFalse(Files.exists(left));
        assertTrue(Files.exists(foreign));
        assertEquals(1, kept.of("anna").size());
    }

    @Test
    void noLinkIsFollowed() throws Exception {
        keep("anna", "uid", "x\n");
        var name = files("anna").getFirst().getFileName();
        var outside = Files.createDirectory(root.resolve("outside"));
        var precious = Files.writeString(outside.resolve(name), "precious");
        Files.createSymbolicLink(kept.userFolder("bela"), outside);
        var link =
                Files.createSymbolicLink(
                        kept.userFolder("anna")
                                .resolve(name.toString().replaceFirst("^[0-9]+", "1")),
                        precious);
        now = NOW.plus(WEEK).plus(WEEK);

        kept.tidy();

        assertEquals("precious", Files.readString(precious));
        assertTrue(Files.isSymbolicLink(link));
        assertEquals(List.of(), kept.of("anna"), "the copy went, and the link is none");
        assertThrows(IOException.class, () -> kept.of("bela"));
        var copies = kept.begin("bela", "s-1", () -> false);
        var fault =
                assertThrows(
                        Fault.class,
                        () -> copies.add(1, "uid", 0, new ByteArrayInputStream(new byte[0])));
        assertTrue(fault.getMessage().contains("/bela"), fault.getMessage());
        copies.drop();
        try (var files = Files.list(outside)) {
            assertEquals(List.of(precious), files.toList());
        }
    }

    @Test
    void ofEqualCopiesThereIsOneAndNeverMoreThanTwoAreLeft() throws Exception {
        for (var time = 0; time < 5; time++) {
            now = now.plusSeconds(1);
            keep("anna", "uid", "the same\n").settle(false);
            keep("anna", "uid", "another\n").settle(false);
            assertEquals(2, files("anna").size(), "the newest of each");
        }
        now = now.plusSeconds(1);
        keep("anna", "uid", "the same\n").settle(true);
        assertEquals(3, files("anna").size());

        var all = kept.of("anna");
        assertEquals(2, all.size());
        assertEquals("another\n", text(all.get(0)));
        assertEquals(now, all.get(1).head().removed());
        all.get(1).remove();
        assertEquals(1, files("anna").size());
    }

    @Test
    void aDamagedFileIsLeftOut() throws Exception {
        keep("anna", "uid", "x\n");
        var good = files("anna").getFirst();
        for (var text : List.of("", "Postern-Kept: 1\n", "x".repeat(5000), "Postern-Kept: 1\n\n")) {
            Files.writeString(
                    good.resolveSibling(good.getFileName().toString().replaceFirst("^[0-9]+", "1")),
                    text);
            assertEquals(1, kept.of("anna").size(), text);
        }
    }

    @Test
    void aFolderThatCannotBeMadeIsTold() throws IOException {
        var file = Files.createFile(root.resolve("file"));
        var nowhere = new KeptDeletions(file.resolve("main"), WEEK, () -> now);
        assertThrows(IOException.class, nowhere::prepare);
    }
}
