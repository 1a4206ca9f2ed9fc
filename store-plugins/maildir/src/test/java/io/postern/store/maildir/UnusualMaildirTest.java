package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Maildrop;
import io.postern.testkit.fault.DiskFaults.Operation;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Maildirs as the field has them: with folders missing, with links, with files nobody can read. */
class UnusualMaildirTest {
    @TempDir Path home;
    private Mail mail;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"new", "cur", "new cur", "tmp", "new tmp", "cur tmp"})
    void aMissingFolderIsMadeUnlessItIsRefused(String missing) throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "cur/2.b:2,S", "text\n");
        for (var part : missing.split(" ", -1)) {
            try (var files = Files.list(mail.maildir("alice").resolve(part))) {
                files.forEach(UnusualMaildirTest::delete);
            }
            Files.delete(mail.maildir("alice").resolve(part));
        }
        var expected = new ArrayList<>(List.of("1.a", "2.b"));
        expected.removeIf(id ->
                (missing.contains("new") && id.equals("1.a"))
                        || (missing.contains("cur") && id.equals("2.b")));
        if (!missing.equals("tmp")) {
            var refusing = mail.store("missing", "refuse");
            var fault = assertThrows(Fault.class, () -> Mail.open(refusing, "alice"));
            assertEquals(Fault.Kind.PERMANENT, fault.kind());
            assertTrue(fault.getMessage().contains("alice"), fault.getMessage());
        }
        for (var times = 0; times < 2; times++) {
            try (var drop = Mail.open(mail.store(), "alice")) {
                assertEquals(expected, Mail.ids(drop));
            }
        }
        assertTrue(Files.isDirectory(mail.maildir("alice").resolve("new")));
        assertTrue(Files.isDirectory(mail.maildir("alice").resolve("cur")));
        mail.put("alice", "new/3.c", "later\n");
        try (var drop = Mail.open(mail.store("mark-seen", "true"), "alice")) {
            assertTrue(Mail.ids(drop).contains("3.c"));
        }
    }

    @Test
    void aFolderIsMadeWithTheRightsOfTheMaildir() throws Exception {
        Files.delete(mail.maildir("alice").resolve("cur"));
        var rights = PosixFilePermissions.fromString("rwxrwx---");
        Files.setPosixFilePermissions(mail.maildir("alice"), rights);
        Mail.open(mail.store(), "alice").close();
        var cur = mail.maildir("alice").resolve("cur");
        assertEquals(rights, Files.getPosixFilePermissions(cur));
        assertEquals(Files.getOwner(mail.maildir("alice")), Files.getOwner(cur));
    }

    @Test
    void whatIsNoMaildirIsNotMadeOne() throws Exception {
        Files.createDirectories(mail.maildir("empty"));
        try (var drop = Mail.open(mail.store(), "empty")) {
            assertEquals(0, drop.listing().count());
        }
        assertFalse(Files.exists(mail.maildir("empty").resolve("new")));
        Files.createDirectories(mail.maildir("domain").resolve("somebody"));
        var fault = assertThrows(Fault.class, () -> Mail.open(mail.store(), "domain"));
        assertEquals(Fault.Kind.PERMANENT, fault.kind());
        assertFalse(Files.exists(mail.maildir("domain").resolve("new")));
        Files.delete(mail.maildir("alice").resolve("cur"));
        Files.writeString(mail.maildir("alice").resolve("cur"), "");
        assertThrows(Fault.class, () -> Mail.open(mail.store(), "alice"));
    }

    @ParameterizedTest
    @CsvSource({"new,inside", "cur,inside", "new,outside", "cur,outside"})
    void aFolderMayBeALinkAsFarAsLinksOutsideSays(String part, String where) throws Exception {
        var target =
                where.equals("inside") ? home.resolve("mail/.parts/x") : home.resolve("elsewhere");
        Files.createDirectories(target.getParent());
        Files.move(mail.maildir("alice").resolve(part), target);
        Files.createSymbolicLink(mail.maildir("alice").resolve(part), target);
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "cur/2.b:2,S", "text\n");
        mail.settle("alice");
        for (var allowed : List.of(false, true)) {
            var store = mail.store("links-outside", "" + allowed);
            if (!allowed && where.equals("outside")) {
                var fault = assertThrows(Fault.class, () -> Mail.open(store, "alice"));
                assertEquals(Fault.Kind.PERMANENT, fault.kind());
                assertTrue(fault.getMessage().contains("links-outside"), fault.getMessage());
                assertThrows(
                        Fault.class,
                        () ->
                                store.deliver(
                                        new User("alice"),
                                        new ByteArrayInputStream(new byte[1]),
                                        Optional.empty()));
                continue;
            }
            assertEquals(List.of("1.a", "2.b"), Mail.ids(store, "alice"));
            // The folder changes, not the link: that is seen, too.
            mail.put("alice", part.equals("new") ? "new/3.c" : "cur/3.c:2,", "text\n");
            try (var drop = Mail.open(store, "alice")) {
                assertEquals(List.of("1.a", "2.b", "3.c"), Mail.ids(drop));
                assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, 3)));
            }
        }
        assertTrue(Files.isSymbolicLink(mail.maildir("alice").resolve(part)));
    }

    @Test
    void aMessageMayBeALinkAsFarAsLinksOutsideSays() throws Exception {
        var inside = Files.createDirectories(home.resolve("mail/.store")).resolve("one");
        Files.writeString(inside, "A: b\r\n\r\ninside\r\n");
        var outside = Files.writeString(home.resolve("two"), "A: b\r\n\r\noutside\r\n");
        var cur = mail.maildir("alice").resolve("cur");
        Files.createSymbolicLink(cur.resolve("1.in:2,S"), Path.of("../../.store/one"));
        Files.createSymbolicLink(cur.resolve("2.out:2,S"), outside);
        Files.createSymbolicLink(cur.resolve("3.nowhere:2,S"), Path.of("/nowhere"));
        Files.createSymbolicLink(cur.resolve("4.loop:2,S"), Path.of("4.loop:2,S"));
        Files.createSymbolicLink(cur.resolve("5.folder:2,S"), Path.of(".."));
        mail.settle("alice");
        for (var times = 0; times < 2; times++) {
            try (var drop = Mail.open(mail.store(), "alice")) {
                assertEquals(Map.of("1.in", 16L), Mail.list(drop));
                assertEquals("A: b\r\n\r\ninside\r\n", Mail.read(drop, 1));
            }
        }
        try (var drop = Mail.open(mail.store("links-outside", "true"), "alice")) {
            assertEquals(List.of("1.in", "2.out"), Mail.ids(drop));
            assertEquals("A: b\r\n\r\noutside\r\n", Mail.read(drop, 2));
            assertEquals(CommitResult.ok(2, 0), drop.commit(Mail.removal(drop, 1, 2)));
        }
        assertTrue(Files.exists(inside) && Files.exists(outside), "only the links go");
        assertTrue(Files.isSymbolicLink(cur.resolve("3.nowhere:2,S")));
    }

    /** A link to another one's mail, made by somebody with a shell. */
    @Test
    void aLinkToWhatBelongsToAnotherUserIsNotFollowed() throws Exception {
        mail.make("bob");
        var secret = mail.put("bob", "cur/1.secret:2,S", "not for alice\n");
        var link = mail.maildir("alice").resolve("cur/1.secret:2,S");
        Files.createSymbolicLink(link, secret);
        if (!System.getProperty("user.name").equals("root")) {
            return; // only root can give a file away
        }
        Files.setAttribute(secret, "unix:uid", 12345, LinkOption.NOFOLLOW_LINKS);
        assertEquals(List.of("1.secret"), Mail.ids(mail.store(), "alice"), "root made the link");
        Files.setAttribute(link, "unix:uid", 54321, LinkOption.NOFOLLOW_LINKS);
        assertEquals(List.of(), Mail.ids(new Mail(home).store("state-folder", "s2"), "alice"));
    }

    @Test
    void whatIsNoFileIsNoMessage() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        Files.createSymbolicLink(
                mail.maildir("alice").resolve("cur/2.link:2,S"), Path.of("/etc/passwd"));
        Files.createDirectory(mail.maildir("alice").resolve("cur/4.folder:2,S"));
        assertEquals(
                0,
                new ProcessBuilder("mkfifo", mail.maildir("alice") + "/new/3.fifo")
                        .start()
                        .waitFor());
        for (var times = 0; times < 2; times++) {
            assertEquals(List.of("1.a"), Mail.ids(mail.store(), "alice"));
        }
    }

    /** Root reads everything, so the disk says no. */
    @ParameterizedTest
    @ValueSource(strings = {"new/1.a", "cur/2.b:2,S", "new/3.c"})
    void aMessageThatMayNotBeReadIsLeftOutOrRefused(String name) throws Exception {
        var files = new LinkedHashMap<String, String>();
        files.put("new/1.a", "1.a");
        files.put("cur/2.b:2,S", "2.b");
        files.put("new/3.c", "3.c");
        for (var file : files.keySet()) {
            mail.put("alice", file, "text of " + file + "\n");
        }
        mail.settle("alice");
        var denied = mail.maildir("alice").resolve(name);
        var disk = new FaultyFileSystem(home.getFileSystem());
        var view = new Mail(disk.view(home));
        disk.faults((operation, path) -> {
            if (operation == Operation.OPEN && path.equals(denied)) {
                UnusualMaildirTest.<RuntimeException>deny(path);
            }
            return Outcome.WORKS;
        });
        var rest = new ArrayList<>(files.values());
        rest.remove(files.get(name));
        for (var times = 0; times < 2; times++) {
            try (var drop = view(view)) {
                assertEquals(rest, Mail.ids(drop));
                for (var number = 1; number <= rest.size(); number++) {
                    assertTrue(Mail.read(drop, number).contains(rest.get(number - 1)));
                }
            }
        }
        var refusing = view.store("unreadable", "refuse");
        var fault = assertThrows(Fault.class, () -> Mail.open(refusing, "alice"));
        assertEquals(Fault.Kind.PERMANENT, fault.kind());
        assertTrue(fault.getMessage().contains(denied.toString()), fault.getMessage());
        try (var drop = view(view)) {
            var all = Mail.removal(drop, 1, 2);
            assertEquals(CommitResult.ok(2, 0), drop.commit(all));
        }
        assertTrue(Files.exists(denied), "nobody saw it, so nobody removed it");
        // A right that is given changes no folder, and is seen all the same.
        disk.mend();
        mail.settle("alice");
        assertEquals(List.of(files.get(name)), Mail.ids(view.store(), "alice"));
    }

    private static Maildrop view(Mail view) throws Exception {
        return Mail.open(view.store(), "alice");
    }

    /** Throws what only a disk throws, out of where nothing checked is expected. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Exception> void deny(Path path) throws E {
        throw (E) new AccessDeniedException(path.toString());
    }

    /**
     * Counted before, it stays in the listing; who wants it hears so, and the next login counts.
     */
    @Test
    void aMessageThatCannotBeReadAnyMoreIsLeftOutOfTheNextLogin() throws Exception {
        var file = mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "new/2.b", "text\n");
        Mail.open(mail.store(), "alice").close();
        Files.write(file, new byte[] {0x1f, (byte) 0x8b, 8, 0});
        mail.settle("alice");
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(List.of("1.a", "2.b"), Mail.ids(drop));
            var fault = assertThrows(Fault.class, () -> drop.content(1));
            assertEquals(Fault.Kind.PERMANENT, fault.kind());
            assertEquals("text\n", Mail.read(drop, 2));
        }
        assertEquals(List.of("2.b"), Mail.ids(mail.store(), "alice"));
    }

    /** While it is away, new mail has the list of unique-ids written again. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMessageThatIsLeftOutForAWhileKeepsItsUniqueId(boolean twins) throws Exception {
        var settings = twins ? new String[0] : new String[] {"unique-ids", "dovecot"};
        var file = mail.put("alice", "cur/1.a:2,S", "text\n");
        mail.put("alice", "cur/2.b:2,S", "text\n");
        if (twins) {
            mail.put("alice", "cur/1.a:2,", "older\n");
            Files.setLastModifiedTime(
                    mail.maildir("alice").resolve("cur/1.a:2,"), FileTime.fromMillis(1));
        } else {
            mail.put("alice", "dovecot-uidlist", "3 V16 N9\n6 :1.a\n7 :2.b\n");
        }
        var before = new ArrayList<>(Mail.ids(mail.store(settings), "alice"));
        Files.deleteIfExists(mail.maildir("alice").resolve("dovecot-uidlist"));
        if (twins) {
            Files.delete(mail.maildir("alice").resolve("cur/1.a:2,"));
            before.removeFirst();
        }
        Files.write(file, new byte[] {0x1f, (byte) 0x8b, 8, 0});
        try (var files = Files.walk(home.resolve("state"))) {
            for (var index : files.filter(each -> each.endsWith("index")).toList()) {
                Files.delete(index);
            }
        }
        for (var later : List.of("3.c", "4.d")) {
            mail.put("alice", "new/" + later, "text\n");
            if (twins) {
                mail.put("alice", "cur/" + later, "other\n");
            }
            assertFalse(Mail.ids(mail.store(settings), "alice").contains(before.getFirst()));
        }
        mail.put("alice", "cur/1.a:2,S", "text\n");
        assertEquals(before, Mail.ids(mail.store(settings), "alice").subList(0, 2));
    }

    @Test
    void aRootThatCannotBeUsedIsTold() throws Exception {
        var store = new Mail(home.resolve("elsewhere")).store();
        assertTrue(store.trouble().orElseThrow().contains("elsewhere"));
        Files.createDirectories(home.resolve("file"));
        Files.writeString(home.resolve("file/mail"), "");
        assertTrue(new Mail(home.resolve("file")).store().trouble().orElseThrow().contains("file"));
        assertTrue(mail.store().trouble().isEmpty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{domain}/{user}/%u",
                "%d/%n",
                "{usr}",
                "$user",
                "${user}",
                "~/{user}",
                "{user}/{attribut:home}",
                "{user}/%h"
            })
    void aLayoutWithAnUnknownVariableIsFoundBeforeTheStart(String layout) {
        var store = new MaildirStore();
        var settings = Map.of("root", List.of(home.toString()), "layout", List.of(layout));
        var config = new PluginConfig(store.settings(), settings, home, home);
        var problem = assertThrows(SettingException.class, () -> store.check(config, null));
        assertEquals("layout", problem.setting());
        assertTrue(problem.getMessage().contains(layout), problem.getMessage());
        assertThrows(SettingException.class, () -> store.start(config));
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
