package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/** What a client has removed comes back, from the tarball as it is, whatever the store. */
class KeptDeletionsIT {
    /** Moments at which the server is killed: {@code -Dpostern.kept.kills=...} has more. */
    private static final int KILLS = Integer.getInteger("postern.kept.kills", 5);

    /** From QUIT to the kill at most, nanoseconds. */
    private static final int LATEST_NANOS = 150_000_000;

    private static final int MESSAGES = 8;

    @TempDir private Path folder;
    private Installation installation;
    private Site site;

    /** One realm for each store, with a domain of the same name. */
    private void site(Map<String, String> stores) throws Exception {
        installation = Installation.unpack(folder);
        site = new Site(folder).user("anna");
        var realms = new StringBuilder();
        stores.forEach((name, store) ->
                realms.append(
                        """
                            <realm name="%1$s" default="%2$s" strip-domain="true">
                              <domain>%1$s.example</domain>
                              <directory plugin="xml-users"><file>%3$s</file></directory>
                              %4$s
                              <kept-deletions folder="%5$s" days="30"/>
                            </realm>
                        """
                                .formatted(
                                        name,
                                        realms.isEmpty(),
                                        site.users(),
                                        store,
                                        folder.resolve("kept"))));
        site.realms(realms.toString());
        site.write();
    }

    private Pop3 login(PackagedServer server, String realm) throws IOException {
        return Pop3.login(server.port(), "anna@" + realm + ".example", site.password("anna"));
    }

    /** What a client sees: each unique-id with its octets. */
    private static Map<String, String> listing(Pop3 client) throws IOException {
        var all = new LinkedHashMap<String, String>();
        client.ok("UIDL");
        var lines = new String(client.multiline(), StandardCharsets.US_ASCII).lines().toList();
        for (var line : lines) {
            var words = line.split(" ", 2);
            var octets = client.retrieve(Integer.parseInt(words[0]));
            all.put(words[1], HexFormat.of().formatHex(octets));
        }
        return all;
    }

    private static void markAll(Pop3 client) throws IOException {
        var count = client.count();
        for (var number = 1; number <= count; number++) {
            client.ok("DELE " + number);
        }
    }

    private String postern(String realm, String... words) throws Exception {
        var all = new ArrayList<>(List.of(words));
        all.addAll(
                List.of(
                        "--user",
                        "anna@" + realm + ".example",
                        "--config",
                        folder.resolve("gateway.xml").toString()));
        return installation.postern(all.toArray(String[]::new)).run().well().text();
    }

    @Test
    void whatAClientRemovedComesBackWithItsUniqueIdIntoEveryStore() throws Exception {
        Files.createDirectory(folder.resolve("mbox"));
        var stores = new LinkedHashMap<String, String>();
        stores.put("maildir", "<store plugin=\"maildir\"><root>" + folder + "/mail</root></store>");
        stores.put("mbox", "<store plugin=\"mbox\"><root>" + folder + "/mbox</root></store>");
        stores.put("sql", "<store plugin=\"jdbc\"/>");
        site(stores);
        var mail = new ArrayList<>(Mail.ODD);
        mail.add(Mail.octets("Subject: large\n\n" + "0123456789abcdef\n".repeat(40_000)));
        var source = folder.resolve("old");
        for (var part : List.of("tmp", "new", "cur")) {
            Files.createDirectories(source.resolve(part));
        }
        for (var number = 0; number < mail.size(); number++) {
            Files.write(source.resolve("new/170000000" + number + ".M1P2.old"), mail.get(number));
        }
        for (var realm : stores.keySet()) {
            postern(realm, "import", "maildir", source.toString(), "--quiet");
        }

        var before = new LinkedHashMap<String, Map<String, String>>();
        try (var server = PackagedServer.start(installation, site)) {
            for (var realm : stores.keySet()) {
                try (var client = login(server, realm)) {
                    before.put(realm, listing(client));
                    assertEquals(mail.size(), before.get(realm).size());
                    markAll(client);
                    client.quit();
                }
                try (var client = login(server, realm)) {
                    assertEquals(0, client.count(), realm);
                    client.quit();
                }
            }
        }

        for (var realm : stores.keySet()) {
            var list = postern(realm, "undelete", "--list");
            assertEquals(mail.size(), list.lines().count(), list);
            for (var id : before.get(realm).keySet()) {
                assertTrue(list.contains(" uidl=" + id + " "), list);
            }
            var one = before.get(realm).keySet().iterator().next();
            var first = postern(realm, "undelete", "--unique-id", one);
            assertTrue(first.startsWith("copied 1 message, "), first);
            var rest = postern(realm, "undelete", "--since", "PT1H");
            assertTrue(rest.startsWith("copied " + (mail.size() - 1) + " messages, "), rest);
        }

        try (var server = PackagedServer.start(installation, site)) {
            for (var realm : stores.keySet()) {
                try (var client = login(server, realm)) {
                    assertEquals(before.get(realm), listing(client), realm);
                    client.quit();
                }
            }
        }
        assertEquals(0, files(), "what is back is not kept");
    }

    /** Shortly after QUIT, while it copies, while the store removes, or when both are done. */
    @Test
    void noKillAtAQuitLosesAMessage() throws Exception {
        site(
                Map.of(
                        "maildir",
                        "<store plugin=\"maildir\"><root>" + folder + "/mail</root></store>"));
        var random = new Random(20261125);
        var wanted = new LinkedHashMap<String, String>();
        var early = 0;
        var keeping = 0;
        var late = 0;
        for (var number = 0; number < MESSAGES; number++) {
            site.deliver("anna", Mail.octets("Subject: " + number + "\n\n" + "x".repeat(20_000)));
        }
        for (var kill = 1; kill <= KILLS; kill++) {
            long unfinished;
            try (var server = PackagedServer.start(installation, site);
                    var client = login(server, "maildir")) {
                var there = listing(client);
                if (wanted.isEmpty()) {
                    wanted.putAll(there);
                }
                assertEquals(wanted, there, "kill " + kill);
                markAll(client);
                unfinished = files();
                client.send("QUIT\r\n");
                LockSupport.parkNanos(random.nextInt(LATEST_NANOS));
                server.kill();
            }
            var left = site.stored("anna").size();
            if (left < MESSAGES) {
                late++;
            } else if (files() > unfinished) {
                keeping++;
            } else {
                early++;
            }
            var back = postern("maildir", "undelete", "--quiet");
            assertEquals(MESSAGES, site.stored("anna").size(), "kill " + kill + ": " + back);
        }
        System.out.printf(
                "counted %d kills at a QUIT that keeps: %d before the first copy, %d with copies"
                        + " and all mail there, %d with mail removed; no message lost%n",
                KILLS, early, keeping, late);
    }

    private long files() throws IOException {
        try (var files = Files.walk(folder.resolve("kept"))) {
            return files.filter(Files::isRegularFile).count();
        }
    }
}
