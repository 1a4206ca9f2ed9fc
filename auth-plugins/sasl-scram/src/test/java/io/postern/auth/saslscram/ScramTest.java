package io.postern.auth.saslscram;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.AuthStep.Challenge;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.ScramKeys;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.auth.MemoryChannel;
import io.postern.testkit.auth.MemoryRealm;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.StreamSupport;

class ScramTest {
    private static final Verdict ALICE = new Verdict.Accepted(new User("alice"));
    private static final Verdict MALFORMED = new Verdict.Refused(Reason.MALFORMED);
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);
    private static final byte[] BINDING = {1, 2, 3, ',', 0};
    private static final byte[] NONE = {};

    private final Scram plain = new ScramSha256();
    private final Scram plus = new ScramSha256Plus();
    private final MemoryRealm realm = MemoryRealm.of(Map.of("alice", "tanstaaf", "a,b=c", "x"));
    private final MemoryRealm bound = realm.over(MemoryChannel.bound("tls-exporter", BINDING));

    private static ScramClient client(String header, byte[] binding) {
        return client(header, binding, "alice", "tanstaaf");
    }

    private static ScramClient client(String header, byte[] binding, String name, String password) {
        return new ScramClient(ScramHash.SHA_256, header, binding, name, password);
    }

    private static Verdict login(Scram mechanism, MemoryRealm realm, ScramClient client)
            throws Exception {
        try (var exchange = mechanism.begin(realm)) {
            var step = exchange.next(client.respond(NONE));
            while (step instanceof Challenge(var octets)) {
                step = exchange.next(client.respond(octets));
            }
            return assertInstanceOf(Verdict.class, step);
        }
    }

    private static String text(AuthStep step) {
        return new String(assertInstanceOf(Challenge.class, step).octets(), UTF_8);
    }

    @Test
    void allFourAreFoundUnderTheirNames() {
        var found =
                StreamSupport.stream(ServiceLoader.load(AuthMechanism.class).spliterator(), false)
                        .toList();
        assertEquals(
                List.of("scram-sha-1", "scram-sha-1-plus", "scram-sha-256", "scram-sha-256-plus"),
                found.stream().map(AuthMechanism::name).toList());
        assertEquals(
                List.of("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"),
                found.stream().map(AuthMechanism::mechanism).toList());
    }

    @Test
    void aDirectoryWithKeysServesIt() {
        PasswordDirectory hashed = (_, _) -> new Verdict.Refused(Reason.UNKNOWN_USER);
        assertFalse(plain.servedBy(hashed));
        assertTrue(plain.servedBy(new MemoryUsers(Map.of())));
    }

    @Test
    @Tag("protocol-63")
    @Tag("protocol-74")
    void plusIsOfferedOnlyWhereThereIsSomethingToBindTo() {
        assertTrue(plain.fits(MemoryChannel.clear()));
        assertFalse(plus.fits(MemoryChannel.clear()));
        assertFalse(plus.fits(MemoryChannel.secure()));
        assertFalse(plus.fits(MemoryChannel.bound("tls-unique", BINDING)));
        assertTrue(plus.fits(MemoryChannel.bound("tls-exporter", BINDING)));
        assertTrue(plus.fits(MemoryChannel.bound("tls-server-end-point", BINDING)));
    }

    /** The messages of RFC 5802 §5; the password is "pencil". */
    @Test
    @Tag("protocol-60")
    @Tag("protocol-73")
    void theExampleOfRfc5802GoesAsItStandsThere() throws Exception {
        example(
                ScramHash.SHA_1,
                "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
                "3rfcNHYJY1ZVvWVs7j",
                "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                        + "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    }

    /** The messages of RFC 7677 §3; the password is "pencil". */
    @Test
    @Tag("protocol-60")
    @Tag("protocol-73")
    void theExampleOfRfc7677GoesAsItStandsThere() throws Exception {
        example(
                ScramHash.SHA_256,
                "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
                "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                        + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                        + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    private static void example(
            ScramHash hash,
            String clientFirst,
            String serverNonce,
            String serverFirst,
            String clientFinal,
            String serverFinal)
            throws Exception {
        var user = new Verdict.Accepted(new User("user"));
        var salt = serverFirst.substring(serverFirst.indexOf(",s=") + 3, serverFirst.indexOf(",i"));
        ScramKeys keys;
        try (var pencil = Secret.of("pencil")) {
            keys = hash.keys(pencil, Base64.getDecoder().decode(salt), 4096);
        }
        var context =
                MemoryRealm.of(Map.of()).knowing("user", new ScramDirectory.Entry(keys, user));
        var mechanism = new Scram(hash, false, () -> serverNonce) {};
        try (var exchange = mechanism.begin(context)) {
            assertEquals(serverFirst, text(exchange.next(clientFirst.getBytes(UTF_8))));
            assertEquals(serverFinal, text(exchange.next(clientFinal.getBytes(UTF_8))));
            assertEquals(user, exchange.next(new byte[0]));
        }
    }

    @Test
    @Tag("protocol-73")
    void noncesAreTheServersToo() throws Exception {
        var seen = new String[2];
        for (int i = 0; i < seen.length; i++) {
            try (var exchange = plain.begin(realm)) {
                seen[i] = text(exchange.next("n,,n=alice,r=abc".getBytes(UTF_8))).split(",", 2)[0];
                assertTrue(seen[i].startsWith("r=abc"), seen[i]);
                assertTrue(seen[i].length() >= "r=abc".length() + 24, seen[i]);
            }
        }
        assertNotEquals(seen[0], seen[1]);
    }

    @Test
    @Tag("protocol-73")
    void anotherNonceInTheLastMessageIsRefused() throws Exception {
        for (var nonce : List.of("r=nonce", "r=", "r=noncex", "x=1")) {
            var client = client("n,,", NONE);
            client.repeated = nonce;
            assertEquals(MALFORMED, login(plain, realm, client));
        }
    }

    @Test
    @Tag("protocol-73")
    void fewerIterationsThanTheFloorAreNeverShown() {
        var key = new byte[32];
        assertThrows(
                IllegalArgumentException.class, () -> new ScramKeys(new byte[16], 4095, key, key));
    }

    @Test
    @Tag("protocol-66")
    void anIdentityIsCheckedAfterTheProof() throws Exception {
        assertEquals(ALICE, login(plain, realm, client("n,a=alice,", NONE)));
        assertEquals(
                new Verdict.Refused(Reason.NOT_ALLOWED),
                login(plain, realm, client("n,a=bob,", NONE)));
        assertEquals(WRONG, login(plain, realm, client("n,a=bob,", NONE, "alice", "wrong")));
    }

    @Test
    @Tag("protocol-73")
    void namesAreUnescapedAndPrepared() throws Exception {
        assertEquals(
                new Verdict.Accepted(new User("a,b=c")),
                login(plain, realm, client("n,,", NONE, "a,b=c", "x")));
        // A soft hyphen is mapped to nothing, a letter of full width to its own (RFC 4013 §2).
        assertEquals(
                ALICE, login(plain, realm, client("n,,", NONE, "al\u00ad\uff49ce", "tanstaaf")));
    }

    @Test
    @Tag("protocol-74")
    void aBoundLoginProvesTheChannel() throws Exception {
        var client = client("p=tls-exporter,,", BINDING);
        assertEquals(ALICE, login(plus, bound, client));
        assertTrue(client.serverSignature.startsWith("v="), client.serverSignature);
        var endPoint = realm.over(MemoryChannel.bound("tls-server-end-point", BINDING));
        assertEquals(ALICE, login(plus, endPoint, client("p=tls-server-end-point,,", BINDING)));
    }

    @Test
    @Tag("protocol-74")
    void theBindingOfAnotherChannelIsWrong() throws Exception {
        var other = Arrays.copyOf(BINDING, BINDING.length + 1);
        assertEquals(WRONG, login(plus, bound, client("p=tls-exporter,,", other)));
        var pretending = client("p=tls-exporter,,", BINDING);
        pretending.claimed = Base64.getEncoder().encodeToString("n,,".getBytes(UTF_8));
        assertEquals(WRONG, login(plus, bound, pretending));
    }

    @Test
    @Tag("protocol-74")
    void aBindingThatIsNotThereOrNotKnownIsRefused() throws Exception {
        for (var header :
                List.of("p=tls-server-end-point,,", "p=tls-unique,,", "p=x,,", "n,,", "y,,")) {
            assertEquals(MALFORMED, login(plus, bound, client(header, BINDING)), header);
        }
        assertEquals(MALFORMED, login(plain, bound, client("p=tls-exporter,,", BINDING)));
    }

    @Test
    @Tag("protocol-74")
    void aClientThatHasNotSeenOurOfferToBindIsBeingCheated() throws Exception {
        assertEquals(ALICE, login(plain, realm, client("y,,", NONE)));
        var offering = bound.offering("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS");
        assertEquals(MALFORMED, login(plain, offering, client("y,,", NONE)));
        assertEquals(ALICE, login(plain, offering, client("n,,", NONE)));
    }

    @Test
    @Tag("protocol-60")
    void theLastResponseIsEmpty() throws Exception {
        try (var exchange = plain.begin(realm)) {
            var client = client("n,,", NONE);
            var first = (Challenge) exchange.next(client.respond(NONE));
            assertInstanceOf(Challenge.class, exchange.next(client.respond(first.octets())));
            assertEquals(MALFORMED, exchange.next(new byte[] {'x'}));
        }
    }

    @Test
    void anExtensionBehindTheNonceIsIgnored() throws Exception {
        var client = client("n,,", NONE);
        try (var exchange = plain.begin(realm)) {
            var first = text(exchange.next(client.respond(NONE)));
            client.repeated = first.substring(0, first.indexOf(',')) + ",x=unknown";
            assertInstanceOf(Challenge.class, exchange.next(client.respond(first.getBytes(UTF_8))));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "n,,",
                "n,,n=alice",
                "n,,n=,r=abc",
                "n,,n=alice,r=",
                "n,,n=al=ice,r=abc",
                "n,,n=al=2cice,r=abc",
                "n,,r=abc,n=alice",
                "n,,m=x,n=alice,r=abc",
                "n,,n=alice,r=a c",
                "n,,n=alice,r=abc,",
                "n,,n=alice,r=abc,xy",
                "n,n=alice,r=abc",
                "n=alice,r=abc",
                "z,,n=alice,r=abc",
                "N,,n=alice,r=abc",
                "p=,,n=alice,r=abc",
                "n,a=,n=alice,r=abc",
                "n,b=x,n=alice,r=abc",
                "n,,n=\u00ad,r=abc",
                "n,,n=a\u0007b,r=abc",
                "n,,n=\u06271,r=abc"
            })
    void whatIsNoFirstMessageIsRefusedWithoutALook(String message) throws Exception {
        try (var exchange = plain.begin(realm)) {
            assertEquals(MALFORMED, exchange.next(message.getBytes(UTF_8)));
        }
        assertTrue(realm.verdicts().isEmpty());
    }

    /** As long as a response can be: it takes no stack for each of its characters. */
    @Test
    void aLongFirstMessageIsTakenLikeAnyOther() throws Exception {
        for (var message :
                List.of(
                        "n,,n=" + "a".repeat(48_000) + ",r=abc",
                        "n,,n=" + "=2C".repeat(16_000) + ",r=abc",
                        "n,a=" + "=3D".repeat(16_000) + ",n=alice,r=abc",
                        "n,,n=alice,r=abc" + ",x=y".repeat(12_000))) {
            try (var exchange = plain.begin(realm)) {
                assertInstanceOf(Challenge.class, exchange.next(message.getBytes(UTF_8)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "c=biws",
                "c=biws,r=%s",
                "r=%s,c=biws,p=AAAA",
                "c=biws,r=%s,p=",
                "c=biws,r=%s,p=AAAA",
                "c=biws,r=%s,p=*",
                "c=biws,r=%sx,p=AAAA"
            })
    void whatIsNoLastMessageIsRefused(String message) throws Exception {
        try (var exchange = plain.begin(realm)) {
            var nonce = text(exchange.next("n,,n=alice,r=abc".getBytes(UTF_8)));
            nonce = nonce.substring(2, nonce.indexOf(','));
            assertEquals(MALFORMED, exchange.next(message.replace("%s", nonce).getBytes(UTF_8)));
        }
    }
}
