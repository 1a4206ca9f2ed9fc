package io.postern.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.SettingException;
import io.postern.testkit.fault.Damage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

/** The pair that the server makes for itself, after years on a disk. */
class SelfSignedDamageTest {
    @TempDir private Path folder;

    @Test
    void damageToEitherFileIsNamedWithARemedyOrDoesNotMatter() throws Exception {
        var pair = new IdentitySource.SelfSigned(folder.resolve("state/tls"));
        pair.make("mail.example.org");
        assertNotNull(pair.load());
        assertEquals(2, pair.files().size());
        for (var file : pair.files()) {
            var good = Files.readAllBytes(file);
            var refused = 0;
            for (var damage : Damage.of(good, 100)) {
                damage.doTo(file);
                try {
                    pair.load();
                } catch (SettingException e) {
                    refused++;
                    assertTrue(e.getMessage().contains(folder.toString()), e.getMessage());
                    assertTrue(!e.remedy().isBlank(), damage::what);
                }
            }
            assertTrue(refused > 100, file + ": " + refused);
            Damage.remove(file);
            Files.write(file, good);
        }
    }
}
