package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;

/** Plugins that do what no plugin should, in the packaged server. */
class BadPluginIT {
    private static final String BAD =
            """
            package org.example.postern;

            import io.postern.spi.Secret;
            import io.postern.spi.auth.*;

            public final class Bad implements PasswordDirectory {
                private volatile long computed;

                @Override
                public Verdict verify(String name, Secret password) {
                    if (name.startsWith("exit")) {
                        System.exit(0);
                    }
                    while (name.startsWith("spin")) {
                        computed++;
                    }
                    return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
                }
            }
            """;

    @TempDir Path folder;
    private Installation installation;
    private Site site;

    @BeforeEach
    void plugin() throws Exception {
        installation = Installation.unpack(Files.createDirectory(folder.resolve("installation")));
        OwnPlugin.directory(installation, folder.resolve("bad"), "Bad", BAD);
        site = new Site(Files.createDirectory(folder.resolve("site"))).user("anna");
        site.deliver("anna", Mail.octets("Subject: one\n\n1\n"));
        site.directory(
                        "<directory plugin=\"xml-users\"><file>"
                                + site.users()
                                + "</file></directory><directory plugin=\"bad\"/>")
                .limits("<plugin-answer>PT2S</plugin-answer>");
    }

    /** Twice as many calls as processors, each of which would keep a processor for ever. */
    @Test
    void callsThatComputeForEverCostNobodyElseAnything() throws Exception {
        try (var server = PackagedServer.start(installation, site)) {
            var stuck = new ArrayList<Pop3>();
            var calls = 2 * Runtime.getRuntime().availableProcessors();
            try {
                for (var call = 0; call < calls; call++) {
                    var client = Pop3.connect(server.port());
                    stuck.add(client);
                    client.line();
                    client.ok("USER spin" + call);
                    client.send("PASS x\r\n");
                }
                for (var client : stuck) {
                    try (var other = server.login("anna")) {
                        other.ok("RETR 1");
                    }
                    var answer = client.line();
                    assertTrue(answer.startsWith("-ERR [SYS/TEMP]"), answer);
                    client.ok("QUIT");
                }
                server.login("anna").quit();
                var health = installation.postern("plugins", "health").run();
                assertTrue(
                        health.text().contains(calls + " calls left behind and not ended"),
                        health.text());
                assertTrue(server.log().contains("does not end"), server.log());
            } finally {
                for (var client : stuck) {
                    client.close();
                }
            }
        }
    }

    @Test
    void anExitOfAPluginHasAStatusThatSaysSoAndIsToldWithItsName() throws Exception {
        try (var server = PackagedServer.start(installation, site);
                var client = Pop3.connect(server.port())) {
            client.line();
            client.ok("USER exit");
            client.send("PASS x\r\n");
            assertEquals(70, server.ended());
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> server.log().contains("System.exit was called by plugin"));
            assertTrue(server.log().contains("org.example.postern.Bad"), server.log());
        }
    }
}
