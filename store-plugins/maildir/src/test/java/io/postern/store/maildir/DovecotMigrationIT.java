package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Maildrop;
import io.postern.spi.wire.MessageEncoder;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Beside and after a real Dovecot. Needs the Debian packages dovecot-pop3d and dovecot-imapd, which
 * distribution/install-clients installs, and fails without them.
 */
@Timeout(300)
class DovecotMigrationIT {
    @TempDir Path home;

    @ParameterizedTest
    @EnumSource
    @Tag("protocol-104")
    void noClientDownloadsAMessageTwiceAfterTheMigration(DovecotIds.Format format)
            throws Exception {
        var mail = new Mail(home).make("alice");
        mail.put("alice", "new/1600000001.M1P1.other", message("from another deliverer"));
        mail.put("alice", "cur/1600000002.M2P1.other:2,RS", message("answered"));
        Map<String, String> before;
        try (var dovecot = new Dovecot(home, format.spelling())) {
            for (var i = 1; i <= 5; i++) {
                dovecot.deliver("alice", message("delivered " + i));
            }
            dovecot.admin("flags", "add", "-u", "alice", "\\Flagged", "mailbox", "INBOX", "1:3");
            dovecot.pop3("alice");
            dovecot.admin("flags", "add", "-u", "alice", "\\Seen", "mailbox", "INBOX", "4:6");
            dovecot.admin("expunge", "-u", "alice", "mailbox", "INBOX", "uid", "5");
            before = dovecot.pop3("alice");
        }
        assertEquals(6, before.size());
        assertEquals(new TreeMap<>(before), served(mail, format));
        // Whatever becomes of Dovecot's list after that.
        Files.delete(mail.maildir("alice").resolve("dovecot-uidlist"));
        mail.put("alice", "new/1900000000.M1P1.other", message("later"));
        var after = served(mail, format);
        assertEquals(message("later"), after.remove("1900000000.M1P1.other"));
        assertEquals(new TreeMap<>(before), after);
    }

    @ParameterizedTest
    @EnumSource
    void overridesAndGuidsOfTheListHold(DovecotIds.Format format) throws Exception {
        var mail = new Mail(home).make("alice");
        for (var i = 1; i <= 5; i++) {
            mail.put("alice", "cur/160000000" + i + ".M1P1.other:2,S", message("number " + i));
        }
        mail.put(
                "alice",
                "dovecot-uidlist",
                """
                3 V1500000000 N4000000000 G0123456789abcdef0123456789abcdef
                7 :1600000001.M1P1.other
                10 G00112233445566778899aabbccddeeff :1600000002.M1P1.other:2,
                3000000000 POld.Id-7 W99 :1600000003.M1P1.other:2,FRS
                3000000001 P O12 :1600000004.M1P1.other
                3000000002 GabcdefP O3 PUID77-88 :1600000005.M1P1.other
                """);
        Map<String, String> before;
        try (var dovecot = new Dovecot(home, format.spelling())) {
            before = dovecot.pop3("alice");
        }
        assertEquals(5, before.size());
        assertEquals(new TreeMap<>(before), served(mail, format));
    }

    /** As its plugin zlib writes them, small ones and those of several blocks. */
    @ParameterizedTest
    @ValueSource(strings = {"gz", "bz2", "zstd", "lz4"})
    @Tag("protocol-91")
    void whatDovecotCompressedIsServedAsDovecotServesIt(String format) throws Exception {
        var mail = new Mail(home).make("alice");
        var settings =
                """
                mail_plugins = zlib
                plugin {
                  zlib_save = %s
                }
                """
                        .formatted(format);
        Map<String, String> before;
        try (var dovecot = new Dovecot(home, "%f", settings)) {
            for (var lines : List.of(1, 100, 40_000)) {
                dovecot.deliver("alice", message("large") + "0123456789 text\n".repeat(lines));
            }
            before = dovecot.pop3("alice");
        }
        assertEquals(3, before.size());
        try (var files = Files.walk(mail.maildir("alice"))) {
            var stored =
                    files.filter(file -> file.getParent().endsWith("cur"))
                            .mapToLong(file -> file.toFile().length())
                            .sum();
            assertTrue(stored > 0 && stored < 100_000, "not compressed: " + stored);
        }
        assertEquals(new TreeMap<>(before), served(mail, DovecotIds.Format.FILE_NAME));
        var trusting = mail.store("trust-size-hints", "true", "state-folder", "other-state");
        try (var drop = Mail.open(trusting, "alice")) {
            assertEquals(new TreeMap<>(before), new TreeMap<>(contents(drop)), "sizes in names");
        }
    }

    @Test
    void nothingIsLostWhileDovecotDeliversAndRenames() throws Exception {
        var mail = new Mail(home).make("alice");
        var total = 30;
        var taken = new HashSet<String>();
        try (var dovecot = new Dovecot(home, "%f");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var i = 0; i < 5; i++) {
                dovecot.deliver("alice", message("early " + i));
            }
            var deliverer =
                    threads.submit(() -> {
                        for (var i = 0; i < total; i++) {
                            dovecot.deliver("alice", message("mail " + i));
                            var sign = i % 2 == 0 ? "+" : "-";
                            dovecot.imap(
                                    "alice",
                                    "UID STORE 1:* " + sign + "FLAGS (\\Seen)",
                                    "UID STORE 1:* " + sign + "FLAGS (\\Flagged \\Answered)");
                        }
                        return null;
                    });
            var store = mail.store();
            do {
                try (var drop = Mail.open(store, "alice")) {
                    var mine = contents(drop);
                    var marked = new int[(mine.size() + 1) / 2];
                    for (var at = 0; at < marked.length; at++) {
                        marked[at] = 2 * at + 1;
                    }
                    var result = drop.commit(Mail.removal(drop, marked));
                    assertEquals(CommitResult.Status.OK, result.status(), result::toString);
                    for (var number : marked) {
                        assertTrue(
                                taken.add(mine.get(drop.listing().uniqueId(number))),
                                "a message came back");
                    }
                }
            } while (!deliverer.isDone());
            deliverer.get(60, TimeUnit.SECONDS);
            // What was removed in the second of its last look it would still list.
            dovecot.admin("force-resync", "-u", "alice", "INBOX");
            taken.addAll(dovecot.pop3("alice").values());
        }
        Set<String> all = new HashSet<>();
        for (var i = 0; i < total; i++) {
            all.add(message("mail " + i));
        }
        for (var i = 0; i < 5; i++) {
            all.add(message("early " + i));
        }
        assertEquals(all, taken);
    }

    private Map<String, String> served(Mail mail, DovecotIds.Format format) throws Exception {
        var store = mail.store("unique-ids", "dovecot", "dovecot-format", format.spelling());
        try (var drop = Mail.open(store, "alice")) {
            return new TreeMap<>(contents(drop));
        }
    }

    private static Map<String, String> contents(Maildrop drop) throws Exception {
        var all = new LinkedHashMap<String, String>();
        for (var number = 1; number <= drop.listing().count(); number++) {
            var content = Mail.read(drop, number);
            assertEquals(
                    MessageEncoder.measure(
                            new ByteArrayInputStream(
                                    content.getBytes(StandardCharsets.ISO_8859_1))),
                    drop.listing().octets(number));
            all.put(drop.listing().uniqueId(number), content);
        }
        return all;
    }

    private static String message(String text) {
        return "From: bob@example.org\nSubject: " + text + "\n\n.\nThis is " + text + ".\n";
    }
}
