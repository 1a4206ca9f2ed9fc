package io.postern.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.tls.TestAuthority;
import io.postern.tls.TlsMode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.PrintStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;

import javax.crypto.AEADBadTagException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLProtocolException;
import javax.net.ssl.SSLSocket;

/** What the log says of TLS that fails. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsFailureTest {

    @ParameterizedTest
    @CsvSource({
        "unknown_ca, ': it does not accept the server''s certificate'",
        "bad_certificate, ': it does not accept the server''s certificate'",
        "certificate_unknown, ': it does not accept the server''s certificate'",
        "certificate_expired, ': it does not accept the server''s certificate'",
        "protocol_version, ''",
        "handshake_failure, ''",
        "internal_error, ''",
    })
    void anAlertOfTheClientIsNamedWhereverJavaHidesIt(String alert, String more) {
        var said = "the client sent the alert " + alert + more;
        var plain = "Unexpected plaintext alert received: Level: fatal; Alert: " + alert;
        for (var failure :
                new Throwable[] {
                    new SSLHandshakeException("(" + alert + ") Received fatal alert: " + alert),
                    new SSLException("Received fatal alert: " + alert),
                    new SSLProtocolException(
                            "Unexpected exception", new GeneralSecurityException(plain)),
                    new SSLException(null, new SSLException("x", new SSLException(plain))),
                }) {
            assertEquals(said, TlsFailure.reason(failure));
        }
    }

    @Test
    void elseTheCauseIsSaidAndNotThatThereIsOne() {
        assertEquals(
                "Tag mismatch",
                TlsFailure.reason(
                        new SSLException(
                                "Unexpected exception", new AEADBadTagException("Tag mismatch"))));
        assertEquals(
                "(handshake_failure) no cipher suites in common",
                TlsFailure.reason(
                        new SSLHandshakeException(
                                "(handshake_failure) no cipher suites in common")));
        assertEquals(
                "(bad_certificate) PKIX path building failed",
                TlsFailure.reason(
                        new SSLException(
                                "(bad_certificate) PKIX path building failed",
                                new GeneralSecurityException("unable to find a path"))));
        assertEquals("EOFException", TlsFailure.reason(new EOFException()));
        assertEquals("two lines", TlsFailure.reason(new SSLException("two\r\nlines")));
    }

    /** A client that does not trust the certificate, with nothing between it and the log. */
    @ParameterizedTest
    @CsvSource({"TLSv1.2", "TLSv1.3"})
    void aClientThatDoesNotTrustIsSeenAsOne(String version) throws Exception {
        var stranger = new TestAuthority("stranger").client();
        var caught = new ByteArrayOutputStream();
        var stderr = System.err;
        System.setErr(new PrintStream(caught, true, StandardCharsets.UTF_8));
        try (var post = new Post(TlsMode.IMPLICIT, 64)) {
            var at = post.listeners.addresses().getFirst();
            try (var raw = new Socket(at.getAddress(), at.getPort());
                    var socket =
                            (SSLSocket)
                                    stranger.getSocketFactory()
                                            .createSocket(raw, "localhost", at.getPort(), true)) {
                socket.setEnabledProtocols(new String[] {version});
                assertThrows(SSLException.class, socket::startHandshake);
            }
            await().until(() -> caught.toString(StandardCharsets.UTF_8).contains("TLS failed"));
        } finally {
            System.setErr(stderr);
        }
        var said = caught.toString(StandardCharsets.UTF_8);
        assertTrue(said.contains(": the client sent the alert certificate_unknown: it does"), said);
    }
}
