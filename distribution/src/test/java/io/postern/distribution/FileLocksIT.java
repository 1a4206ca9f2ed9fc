package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/** One tree of Maildirs, and lock files. */
class FileLocksIT extends SeveralServers {

    @Override
    Site site(Path folder) {
        return new Site(folder)
                .store(
                        ("<store plugin=\"maildir\"><root>%s</root>"
                                        + "<state-folder>%s</state-folder></store>")
                                .formatted(folder.resolve("mail"), folder.resolve("state")))
                .locks(
                        "<locks plugin=\"file\"><folder>%s</folder><ttl>%s</ttl></locks>"
                                .formatted(folder.resolve("locks"), LEASE));
    }

    @Override
    Letters.Delivery delivery(Site site) {
        return site::deliver;
    }

    @Test
    void checkKnowsItsSettings(@TempDir Path folder) throws Exception {
        var good = site(folder).write().toString();
        var said = Installation.shared().postern("check", "--config", good).run().well();
        assertTrue(said.text().contains("locks       file"), said.text());

        var bad = new Site(folder).locks("<locks plugin=\"file\"/>").write().toString();
        var refused = Installation.shared().postern("check", "--config", bad).run();
        assertEquals(1, refused.status());
        assertTrue(refused.err().contains("folder"), refused.err());
    }

    /** The leases last for their default of a minute. */
    @Test
    void whatAKilledServerHeldIsFreeAtOnce(@TempDir Path folder) throws Exception {
        var site =
                new Site(folder)
                        .user("anna")
                        .locks(
                                "<locks plugin=\"file\"><folder>%s</folder></locks>"
                                        .formatted(folder.resolve("locks")));
        site.deliver("anna", Mail.octets("Subject: one\n\n1\n"));
        var history = new History();
        try (var servers = new Servers(site, 2, history);
                var holder = Pop3.login(servers.port(0), "anna", site.password("anna"))) {
            holder.ok("DELE 1");
            servers.kill(0);
            try (var next =
                    await("the maildrop is free")
                            .atMost(Duration.ofSeconds(10))
                            .ignoreException(AssertionError.class)
                            .until(
                                    () ->
                                            Pop3.login(
                                                    servers.port(1), "anna", site.password("anna")),
                                    Objects::nonNull)) {
                assertEquals(1, next.count());
                next.quit();
            }
        }
    }
}
