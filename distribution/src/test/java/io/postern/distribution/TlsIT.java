package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/** The packaged server as OpenSSL sees it, and its keys when they change. */
class TlsIT {
    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;

    @BeforeAll
    static void start() throws Exception {
        site = new Site(folder).user("anna");
        server = PackagedServer.start(site);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /**
     * @param input in lower case, for a Q or an R at the start of a line is for OpenSSL itself
     */
    private static Program.Ending openssl(Security security, String input, String... options)
            throws InterruptedException {
        var words =
                "printf '%s' | openssl s_client -ign_eof -connect 127.0.0.1:%d %s"
                                .formatted(input, server.port(security), String.join(" ", options))
                        + " -servername localhost -verify_return_error -verify_ip 127.0.0.1"
                        + " -CAfile '%s'".formatted(server.certificate());
        Program.client("openssl", "version").run().well();
        return Program.of("sh", "-c", words).run();
    }

    @Test
    @Tag("protocol-122")
    @Tag("protocol-123")
    void opensslIsServedByTlsAndByStlsAndHearsCloseNotify() throws Exception {
        for (var version : new String[] {"-tls1_2", "-tls1_3"}) {
            var byTls = openssl(Security.TLS, "quit\\r\\n", version, "-alpn pop3").well();
            assertTrue(byTls.text().contains("Verify return code: 0 (ok)"), byTls.text());
            assertTrue(byTls.text().contains("ALPN protocol: pop3"), byTls.text());
            assertTrue(byTls.text().contains("+OK bye"), byTls.text());
            assertFalse(byTls.err().contains("unexpected eof"), byTls.err());
            var byStls = openssl(Security.STLS, "quit\\r\\n", version, "-starttls pop3").well();
            assertTrue(byStls.text().contains("+OK bye"), byStls.text());
            assertFalse(byStls.err().contains("unexpected eof"), byStls.err());
        }
    }

    @Test
    void opensslResumesItsSessionInBothVersions() throws Exception {
        for (var version : new String[] {"-tls1_2", "-tls1_3"}) {
            var kept = folder.resolve("session" + version).toString();
            var first =
                    openssl(Security.TLS, "NOOP\\r\\nquit\\r\\n", version, "-sess_out", kept)
                            .well();
            assertTrue(first.text().contains("New, TLSv1"), first.text());
            var again = openssl(Security.TLS, "quit\\r\\n", version, "-sess_in", kept).well();
            assertTrue(again.text().contains("Reused, TLSv1"), again.text());
            assertTrue(again.text().contains("+OK bye"), again.text());
        }
    }

    @Test
    @Tag("protocol-123")
    @Tag("protocol-124")
    void oldVersionsWeakSuitesAndOtherProtocolsAreRefused() throws Exception {
        for (var wish :
                new String[] {
                    "-tls1_1 -cipher ALL:@SECLEVEL=0",
                    "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256",
                    "-tls1_2 -cipher AES128-GCM-SHA256",
                    "-alpn imap",
                    "-alpn http/1.1,h2",
                }) {
            var ending = openssl(Security.TLS, "quit\\r\\n", wish);
            assertFalse(ending.text().contains("+OK"), wish + ending.text());
            assertTrue(ending.err().contains("alert"), wish + ending.err());
        }
    }

    @Test
    void aRenewedCertificateIsShownWhileASessionGoesOn() throws Exception {
        var keys = Files.createDirectory(folder.resolve("keys"));
        make(keys, "one.example");
        var renewing = new Site(Files.createDirectory(folder.resolve("renewing"))).user("bela");
        renewing.identity(
                "<identity certificate=\"%s\" key=\"%s\"/>"
                        .formatted(keys.resolve("cert.pem"), keys.resolve("key.pem")));
        try (var running = PackagedServer.start(renewing)) {
            var port = running.port(Security.TLS);
            var old = Files.copy(keys.resolve("cert.pem"), folder.resolve("old.pem"));
            try (var session =
                    Pop3.login(Pop3.connect(port, old), "bela", renewing.password("bela"))) {
                make(keys, "two.example");
                await().atMost(Duration.ofSeconds(20))
                        .ignoreExceptionsInstanceOf(IOException.class)
                        .until(() -> {
                            try (var fresh = Pop3.connect(port, keys.resolve("cert.pem"))) {
                                return fresh.line().startsWith("+OK");
                            }
                        });
                assertEquals(0, session.count());
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> running.log().contains("read again after a change"));

                Files.writeString(keys.resolve("cert.pem"), "-----BEGIN CERTIFICATE");
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> running.log().contains("so the old one stays"));
                assertEquals(0, session.count());
                session.quit();
            }
        }
    }

    /** As an ACME client does: each file is put in place whole, the one after the other. */
    private static void make(Path keys, String host) throws Exception {
        var next = Files.createTempDirectory(folder, "next");
        Program.client(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "rsa:2048",
                        "-nodes",
                        "-days",
                        "90",
                        "-subj",
                        "/CN=" + host,
                        "-addext",
                        "subjectAltName=DNS:" + host,
                        "-keyout",
                        next.resolve("key.pem").toString(),
                        "-out",
                        next.resolve("cert.pem").toString())
                .run()
                .well();
        Files.setPosixFilePermissions(
                next.resolve("key.pem"), PosixFilePermissions.fromString("rw-------"));
        for (var name : new String[] {"key.pem", "cert.pem"}) {
            Files.move(next.resolve(name), keys.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
