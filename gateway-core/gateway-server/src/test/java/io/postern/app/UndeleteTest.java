package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.kept.KeptDeletions;
import io.postern.plugin.TestJar;
import io.postern.spi.store.MaildropStore;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

class UndeleteTest {
    private static final String KEEPS =
            TestSite.good(0)
                    .replace("<store", "<kept-deletions folder=\"kept\" days=\"30\"/><store");

    @TempDir private Path home;
    private TestSite site;
    private Instant now = Instant.now().minus(Duration.ofDays(3));
    private KeptDeletions kept;

    @BeforeEach
    void begin() throws Exception {
        site = new TestSite(home).config(KEEPS);
        kept = new KeptDeletions(home.resolve("kept/main"), Duration.ofDays(30), () -> now);
        kept.prepare();
        keep("old", "Subject: old\n\nmail\n");
        now = Instant.now();
        keep("new", "Subject: new\n\n.mail\n");
    }

    private void keep(String id, String text) throws Exception {
        var copies = kept.begin("alice", "s-" + id, () -> false);
        var wire = text.replace("\n", "\r\n").length();
        assertEquals(
                wire,
                copies.add(
                        1,
                        id,
                        wire,
                        new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII))));
        copies.secure();
        copies.settle(true);
    }

    @Test
    void allThatIsKeptComesBackAndIsKeptNoMore() throws Exception {
        var ended = site.run("undelete", "--user=alice");

        assertEquals("copied 2 messages, 45 octets; there already 0; not copied 0\n", ended.out());
        assertEquals(ExitCode.OK, ended.code(), ended.err());
        assertEquals(0, kept.of("alice").size());

        var again = site.run("undelete", "--user=alice");
        assertEquals("copied 0 messages, 0 octets; there already 0; not copied 0\n", again.out());
        assertEquals(ExitCode.OK, again.code(), again.err());
    }

    @Test
    void sinceAndUniqueIdChoose() throws Exception {
        for (var since :
                new String[] {"P1D", "PT2H", Instant.now().minusSeconds(3600).toString()}) {
            var ended = site.run("undelete", "--user=alice", "--dry-run", "--since=" + since);
            assertTrue(ended.out().startsWith("would copy 1 message, 23 octets"), ended.out());
        }
        var all = site.run("undelete", "--user=alice", "--dry-run", "--since=2026-01-01");
        assertTrue(all.out().startsWith("would copy 2 messages"), all.out());
        assertEquals(2, kept.of("alice").size(), "a dry run forgets nothing");

        var one = site.run("undelete", "--user=alice", "--unique-id=old", "--unique-id=none");
        assertTrue(one.out().startsWith("copied 1 message, 22 octets"), one.out());
        assertTrue(one.err().contains("not kept: none"), one.err());
        assertEquals(ExitCode.NOT_ALL, one.code());
        assertEquals("new", kept.of("alice").getFirst().head().uniqueId());
    }

    @Test
    void aListNeedsNoStore() throws Exception {
        var ended = site.run("undelete", "--user=alice", "--list");

        var lines = ended.out().lines().toList();
        assertEquals(2, lines.size(), ended.out());
        assertTrue(lines.get(0).endsWith(" octets=22 uidl=old session=s-old"), ended.out());
        assertTrue(lines.get(1).endsWith(" octets=23 uidl=new session=s-new"), ended.out());
        assertEquals(ExitCode.OK, ended.code(), ended.err());
        assertEquals("anybody+ anybody-", TestSite.life());
    }

    @Test
    void aStoreThatTakesNothingIsToldInOneSentence() throws Exception {
        new TestJar()
                .source(
                        "demo.Fixed",
                        """
                        package demo;
                        import io.postern.spi.*;
                        import io.postern.spi.lock.*;
                        import io.postern.spi.store.*;
                        public class Fixed implements MaildropStore {
                            public FenceMode fenceMode() { return FenceMode.NONE; }
                            public MaildropId locate(User user) { return new MaildropId("x"); }
                            public Maildrop open(MaildropId id, FencingToken token) { return null; }
                        }
                        """)
                .service(MaildropStore.class, "demo.Fixed")
                .write(home.resolve("plugins/fixed.jar"));
        site.config(
                KEEPS.replace(
                        "<store plugin=\"memory\"><load>mail</load></store>",
                        "<store plugin=\"fixed\"/>"));

        var ended = site.run("undelete", "--user=alice");

        assertEquals(ExitCode.START, ended.code());
        assertTrue(ended.err().contains("the store fixed takes no deliveries"), ended.err());
        assertEquals(2, kept.of("alice").size());
    }

    @Test
    void whatCannotBeDoneIsToldWithTheReason() throws Exception {
        for (var since : new String[] {"yesterday", "P", "2026-13-01", "2026-01-01T", ""}) {
            var ended = site.run("undelete", "--user=alice", "--since=" + since);
            assertEquals(ExitCode.USAGE, ended.code(), since);
            assertTrue(ended.err().contains("is no time"), ended.err());
        }
        assertEquals(ExitCode.USAGE, site.run("undelete").code(), "no --user");

        var off = site.config(TestSite.good(0)).run("undelete", "--user=alice");
        assertEquals(ExitCode.START, off.code());
        assertTrue(off.err().contains("has no <kept-deletions>"), off.err());
    }

    @Test
    void checkTellsWhereRemovedMailIs() throws Exception {
        var good = site.run("check");
        assertTrue(
                good.out()
                        .contains(
                                "mail in memory, removed mail in "
                                        + home.resolve("kept/main")
                                        + " for 30 days\n"),
                good.out());
        var inside =
                site.config(KEEPS.replace("folder=\"kept\"", "folder=\"mail/kept\"")).run("check");
        assertEquals(ExitCode.CONFIGURATION, inside.code());
        assertTrue(inside.err().contains("where a store has its files"), inside.err());
        assertFalse(inside.err().contains("mail/kept/main"), inside.err());
    }
}
