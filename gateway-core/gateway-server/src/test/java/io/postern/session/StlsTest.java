package io.postern.session;

import static io.postern.session.Scene.lines;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** RFC 2595 §4, as far as the session has to do with it. */
class StlsTest {
    static final Encryption TLS =
            new Encryption() {
                @Override
                public String protocol() {
                    return "TLSv1.3";
                }

                @Override
                public List<X509Certificate> clientCertificates() {
                    return List.of();
                }

                @Override
                public Optional<byte[]> channelBinding(String type) {
                    return type.equals("tls-exporter")
                            ? Optional.of(new byte[] {1, 2})
                            : Optional.empty();
                }
            };

    private static FakeConnection greeted(Scene scene) throws InterruptedException {
        var client = scene.connected(new FakeConnection(scene.journal).withStls());
        assertTrue(client.line().startsWith("+OK"));
        return client;
    }

    private static List<String> capabilities(FakeConnection client) throws InterruptedException {
        client.says("CAPA\r\n");
        assertTrue(client.line().startsWith("+OK"));
        var all = new ArrayList<String>();
        for (var line = client.line(); !line.equals("."); line = client.line()) {
            all.add(line);
        }
        return all;
    }

    private static void starts(FakeConnection client) throws InterruptedException {
        client.says("STLS\r\n");
        assertTrue(client.line().startsWith("+OK"));
        client.secures(TLS);
    }

    @Test
    @Tag("protocol-63")
    @Tag("protocol-64")
    @Tag("protocol-77")
    @Tag("protocol-116")
    @Tag("protocol-119")
    void passwordsAreTakenOnlyBehindStls() throws Exception {
        var scene = Scene.usual();
        var client = greeted(scene);
        var before = capabilities(client);
        assertTrue(before.contains("STLS"), before.toString());
        assertFalse(before.contains("USER"), before.toString());
        assertTrue(before.stream().noneMatch(it -> it.startsWith("SASL")), before.toString());
        client.says("USER alice\r\nPASS " + Scene.SECRET + "\r\nAUTH ASKING\r\n");
        for (var n = 0; n < 3; n++) {
            assertEquals("-ERR not offered in clear text, use STLS", client.line());
        }

        starts(client);

        assertEquals("", client.unread()); // no second greeting
        var after = capabilities(client);
        assertFalse(after.contains("STLS"), after.toString());
        assertTrue(after.contains("USER"), after.toString());
        assertTrue(after.contains("SASL ASKING"), after.toString());
        client.says("STLS\r\n");
        assertTrue(client.line().startsWith("-ERR"));
        client.says(lines("USER alice", "PASS " + Scene.SECRET));
        assertTrue(client.line().startsWith("+OK"));
        assertTrue(client.line().startsWith("+OK"));
        client.says("QUIT\r\n");
        assertTrue(client.line().startsWith("+OK"));
        Scene.over(client);
    }

    @Test
    @Tag("protocol-121")
    void aRefusalInTheClearAsksNoDirectory() throws Exception {
        var asked = new ArrayList<String>();
        var scene = Scene.usual();
        scene.directories =
                List.of(
                        (io.postern.spi.auth.PasswordDirectory)
                                (name, _) -> {
                                    asked.add(name);
                                    return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
                                });
        var client = greeted(scene);
        client.says(lines("USER alice", "PASS secret", "AUTH ASKING", "QUIT"));
        client.rest();
        Scene.over(client);
        assertEquals(List.of(), asked);
    }

    @Test
    @Tag("protocol-84")
    @Tag("protocol-117")
    @Tag("protocol-118")
    void whateverIsInjectedBehindStlsIsForgottenWhereverItIsSplit() throws Exception {
        var injected =
                "STLS\r\nCAPA\r\nUSER bob\r\nPASS " + Scene.SECRET + "\r\nUSER mallory\r\nPA";
        for (var split = 1; split < injected.length(); split++) {
            var client = greeted(Scene.usual());
            client.says(injected.substring(0, split));
            client.says(injected.substring(split));
            assertEquals("+OK begin TLS", client.line());
            client.says("SS late\r\nNOOP\r\nUSER carol"); // still before the handshake
            client.secures(TLS);
            // Were a single octet of it left, this would not be a command of its own.
            client.says("PASS " + Scene.SECRET + "\r\n");
            assertEquals("-ERR send USER right before PASS", client.line(), "split " + split);
            client.says("QUIT\r\n");
            assertEquals("+OK bye", client.line(), "split " + split);
            assertEquals("", client.rest(), "split " + split);
            Scene.over(client);
        }
    }

    @Test
    @Tag("protocol-117")
    void moreThanTheServerKeepsIsForgottenToo() throws Exception {
        var client = greeted(Scene.usual());
        client.says("STLS\r\n" + "NOOP\r\n".repeat(Session.PENDING));
        assertEquals("+OK begin TLS", client.line());
        client.secures(TLS);
        assertFalse(client.suspended());
        client.says("QUIT\r\n");
        assertEquals("+OK bye", client.line());
        assertEquals("", client.rest());
    }

    @Test
    @Tag("protocol-118")
    void theNameOfUserIsForgotten() throws Exception {
        var scene = Scene.usual();
        var client = scene.connected(new FakeConnection(scene.journal).withStls().withPasswords());
        assertTrue(client.line().startsWith("+OK"));
        client.says("USER alice\r\n");
        assertTrue(client.line().startsWith("+OK"));
        starts(client);
        client.says("PASS " + Scene.SECRET + "\r\n");
        assertEquals("-ERR send USER right before PASS", client.line());
    }

    @Test
    @Tag("protocol-44")
    void theStampOfTheGreetingStaysGood() throws Exception {
        var scene = Scene.usual();
        scene.ways =
                List.of(
                        new Scene.Passwords(),
                        new Scene.Passwords() {
                            @Override
                            public Command command() {
                                return Command.APOP;
                            }

                            @Override
                            public boolean plaintext() {
                                return false;
                            }

                            @Override
                            public AuthExchange begin(AuthContext context) {
                                return response -> {
                                    scene.journal.add("stamp " + context.stamp());
                                    return new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
                                };
                            }
                        });
        var client = scene.connected(new FakeConnection(scene.journal).withStls());
        var greeting = client.line();
        var stamp = greeting.substring(greeting.indexOf('<'));
        starts(client);
        client.says("APOP alice digest\r\n");
        assertTrue(client.line().startsWith("-ERR"));
        assertTrue(scene.journal.contains("stamp " + stamp), scene.journal.toString());
    }

    @Test
    void aMechanismSeesWhatTheChannelIs() throws Exception {
        var scene = Scene.usual();
        var seen = new ArrayList<Object>();
        scene.ways =
                List.of(
                        new Scene.Passwords() {
                            @Override
                            public AuthExchange begin(AuthContext context) {
                                seen.add(context.encrypted());
                                seen.add(context.clientCertificates());
                                seen.add(context.channelBinding("tls-unique"));
                                assertArrayEquals(
                                        new byte[] {1, 2},
                                        context.channelBinding("tls-exporter").orElseThrow());
                                return super.begin(context);
                            }
                        });
        var client = greeted(scene);
        starts(client);
        client.says(lines("USER alice", "PASS " + Scene.SECRET));
        assertTrue(client.line().startsWith("+OK"));
        assertTrue(client.line().startsWith("+OK"));
        assertEquals(List.of(true, List.of(), Optional.empty()), seen);
    }

    @Test
    void aClientThatGoesAwayInTheHandshakeEndsTheSession() throws Exception {
        var client = greeted(Scene.usual());
        client.says("STLS\r\n");
        assertTrue(client.line().startsWith("+OK"));
        client.drops();
        Scene.over(client);
    }

    @Test
    void aShutdownInTheHandshakeEndsTheSession() throws Exception {
        var client = greeted(Scene.usual());
        client.says("STLS\r\n");
        assertTrue(client.line().startsWith("+OK"));
        client.session().doom();
        Scene.over(client);
        assertTrue(client.closed());
    }
}
