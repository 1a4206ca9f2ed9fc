package io.postern.tls;

import static io.postern.tls.Engines.client;
import static io.postern.tls.Engines.shake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.SettingException;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.X509ExtendedKeyManager;

/** Handshakes between engines, without sockets. */
class ServerTlsTest {
    private static TestAuthority authority;
    private static TestAuthority.Issued mail;
    private static TestAuthority.Issued rsa;
    private static TestAuthority.Issued wild;

    @TempDir private Path folder;

    @BeforeAll
    static void authority() throws Exception {
        authority = new TestAuthority("authority");
        mail = authority.issue("EC", "mail.example.org");
        rsa = authority.issue("RSA", "mail.example.org");
        wild = authority.issue("EC", "*.example.org");
    }

    private ServerTls server(TestAuthority.Issued... issued) throws Exception {
        var sources = new ArrayList<IdentitySource>();
        for (var one : issued) {
            sources.add(one.write(folder.resolve(Integer.toString(sources.size()))));
        }
        return new ServerTls(sources);
    }

    private ListenerTls listener(TestAuthority.Issued... issued) throws Exception {
        return server(issued).listener(Optional.empty());
    }

    private static X509Certificate shown(ListenerTls server, Consumer<SSLParameters> change)
            throws Exception {
        var session = shake(server, client(authority.client(), change));
        return (X509Certificate) session.getPeerCertificates()[0];
    }

    private static X509Certificate shownTo(String host, ListenerTls server) throws Exception {
        return shown(server, it -> it.setServerNames(List.of(new SNIHostName(host))));
    }

    // --- which certificate ---

    @Test
    void aClientGetsTheCertificateOfTheHostThatItAsksFor() throws Exception {
        var other = authority.issue("EC", "other.example");
        var server = listener(other, wild, mail);
        assertEquals(mail.certificate(), shownTo("Mail.Example.ORG", server));
        assertEquals(wild.certificate(), shownTo("pop.example.org", server));
        // A wildcard is for one label (RFC 9525 §6.3).
        assertEquals(other.certificate(), shownTo("a.b.example.org", server));
        assertEquals(other.certificate(), shownTo("example.org", server));
        assertEquals(other.certificate(), shown(server, _ -> {}));
    }

    @Test
    void aClientGetsTheKindOfKeyThatItTakes() throws Exception {
        var server = listener(mail, rsa);
        Consumer<SSLParameters> old =
                it -> {
                    it.setProtocols(new String[] {"TLSv1.2"});
                    it.setCipherSuites(new String[] {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"});
                };
        assertEquals(rsa.certificate(), shown(server, old));
        assertEquals(mail.certificate(), shown(server, _ -> {}));
    }

    // --- the policy ---

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    @Tag("protocol-123")
    void bothVersionsWorkAndTheServersOrderCounts(String version) throws Exception {
        var session =
                shake(
                        listener(mail, rsa),
                        client(
                                authority.client(),
                                it -> {
                                    it.setProtocols(new String[] {version});
                                    var suites = List.of(it.getCipherSuites()).reversed();
                                    it.setCipherSuites(suites.toArray(String[]::new));
                                }));
        assertEquals(version, session.getProtocol());
        assertTrue(session.getCipherSuite().contains("AES_256_GCM"), session.getCipherSuite());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "TLS_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
                "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
            })
    @Tag("protocol-123")
    void suitesWithoutForwardSecrecyOrAuthenticatedEncryptionAreRefused(String suite)
            throws Exception {
        var server = listener(mail, rsa);
        assertFalse(
                List.of(server.engine(Optional.empty()).getEnabledCipherSuites()).contains(suite));
        Consumer<SSLParameters> only =
                it -> {
                    it.setProtocols(new String[] {"TLSv1.2"});
                    it.setCipherSuites(new String[] {suite});
                };
        assertThrows(SSLException.class, () -> shown(server, only));
    }

    @Test
    @Tag("protocol-123")
    void nothingOlderThanTls12IsTaken() throws Exception {
        assertEquals(
                List.of("TLSv1.3", "TLSv1.2"),
                List.of(listener(mail).engine(Optional.empty()).getEnabledProtocols()));
    }

    @Test
    @Tag("protocol-124")
    void aClientOfAnotherProtocolIsRefused() throws Exception {
        var server = listener(mail);
        assertThrows(SSLException.class, () -> shown(server, alpn("http/1.1")));
        assertThrows(SSLException.class, () -> shown(server, alpn("imap", "h2")));
        assertEquals(mail.certificate(), shown(server, alpn("http/1.1", "pop3")));
        assertEquals(mail.certificate(), shown(server, alpn()));
    }

    private static Consumer<SSLParameters> alpn(String... ids) {
        return it -> it.setApplicationProtocols(ids);
    }

    // --- clients' certificates ---

    private ListenerTls asking(boolean required) throws Exception {
        var trust =
                Files.writeString(
                        folder.resolve("trust.pem"), TestAuthority.pem(authority.certificate()));
        return server(mail).listener(Optional.of(new ClientCertificates(required, trust)));
    }

    @Test
    @Tag("protocol-120")
    void aClientsCertificateIsKnownWhereItIsVouchedForAndNowhereElse() throws Exception {
        var alice = authority.issue("EC", "alice");
        var engine = asking(true).engine(Optional.empty());
        shake(engine, client(authority.client(alice), _ -> {}));
        assertEquals(alice.certificate(), engine.getSession().getPeerCertificates()[0]);

        var stranger = new TestAuthority("stranger").issue("EC", "alice");
        assertThrows(
                SSLException.class,
                () ->
                        shake(
                                asking(true),
                                client(authority.clientWith(insisting(stranger)), _ -> {})));
        assertThrows(
                SSLException.class, () -> shake(asking(true), client(authority.client(), _ -> {})));

        var anonymous = asking(false).engine(Optional.empty());
        shake(anonymous, client(authority.client(), _ -> {}));
        assertThrows(
                SSLPeerUnverifiedException.class,
                () -> anonymous.getSession().getPeerCertificates());
    }

    /** Shows its certificate whether the server would take it or not. */
    private static X509ExtendedKeyManager insisting(TestAuthority.Issued own) {
        return new X509ExtendedKeyManager() {
            @Override
            public String chooseEngineClientAlias(
                    String[] keyType, Principal[] issuers, SSLEngine engine) {
                return "own";
            }

            @Override
            public X509Certificate[] getCertificateChain(String alias) {
                return own.chain().toArray(X509Certificate[]::new);
            }

            @Override
            public PrivateKey getPrivateKey(String alias) {
                return own.keys().getPrivate();
            }

            @Override
            public String[] getClientAliases(String keyType, Principal[] issuers) {
                return new String[] {"own"};
            }

            @Override
            public String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
                return "own";
            }

            @Override
            public String[] getServerAliases(String keyType, Principal[] issuers) {
                return null;
            }

            @Override
            public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
                return null;
            }
        };
    }

    @Test
    void aTrustFileThatCannotBeUsedIsRefused() throws Exception {
        var server = server(mail);
        var nowhere = new ClientCertificates(false, folder.resolve("nowhere"));
        var refusal =
                assertThrows(SettingException.class, () -> server.listener(Optional.of(nowhere)));
        assertEquals("client-trust", refusal.setting());
    }

    // --- files that change ---

    @Test
    void aRenewedPairIsUsedOnceItsFilesAreSteady() throws Exception {
        var server = server(mail);
        var listener = server.listener(Optional.empty());
        var before = listener.engine(Optional.empty());
        var renewed = authority.issue("EC", "mail.example.org");
        renewed.write(folder.resolve("0"));
        server.look();
        assertEquals(mail.certificate(), shown(listener, _ -> {}));
        server.look();
        assertEquals(renewed.certificate(), shown(listener, _ -> {}));
        // A connection that began before goes on with what it began with.
        assertEquals(
                mail.certificate(),
                shake(before, client(authority.client(), _ -> {})).getPeerCertificates()[0]);
    }

    @Test
    void linksThatAreSwappedAreFollowed() throws Exception {
        var one = mail.write(folder.resolve("archive/1"));
        var renewed = authority.issue("EC", "mail.example.org");
        var two = renewed.write(folder.resolve("archive/2"));
        for (var files : List.of(one, two)) { // so that only the link tells
            for (var file : files.files()) {
                Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(0));
            }
        }
        var live = folder.resolve("live");
        Files.createSymbolicLink(live, folder.resolve("archive/1"));
        var server =
                new ServerTls(
                        List.of(
                                new IdentitySource.Pem(
                                        live.resolve("fullchain.pem"),
                                        live.resolve("privkey.pem"),
                                        Optional.empty())));
        var listener = server.listener(Optional.empty());
        Files.createSymbolicLink(folder.resolve("next"), folder.resolve("archive/2"));
        Files.move(folder.resolve("next"), live, StandardCopyOption.REPLACE_EXISTING);
        server.look();
        server.look();
        assertEquals(renewed.certificate(), shown(listener, _ -> {}));
    }

    @Test
    void aBrokenPairLeavesTheOldOneAndTheOthersAreRenewedAllTheSame() throws Exception {
        var other = authority.issue("EC", "other.example");
        var server = server(mail, other);
        var listener = server.listener(Optional.empty());
        authority.issue("EC", "x").write(folder.resolve("2"));
        Files.copy(
                folder.resolve("2/privkey.pem"),
                folder.resolve("0/privkey.pem"),
                StandardCopyOption.REPLACE_EXISTING);
        var renewed = authority.issue("EC", "other.example");
        renewed.write(folder.resolve("1"));
        server.look();
        server.look();
        assertEquals(mail.certificate(), shown(listener, _ -> {}));
        assertEquals(renewed.certificate(), shownTo("other.example", listener));
        // Mended, it is used.
        var mended = authority.issue("EC", "mail.example.org");
        mended.write(folder.resolve("0"));
        server.look();
        server.look();
        assertEquals(mended.certificate(), shown(listener, _ -> {}));
    }

    @Test
    void whatCannotBeUsedIsTriedOnceForEachChange() throws Exception {
        var file = Files.writeString(folder.resolve("file"), "good");
        var loads = new ArrayList<String>();
        var watched =
                new Watched<>(
                        List.of(file),
                        () -> {
                            try {
                                loads.add(Files.readString(file));
                            } catch (java.io.IOException e) {
                                throw new SettingException("file", "it is gone", "Bring it back.");
                            }
                            if (loads.getLast().startsWith("bad")) {
                                throw new SettingException("file", "it is bad", "Mend it.");
                            }
                            return loads.getLast();
                        });
        Files.writeString(file, "bad1");
        Stream.generate(watched::changed).limit(5).forEach(it -> assertFalse(it));
        assertEquals(List.of("good", "bad1"), loads);
        assertEquals("good", watched.value());
        Files.writeString(file, "bad no 2");
        Stream.generate(watched::changed).limit(5).forEach(it -> assertFalse(it));
        assertEquals(List.of("good", "bad1", "bad no 2"), loads);
        Files.delete(file);
        Stream.generate(watched::changed).limit(5).forEach(it -> assertFalse(it));
        assertEquals("good", watched.value());
        Files.writeString(file, "better");
        assertEquals(
                List.of(false, true, false), Stream.generate(watched::changed).limit(3).toList());
        assertEquals("better", watched.value());
    }

    @Test
    void theTrustFileIsReadAgainToo() throws Exception {
        var stranger = new TestAuthority("stranger");
        var alice = stranger.issue("EC", "alice");
        var both = new TestAuthority.Issued[] {alice};
        var trust =
                Files.writeString(
                        folder.resolve("trust.pem"), TestAuthority.pem(authority.certificate()));
        var server = server(mail);
        var listener = server.listener(Optional.of(new ClientCertificates(true, trust)));
        assertThrows(
                SSLException.class, () -> shake(listener, client(authority.client(both), _ -> {})));
        Files.writeString(trust, TestAuthority.pem(stranger.certificate()));
        server.look();
        server.look();
        var engine = listener.engine(Optional.empty());
        shake(engine, client(authority.client(both), _ -> {}));
        assertEquals(alice.certificate(), engine.getSession().getPeerCertificates()[0]);
    }

    @Test
    void itLooksByItselfUntilItIsClosed() throws Exception {
        var server = server(mail);
        var listener = server.listener(Optional.empty());
        server.watch(Duration.ofMillis(5));
        var renewed = authority.issue("EC", "mail.example.org");
        renewed.write(folder.resolve("0"));
        org.awaitility.Awaitility.await()
                .until(() -> shown(listener, _ -> {}).equals(renewed.certificate()));
        server.close();
    }
}
