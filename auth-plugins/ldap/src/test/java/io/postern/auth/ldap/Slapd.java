package io.postern.auth.ldap;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldif.LDIFException;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * OpenLDAP's slapd, as the Debian package brings it, with the fixture's entries, on ports of its
 * own: one where StartTLS is offered, and one with TLS from the beginning. Its certificate is for
 * {@code localhost}.
 */
final class Slapd implements AutoCloseable {
    private static final Path SLAPD = Path.of("/usr/sbin/slapd");

    private final Path certificate;
    private final int port;
    private final int tlsPort;
    private final Process process;

    /**
     * @param folder an empty one
     */
    Slapd(Path folder) throws Exception {
        assertTrue(
                Files.isExecutable(SLAPD),
                "there is no " + SLAPD + ": run distribution/install-clients");
        certificate = folder.resolve("certificate.pem");
        makeCertificate(folder);
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var alsoFree = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
            tlsPort = alsoFree.getLocalPort();
        }
        var data = Files.createDirectory(folder.resolve("data"));
        var config = folder.resolve("slapd.conf");
        Files.writeString(
                config,
                """
                include /etc/ldap/schema/core.schema
                include /etc/ldap/schema/cosine.schema
                include /etc/ldap/schema/inetorgperson.schema
                modulepath /usr/lib/ldap
                moduleload back_mdb
                pidfile %1$s/slapd.pid
                TLSCertificateFile %1$s/certificate.pem
                TLSCertificateKeyFile %1$s/key.pem
                database mdb
                suffix "dc=example,dc=org"
                rootdn "cn=root,dc=example,dc=org"
                rootpw geheim
                directory %2$s
                access to attrs=userPassword
                  by dn.exact="cn=searcher,dc=example,dc=org" compare
                  by anonymous auth
                access to * by dn.exact="cn=searcher,dc=example,dc=org" read
                """
                        .formatted(folder, data));
        process =
                new ProcessBuilder(
                                SLAPD.toString(),
                                "-f",
                                config.toString(),
                                "-h",
                                url() + "/ ldaps://127.0.0.1:" + tlsPort + "/",
                                "-d",
                                "0")
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("slapd.log").toFile())
                        .start();
        try {
            await("slapd takes entries")
                    .atMost(Duration.ofSeconds(60))
                    .ignoreException(LDAPException.class)
                    .until(this::fill);
        } catch (Throwable e) {
            process.destroyForcibly();
            throw e;
        }
    }

    String url() {
        return "ldap://127.0.0.1:" + port;
    }

    /** The same port by the certificate's name, for StartTLS. */
    String namedUrl() {
        return "ldap://localhost:" + port;
    }

    String tlsUrl() {
        return "ldaps://localhost:" + tlsPort;
    }

    Path certificate() {
        return certificate;
    }

    /** Ends it as a crash does. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            process.onExit().get(10, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private boolean fill() throws LDAPException, LDIFException {
        try (var connection =
                new LDAPConnection("127.0.0.1", port, "cn=root,dc=example,dc=org", "geheim")) {
            for (var entry : Fixture.ENTRIES) {
                connection.add(entry);
            }
            return true;
        }
    }

    private void makeCertificate(Path folder) throws Exception {
        var openssl =
                new ProcessBuilder(
                                "openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:prime256v1",
                                "-nodes",
                                "-days",
                                "2",
                                "-subj",
                                "/CN=slapd",
                                "-addext",
                                "subjectAltName=DNS:localhost",
                                "-keyout",
                                folder.resolve("key.pem").toString(),
                                "-out",
                                certificate.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("openssl.log").toFile())
                        .start();
        assertEquals(0, openssl.waitFor(), "openssl, see distribution/install-clients");
    }
}
