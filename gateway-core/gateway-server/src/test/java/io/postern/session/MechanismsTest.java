package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.call.PluginCalls;
import io.postern.engine.Offer;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

class MechanismsTest {
    private static final PluginCalls CALLS = new PluginCalls(Duration.ofSeconds(30));

    private static final PasswordDirectory PASSWORDS =
            (name, password) -> new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);

    private static Realms realms(UserDirectory directory) {
        var store = new TestStore(new ArrayList<>());
        var all = new Realm("all", Set.of(), List.of(directory), store, false);
        return new Realms(List.of(all), Optional.of(all));
    }

    private static Mechanisms all() {
        return new Mechanisms(
                List.of(new Scene.Asking(), new Scene.Passwords(), new Scene.Digests()),
                realms(PASSWORDS));
    }

    private static AuthMechanism sasl(String name) {
        return new Scene.Passwords() {
            @Override
            public Command command() {
                return Command.AUTH;
            }

            @Override
            public String mechanism() {
                return name;
            }
        };
    }

    @Test
    @Tag("protocol-18")
    @Tag("protocol-145")
    void stampsAreDigitsAndNeverTheSame() {
        var stamps = ConcurrentHashMap.<String>newKeySet();
        try (var threads = Executors.newFixedThreadPool(4)) {
            for (var thread = 0; thread < 4; thread++) {
                var mechanisms = all();
                threads.execute(() -> {
                    for (var i = 0; i < 5_000; i++) {
                        stamps.add(mechanisms.stamp("mail.example.org"));
                    }
                });
            }
        }
        assertEquals(20_000, stamps.size());
        var form = Pattern.compile("<[0-9]+\\.[0-9]+@mail\\.example\\.org>");
        assertTrue(stamps.stream().allMatch(stamp -> form.matcher(stamp).matches()));
        // Neighbours share no part, so that one tells nothing of the next.
        var parts = new HashSet<String>();
        stamps.forEach(stamp -> parts.add(stamp.substring(1, stamp.indexOf('.'))));
        assertEquals(20_000, parts.size());
    }

    @Test
    @Tag("protocol-43")
    void apopIsOfferedOnlyWhereADirectorySharesSecrets() {
        var digests =
                new Scene.Passwords() {
                    @Override
                    public Command command() {
                        return Command.APOP;
                    }

                    @Override
                    public boolean servedBy(UserDirectory directory) {
                        return directory instanceof SecretDirectory;
                    }
                };
        var offer =
                new Mechanisms(List.of(digests, new Scene.Passwords()), realms(PASSWORDS))
                        .offer(CALLS, "", clear());
        assertFalse(offer.apop());
        assertTrue(offer.userPass());
    }

    @Test
    void saslIsAnnouncedInTheOrderOfTheConfigurationAndStlsWhereTheListenerHasIt() {
        var offer =
                new Mechanisms(List.of(sasl("B"), new Scene.Asking(), sasl("A")), realms(PASSWORDS))
                        .offer(CALLS, "", clear());
        assertEquals(
                List.of(
                        new Offer.Sasl("B", false),
                        new Offer.Sasl("ASKING", true),
                        new Offer.Sasl("A", false)),
                offer.sasl());
        assertFalse(offer.startTls());
        assertFalse(offer.userPass());
        assertTrue(all().offer(CALLS, "<1.2@host>", clear().withStls()).startTls());
    }

    @Test
    @Tag("protocol-64")
    @Tag("protocol-121")
    void whatShowsThePasswordIsNotOfferedInTheClear() {
        var digests =
                new Scene.Passwords() {
                    @Override
                    public Command command() {
                        return Command.AUTH;
                    }

                    @Override
                    public String mechanism() {
                        return "DIGEST";
                    }

                    @Override
                    public boolean plaintext() {
                        return false;
                    }
                };
        var offer =
                new Mechanisms(
                                List.of(new Scene.Passwords(), sasl("PLAIN"), digests),
                                realms(PASSWORDS))
                        .offer(CALLS, "", clear().withStls());
        assertFalse(offer.userPass());
        assertEquals(List.of(new Offer.Sasl("DIGEST", false)), offer.sasl());
    }

    @Test
    @Tag("protocol-63")
    void aMechanismThatDoesNotFitTheChannelIsNotOffered() throws Exception {
        var bound =
                new Scene.Passwords() {
                    @Override
                    public boolean fits(Channel channel) {
                        return channel.encrypted()
                                && channel.channelBinding("tls-exporter").isPresent();
                    }
                };
        var scene = Scene.usual();
        scene.ways = List.of(bound, sasl("PLAIN"));
        var client = scene.connected(clear().withStls().withPasswords());
        client.line();
        client.says("USER alice\r\n");
        assertEquals("-ERR not offered in clear text, use STLS", client.line());
        client.says("STLS\r\n");
        client.line();
        client.secures(StlsTest.TLS);
        client.says("USER alice\r\n");
        assertTrue(client.line().startsWith("+OK"));
    }

    private static FakeConnection clear() {
        return new FakeConnection(new ArrayList<>());
    }

    @Test
    @Tag("protocol-61")
    void twoForOneCommandOrAnIllegalNameAreRefused() {
        refused(List.of(new Scene.Passwords(), new Scene.Passwords()));
        refused(List.of(sasl("A"), sasl("A")));
        refused(List.of(sasl("a")));
        refused(List.of(sasl("")));
        refused(List.of(sasl("A".repeat(21))));
    }

    @Test
    @Tag("protocol-5")
    void aListThatDoesNotFitACapabilityLineIsRefused() {
        var names = IntStream.range(0, 25).mapToObj(i -> sasl("MECHANISM-NUMBER-0" + (10 + i)));
        refused(names.toList());
    }

    private static void refused(List<AuthMechanism> mechanisms) {
        assertThrows(
                IllegalArgumentException.class,
                () -> new Mechanisms(mechanisms, realms(PASSWORDS)));
    }
}
