package io.postern.auth.xmlusers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.SecretDirectory.Shared;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

class ScramAndDevicesTest {
    private static final Verdict NO_SECRET = new Verdict.Refused(Reason.NO_SECRET);

    /** Users of three kinds, so that a stranger may look like one of two. */
    private static final String MIXED =
            """
            <users>
              <user name="plain" password="%s"/>
              <user name="scram" password="%s"/>
              <user name="hashed" password="%s"/>
            </users>
            """
                    .formatted(Fixture.PLAIN, Fixture.SCRAM, Fixture.PBKDF2);

    private static final String DEVICES =
            """
            <users>
              <user name="alice" password="{PLAIN}own">
                <attribute name="maildrop" value="a"/>
                <device label="phone" password="{PLAIN}first"/>
                <device label="desk-2" password="{PLAIN}second"/>
              </user>
              <user name="bela"><device label="phone" password="{PLAIN}first"/></user>
            </users>
            """;

    @TempDir Path folder;

    private Fixture fixture;

    @BeforeEach
    void newFixture() {
        fixture = new Fixture(folder);
    }

    private static String shape(ScramDirectory.Entry entry) {
        return entry.keys().iterations() + " " + entry.keys().salt().length;
    }

    @Test
    @Tag("protocol-73")
    void aStrangerLooksLikeOneOfTheUsersAndAlwaysLikeTheSame() throws Exception {
        try (var users = fixture.start(MIXED)) {
            var shapes = new HashSet<String>();
            for (var name : List.of("plain", "scram")) {
                var entry = users.scram(name, ScramHash.SHA_256);
                assertInstanceOf(Verdict.Accepted.class, entry.verdict());
                shapes.add(shape(entry));
            }
            assertEquals(2, shapes.size());
            var seen = new HashSet<String>();
            for (int i = 0; i < 40; i++) {
                var entry = users.scram("name" + i, ScramHash.SHA_256);
                assertEquals(shape(entry), shape(users.scram("NAME" + i, ScramHash.SHA_256)));
                seen.add(shape(entry));
            }
            assertEquals(shapes, seen);
        }
    }

    @Test
    @Tag("protocol-73")
    void aUserWithoutKeysLooksLikeAStranger() throws Exception {
        try (var users = fixture.start(MIXED)) {
            var hashed = users.scram("hashed", ScramHash.SHA_256);
            assertEquals(NO_SECRET, hashed.verdict());
            assertArrayEquals(
                    hashed.keys().salt(), users.scram("HASHED", ScramHash.SHA_256).keys().salt());
            // Keys of the other hash function are no keys of this one.
            assertEquals(NO_SECRET, users.scram("scram", ScramHash.SHA_1).verdict());
        }
    }

    @Test
    @Tag("protocol-73")
    void saltsStayTheSameOverARestart() throws Exception {
        for (var name : List.of("plain", "scram", "hashed", "mallory", "somebody")) {
            byte[] before;
            try (var users = fixture.start(MIXED)) {
                before = users.scram(name, ScramHash.SHA_256).keys().salt();
            }
            try (var users = fixture.start(MIXED)) {
                assertArrayEquals(before, users.scram(name, ScramHash.SHA_256).keys().salt());
            }
        }
        var key = folder.resolve("scram.key");
        assertEquals(32, Files.size(key));
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
    }

    @Test
    void aKeyThatCannotBeUsedIsToldAndDoesNotStopTheStart() throws Exception {
        Files.writeString(folder.resolve("scram.key"), "short");
        try (var users = fixture.start(MIXED)) {
            assertInstanceOf(
                    Verdict.Accepted.class, users.scram("plain", ScramHash.SHA_256).verdict());
        }
        assertEquals("short", Files.readString(folder.resolve("scram.key")));
    }

    @Test
    void aPasswordThatSaslPrepForbidsHasNoKeys() throws Exception {
        var text = "<users><user name=\"alice\" password=\"{PLAIN.b64}YQdi\"/></users>";
        try (var users = fixture.start(text)) {
            assertEquals(NO_SECRET, users.scram("alice", ScramHash.SHA_256).verdict());
            assertEquals(
                    new Verdict.Accepted(new User("alice")),
                    Fixture.ask(users, "alice", "a\u0007b"));
        }
        try (var password = Secret.of("a\u0007b")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new XmlUsers().hash("SCRAM-SHA-256", password));
        }
    }

    @Test
    void whatPasswdMakesForScramWorksWithScramAndWithoutIt() throws Exception {
        try (var password = Secret.of("p\u00e4ss\u00a0word")) {
            for (var hash : ScramHash.values()) {
                var text = new XmlUsers().hash(hash.mechanism(), password);
                var file = "<users><user name=\"alice\" password=\"" + text + "\"/></users>";
                try (var users = fixture.start(file);
                        // SASLprep makes an ordinary space of the other one.
                        var prepared = Secret.of("p\u00e4ss word")) {
                    var keys = users.scram("alice", hash).keys();
                    assertArrayEquals(
                            hash.keys(prepared, keys.salt(), keys.iterations()).storedKey(),
                            keys.storedKey());
                    assertEquals(
                            new Verdict.Accepted(new User("alice")),
                            users.verify("alice", password));
                }
            }
        }
    }

    @Test
    void eachDeviceHasItsPasswordAndItsLabel() throws Exception {
        try (var users = fixture.start(DEVICES)) {
            assertEquals(
                    new Verdict.Accepted(new User("alice", Map.of("maildrop", "a"))),
                    Fixture.ask(users, "alice", "own"));
            assertEquals(
                    new Verdict.Accepted(
                            new User("alice", Map.of("maildrop", "a", "device", "phone"))),
                    Fixture.ask(users, "alice", "first"));
            assertEquals(
                    new Verdict.Accepted(
                            new User("alice", Map.of("maildrop", "a", "device", "desk-2"))),
                    Fixture.ask(users, "alice", "second"));
            assertEquals(
                    new Verdict.Accepted(new User("bela", Map.of("device", "phone"))),
                    Fixture.ask(users, "bela", "first"));
            assertEquals(
                    new Verdict.Refused(Reason.WRONG_PROOF), Fixture.ask(users, "bela", "own"));
        }
    }

    @Test
    void aDeviceWhoseLineIsRemovedIsOut() throws Exception {
        try (var users = fixture.start(DEVICES)) {
            fixture.write(DEVICES.replaceAll("<device label=\"desk-2\".*", ""));
            fixture.nanos.addAndGet(2_000_000_000L);
            assertEquals(
                    new Verdict.Refused(Reason.WRONG_PROOF), Fixture.ask(users, "alice", "second"));
            assertInstanceOf(Verdict.Accepted.class, Fixture.ask(users, "alice", "first"));
        }
    }

    @Test
    @Tag("protocol-40")
    void whicheverPasswordFitsAllAreCompared() throws Exception {
        try (var users = fixture.start(DEVICES)) {
            for (var password : List.of("own", "first", "second", "wrong")) {
                fixture.hashed.clear();
                Fixture.ask(users, "alice", password);
                assertEquals(3, fixture.hashed.size());
            }
        }
    }

    @Test
    void whatNeedsThePasswordItselfTakesTheAccountsOwn() throws Exception {
        try (var users = fixture.start(DEVICES)) {
            try (var secret = users.shared("alice").secret().orElseThrow()) {
                assertTrue(secret.matches("own".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
            }
            assertEquals(Shared.refused(Reason.NO_SECRET), users.shared("bela"));
            assertInstanceOf(
                    Verdict.Accepted.class, users.scram("alice", ScramHash.SHA_256).verdict());
            assertEquals(NO_SECRET, users.scram("bela", ScramHash.SHA_256).verdict());
        }
    }
}
