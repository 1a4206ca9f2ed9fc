package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.testkit.fault.Damage;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;

/** What the store keeps about a Maildir outside of it, after years on a disk. */
class StateDamageTest {
    @TempDir private Path home;

    private Mail mail;
    private Map<String, Long> truth;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "cur/2.b:2,S", "more text\n");
        deliver();
        mail.settle("alice");
        truth = opened();
    }

    private void deliver() throws Exception {
        mail.store()
                .deliver(
                        new User("alice"),
                        new ByteArrayInputStream("A: 1\n\n1\n".getBytes(StandardCharsets.UTF_8)),
                        Optional.empty());
    }

    private Map<String, Long> opened() throws Exception {
        try (var drop = Mail.open(mail.store(), "alice")) {
            return Mail.list(drop);
        }
    }

    private Path kept(String name) throws Exception {
        try (var files = Files.walk(home.resolve("state"))) {
            return files.filter(file -> file.endsWith(name)).findAny().orElseThrow();
        }
    }

    @Test
    void theMailIsTheSameWhateverBecomesOfIt() throws Exception {
        for (var name : new String[] {"token", "index"}) {
            var file = kept(name);
            var good = Files.readAllBytes(file);
            for (var damage : Damage.of(good, 120)) {
                damage.doTo(file);
                if (damage.isFolder() && name.equals("token")) {
                    var fault = assertThrows(Fault.class, this::opened);
                    assertTrue(fault.getMessage().contains(file.toString()), fault.getMessage());
                    Damage.remove(file);
                }
                assertEquals(truth, opened(), () -> name + ": " + damage);
                Damage.remove(file);
                Files.write(file, good);
            }
        }
    }

    @Test
    void aDamagedCounterOfDeliveriesLosesNone() throws Exception {
        var file = kept("deliveries");
        var good = Files.readAllBytes(file);
        var count = truth.size();
        for (var damage : Damage.of(good, good.length)) {
            damage.doTo(file);
            if (damage.isFolder()) {
                var fault = assertThrows(Fault.class, this::deliver);
                assertTrue(
                        fault.getMessage().endsWith("Move " + file + " away."), fault.getMessage());
                Damage.remove(file);
            }
            deliver();
            count++;
        }
        assertEquals(count, opened().size());
    }

    @Test
    void itIsTheServersAlone() throws Exception {
        try (var files = Files.walk(home.resolve("state"))) {
            for (var path : files.toList()) {
                assertEquals(
                        Files.isDirectory(path) ? "rwx------" : "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
                        path::toString);
            }
        }
    }
}
