package io.postern.store.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.MaildropId;
import io.postern.testkit.fault.Damage;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;

class MaildropStateTest {
    private static final MaildropId ID = new MaildropId("test:alice");

    @TempDir private Path scratch;

    private Path all;
    private MaildropState state;
    private Path token;

    @BeforeEach
    void folder() {
        all = scratch.resolve("state/main.store");
        state = new MaildropState(all, ID);
        token = state.file("token");
    }

    private static FencingToken number(long counter) {
        return new FencingToken(1_764_324_000_000L, counter);
    }

    @Test
    void whateverBecomesOfTheTokenTheNextLoginHealsIt() throws Exception {
        state.raise(number(7));
        var good = Files.readAllBytes(token);
        for (var damage : Damage.of(good, good.length)) {
            damage.doTo(token);
            if (damage.isFolder()) {
                var fault = assertThrows(Fault.class, () -> state.raise(number(8)));
                assertTrue(
                        fault.getMessage().endsWith("Move " + token + " away."),
                        fault.getMessage());
                Damage.remove(token);
            }
            state.raise(number(8));
            assertTrue(state.holds(number(8)), damage::what);
            assertFalse(state.holds(number(7)), damage::what);
            assertThrows(Fault.class, () -> state.raise(number(7)), damage::what);
        }
    }

    /** Whoever has lost the lock must not remove anything because a file was damaged. */
    @Test
    void damageLetsNobodyBackInWithALowerToken() throws Exception {
        state.raise(number(7));
        var good = Files.readAllBytes(token);
        for (var damage : Damage.of(good, good.length)) {
            damage.doTo(token);
            if (damage.isFolder()) {
                continue;
            }
            assertFalse(state.holds(number(6)), damage::what);
            var octets = Files.readAllBytes(token);
            var oneOfTwoIsWhole =
                    octets.length >= good.length / 2 && !damage.what().startsWith("nothing but");
            if (oneOfTwoIsWhole && !damage.what().contains("garbage")) {
                assertThrows(Fault.class, () -> state.raise(number(6)), damage::what);
                assertTrue(state.holds(number(7)), damage::what);
            }
        }
        Files.deleteIfExists(token);
        assertFalse(state.holds(number(7)), "removed within a session");
    }

    @Test
    void aTokenAsItWasSpelledOnceIsUnderstood() throws Exception {
        state.raise(number(1));
        for (var old : Set.of("5/17\n", "0000000000000000005/0000000000000000017 %s\n")) {
            Files.writeString(token, old.formatted("ad3f8b26"));
            var understood = !old.startsWith("0");
            assertEquals(understood, state.holds(new FencingToken(5, 17)), old);
        }
        Files.writeString(token, "5/17\n");
        assertThrows(Fault.class, () -> state.raise(new FencingToken(5, 16)));
        state.raise(new FencingToken(5, 18));
        assertFalse(state.holds(new FencingToken(5, 17)));
    }

    @Test
    void aDamagedResultIsNone() throws Exception {
        state.raise(number(1));
        var id = UUID.randomUUID();
        var result = new CommitResult(CommitResult.Status.PARTIAL, 3, 1, 2, "Gr\u00fc\u00dfe");
        state.keep(id, result);
        assertEquals(result, state.result(id).orElseThrow());
        var file = state.file("commit-" + id);
        var good = Files.readAllBytes(file);
        for (var damage : Damage.of(good, good.length)) {
            damage.doTo(file);
            if (damage.isFolder()) {
                assertThrows(java.io.IOException.class, () -> state.result(id));
                Damage.remove(file);
            } else {
                // Digits and the words for people are not told from others.
                state.result(id)
                        .ifPresent(it -> assertEquals(good.length, length(file), damage::what));
            }
        }
        assertTrue(state.result(id).isEmpty());
    }

    private static long length(Path file) {
        try {
            return Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1).length();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aFileInThePlaceOfAFolderIsNamed() throws Exception {
        var at = token.getParent();
        while (!at.equals(all)) {
            Damage.remove(all);
            Files.createDirectories(at.getParent());
            Files.writeString(at, "in the way");
            var fault = assertThrows(Fault.class, () -> state.raise(number(1)));
            assertTrue(fault.getMessage().endsWith("Move " + at + " away."), fault.getMessage());
            Files.delete(at);
            state.raise(number(1));
            at = at.getParent();
        }
    }

    @Test
    void allOfItIsTheServersAlone() throws Exception {
        state.raise(number(1));
        state.keep(UUID.randomUUID(), CommitResult.ok(1, 0));
        MaildropState.replaceForGood(state.file("copies"), "text");
        try (var inside = Files.walk(scratch.resolve("state"))) {
            for (var path : inside.toList()) {
                var expected = Files.isDirectory(path) ? "rwx------" : "rw-------";
                assertEquals(
                        expected,
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
                        path::toString);
            }
        }
    }
}
