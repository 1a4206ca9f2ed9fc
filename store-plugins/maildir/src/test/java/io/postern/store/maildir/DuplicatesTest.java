package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitResult;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;

/** Several files of one unique name: one message, or as many as there are contents. */
class DuplicatesTest {
    @TempDir Path home;
    private Mail mail;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
    }

    /** What a client sees: the content by unique-id. */
    private Map<String, String> served(String... settings) throws Exception {
        var all = new TreeMap<String, String>();
        try (var drop = Mail.open(mail.store(settings), "alice")) {
            for (var number = 1; number <= drop.listing().count(); number++) {
                var text = Mail.read(drop, number);
                assertEquals(text.length() + lines(text), drop.listing().octets(number), text);
                var before = all.put(drop.listing().uniqueId(number), text);
                assertEquals(null, before, "a unique-id twice");
            }
        }
        return all;
    }

    private static long lines(String text) {
        return text.chars().filter(c -> c == '\n').count();
    }

    private void remove(String text, String... settings) throws Exception {
        try (var drop = Mail.open(mail.store(settings), "alice")) {
            for (var number = 1; number <= drop.listing().count(); number++) {
                if (Mail.read(drop, number).equals(text)) {
                    assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, number)));
                    return;
                }
            }
        }
        throw new AssertionError("no " + text);
    }

    private static String id(Map<String, String> served, String text) {
        return served.entrySet().stream()
                .filter(entry -> entry.getValue().equals(text))
                .findAny()
                .orElseThrow()
                .getKey();
    }

    private static Map<String, String> without(Map<String, String> served, String text) {
        var rest = new TreeMap<>(served);
        rest.remove(id(served, text));
        return rest;
    }

    @ParameterizedTest
    @CsvSource({
        "new/1.a, cur/1.a:2,S",
        "'cur/1.a:2,S', 'cur/1.a:2,RS'",
        "cur/1.a, 'cur/1.a:2,'",
        "'cur/1.a;2,S', new/1.a",
        "'cur/1.a:2,', 'cur/1.a:1,x'"
    })
    @Tag("protocol-104")
    void twoContentsAreTwoMessagesWhoseIdsStay(String one, String other) throws Exception {
        mail.put("alice", one, "one\n");
        mail.put("alice", other, "another\n");
        mail.put("alice", "new/1.aa", "third\n");
        mail.settle("alice");
        var before = served();
        assertEquals(3, before.size());
        assertTrue(before.containsKey("1.a"), "one of them has the unique-id of its name");
        for (var times = 0; times < 2; times++) {
            assertEquals(before, served());
        }
        reflag();
        assertEquals(before, served());
        for (var gone : List.of("one\n", "another\n")) {
            var place = new Mail(home.resolve("copy-" + gone.strip()));
            copy(place);
            var kept = mail;
            mail = place;
            remove(gone);
            assertEquals(without(before, gone), served(), "after the removal of " + gone);
            reflag();
            assertEquals(without(before, gone), served(), "and a change of flags");
            remove(gone.equals("one\n") ? "another\n" : "one\n");
            assertEquals(Map.of("1.aa", "third\n"), served());
            mail = kept;
        }
    }

    /** Gives all files other flags, in an order that may turn that of the names. */
    private void reflag() throws Exception {
        var cur = mail.maildir("alice").resolve("cur");
        var n = 0;
        try (var files = Files.list(cur)) {
            for (var file : files.sorted().toList()) {
                var unique = new InfoDelimiters(":;!").unique(file.getFileName().toString());
                Files.move(file, cur.resolve(unique + ":2," + "ZYXWV".charAt(n++)));
            }
        }
        n = 0;
        try (var files = Files.list(cur)) {
            for (var file : files.sorted().toList()) {
                var unique = new InfoDelimiters(":;!").unique(file.getFileName().toString());
                Files.move(file, cur.resolve(unique + ":2," + "FPRST".charAt(n++)));
            }
        }
        mail.settle("alice");
    }

    private void copy(Mail place) throws Exception {
        try (var all = Files.walk(home.resolve("mail"))) {
            for (var file : all.toList()) {
                var to = place.home.resolve("mail").resolve(home.resolve("mail").relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else {
                    Files.copy(file, to);
                }
            }
        }
    }

    /** The client knows the first one already. */
    @Test
    void oneThatComesLaterTakesNoIdOver() throws Exception {
        var first = mail.put("alice", "cur/1.a:2,S", "first\n");
        mail.settle("alice");
        assertEquals(Map.of("1.a", "first\n"), served());
        var later = mail.put("alice", "new/1.a", "later\n");
        Files.setLastModifiedTime(later, FileTime.fromMillis(1));
        var both = served();
        assertEquals("first\n", both.get("1.a"));
        assertEquals(2, both.size());
        Files.delete(first);
        mail.settle("alice");
        assertEquals(without(both, "first\n"), served(), "somebody else removed the first");
        mail.put("alice", "cur/1.a:2,F", "third\n");
        var again = served();
        assertEquals(2, again.size());
        assertEquals(id(both, "later\n"), id(again, "later\n"));
        assertNotEquals("1.a", id(again, "third\n"), "the first one's id is not given again");
        Files.delete(later);
        var state = home.resolve("state");
        try (var all = Files.walk(state)) {
            for (var file : all.filter(file -> file.endsWith("index")).toList()) {
                Files.delete(file);
            }
        }
        assertEquals(id(again, "third\n"), id(served(), "third\n"));
    }

    @Test
    void removingBothInOneSessionRemovesBoth() throws Exception {
        mail.put("alice", "new/1.a", "one\n");
        mail.put("alice", "cur/1.a:2,S", "two two\n");
        mail.put("alice", "cur/1.a:2,F", "one\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(2, drop.listing().count());
            assertEquals(CommitResult.ok(2, 0), drop.commit(Mail.removal(drop, 1, 2)));
        }
        assertEquals(Map.of(), served());
        try (var files = Files.walk(mail.maildir("alice"))) {
            assertEquals(1, files.filter(Files::isRegularFile).count(), "the list of ids only");
        }
    }

    /** In the session nobody has seen it, so it stays. */
    @Test
    void oneThatComesDuringTheSessionIsNotRemovedWithTheOther() throws Exception {
        for (var renamed : List.of(false, true)) {
            for (var later : List.of("later, and longer\n", "LATER\n")) {
                mail = new Mail(home.resolve(renamed + "-" + later.length())).make("alice");
                var first = mail.put("alice", "cur/1.a:2,S", "first\n");
                Files.setLastModifiedTime(first, FileTime.fromMillis(1));
                try (var drop = Mail.open(mail.store(), "alice")) {
                    if (renamed) {
                        Files.move(first, first.resolveSibling("1.a:2,FS"));
                    }
                    mail.put("alice", "new/1.a", later);
                    assertEquals("first\n", Mail.read(drop, 1));
                    assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, 1)));
                }
                assertEquals(List.of(later), List.copyOf(served().values()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"copy", "link", "archive"})
    void oneContentIsOneMessageAndRemovedWhole(String kind) throws Exception {
        var text = "Subject: x\n\nsame\n";
        var file = mail.put("alice", "new/1.a", text);
        var other = mail.maildir("alice").resolve("cur/1.a:2,S");
        switch (kind) {
            case "copy" -> Files.copy(file, other);
            case "link" -> Files.createLink(other, file);
            default -> {
                var packed = new ByteArrayOutputStream();
                try (var out = new GZIPOutputStream(packed)) {
                    out.write(text.getBytes(StandardCharsets.US_ASCII));
                }
                Files.write(other, packed.toByteArray());
            }
        }
        mail.put("alice", "cur/1.aa:2,", "other\n");
        assertEquals(Map.of("1.a", text, "1.aa", "other\n"), served());
        remove(text);
        assertEquals(Map.of("1.aa", "other\n"), served());
        assertTrue(Files.notExists(file) && Files.notExists(other));
    }

    /** A folder, a link to nowhere, an archive that is damaged: none takes a message's place. */
    @ParameterizedTest
    @ValueSource(strings = {"folder", "link", "archive"})
    void whatIsNoMessageHidesNoneOfItsName(String kind) throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        var other = mail.maildir("alice").resolve("cur/1.a:2,S");
        switch (kind) {
            case "folder" -> Files.createDirectory(other);
            case "link" -> Files.createSymbolicLink(other, Path.of("/nowhere"));
            default -> Files.write(other, new byte[] {0x1f, (byte) 0x8b, 8, 0});
        }
        mail.settle("alice");
        for (var times = 0; times < 2; times++) {
            assertEquals(Map.of("1.a", "text\n"), served());
        }
        remove("text\n");
        assertEquals(Map.of(), served());
        assertTrue(Files.exists(other, LinkOption.NOFOLLOW_LINKS), "nobody saw it");
    }

    @Test
    void manyNamesWithManyContentsKeepTheirIds() throws Exception {
        for (var seed = 0; seed < 15; seed++) {
            mail = new Mail(home.resolve("seed" + seed)).make("alice");
            var random = new Random(seed);
            var there = new HashMap<String, String>();
            for (var i = 0; i < 12; i++) {
                var name =
                        random.nextInt(5)
                                + ".x"
                                + List.of("", ":2,", ":2,S").get(random.nextInt(3));
                var folder = name.contains(":") || random.nextBoolean() ? "cur/" : "new/";
                there.put(folder + name, "content " + random.nextInt(6) + "\n");
            }
            var expected = new HashSet<String>();
            for (var entry : there.entrySet()) {
                mail.put("alice", entry.getKey(), entry.getValue());
                expected.add(
                        InfoDelimiters.STANDARD.unique(entry.getKey().substring(4))
                                + entry.getValue());
            }
            mail.settle("alice");
            var settings =
                    random.nextBoolean()
                            ? new String[0]
                            : new String[] {"unique-ids", "dovecot", "dovecot-format", "%f"};
            var before = served(settings);
            assertEquals(expected.size(), before.size(), "seed " + seed);
            while (!before.isEmpty()) {
                var gone = List.copyOf(before.keySet()).get(random.nextInt(before.size()));
                try (var drop = Mail.open(mail.store(settings), "alice")) {
                    var number = Mail.ids(drop).indexOf(gone) + 1;
                    assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, number)));
                }
                before.remove(gone);
                assertEquals(before, served(settings), "seed " + seed + " without " + gone);
            }
        }
    }

    @Test
    @Tag("protocol-104")
    void theOneThatDovecotKnewKeepsDovecotsId() throws Exception {
        var first = mail.put("alice", "cur/1.a:2,S", "first\n");
        Files.setLastModifiedTime(first, FileTime.fromMillis(1));
        mail.put("alice", "new/1.a", "later\n");
        mail.put("alice", "dovecot-uidlist", "3 V16 N9\n6 :1.a\n");
        var before = served("unique-ids", "dovecot");
        assertEquals("first\n", before.get("0000000600000010"));
        assertEquals(2, before.size());
        Files.delete(mail.maildir("alice").resolve("dovecot-uidlist"));
        assertEquals(before, served("unique-ids", "dovecot"));
        remove("first\n", "unique-ids", "dovecot");
        assertEquals(without(before, "first\n"), served("unique-ids", "dovecot"));
    }

    @Test
    void aDamagedListOfIdsIsAFaultThatNamesIt() throws Exception {
        mail.put("alice", "cur/1.a:2,S", "first\n");
        mail.put("alice", "new/1.a", "later\n");
        served();
        var file = mail.maildir("alice").resolve(KnownIds.DUPLICATES);
        var good = Files.readString(file);
        Files.writeString(file, good.substring(0, good.length() - 4));
        var fault = assertThrows(Fault.class, () -> served());
        assertTrue(fault.getMessage().contains(file.toString()), fault.getMessage());
    }
}
