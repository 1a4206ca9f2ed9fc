package io.postern.store.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.User;
import io.postern.spi.store.MaildropStore;
import io.postern.testkit.ContractRun;
import io.postern.testkit.MaildropFixture;
import io.postern.testkit.MaildropStoreContract;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The contract is proved here: it finds every defect, by the rules that speak of it, no others. */
class BrokenStoresTest {

    /** What the contract is run with; one run at a time. */
    private static volatile Defect defect = Defect.NONE;

    @ParameterizedTest
    @EnumSource
    void theContractFindsIt(Defect which) {
        defect = which;
        var run = ContractRun.of(Broken.class);
        assertEquals(Map.of(), run.skipped(), "rules that were not shown");
        assertEquals(sorted(which.rules()), sorted(run.failed().keySet()), "rules broken");
        run.failed()
                .forEach((rule, message) ->
                        assertTrue(message.length() > 20, rule + " says: " + message));
    }

    private static List<String> sorted(Set<String> rules) {
        return rules.stream().sorted().toList();
    }

    static class Broken extends MaildropStoreContract {
        @Override
        protected MaildropFixture fixture(Path scratch) {
            return new BrokenFixture(scratch.resolve("root"));
        }
    }

    private static final class BrokenFixture implements MaildropFixture {
        private final BrokenStore.Disk disk = new BrokenStore.Disk();
        private final Path root;
        private MaildropStore store = new BrokenStore(defect, disk);

        BrokenFixture(Path root) {
            this.root = root;
        }

        @Override
        public Set<Ability> abilities() {
            return EnumSet.allOf(Ability.class);
        }

        @Override
        public MaildropStore store() {
            return store;
        }

        @Override
        public User user(String name) {
            return new User(name);
        }

        @Override
        public void deliver(User user, byte[] stored) {
            disk.memory.deliver(located(user), stored);
        }

        @Override
        public void vanish(User user, byte[] stored) {
            if (!disk.memory.vanish(located(user), stored)) {
                throw new AssertionError("no message has these octets");
            }
        }

        @Override
        public List<byte[]> stored(User user) {
            return disk.memory.stored(located(user));
        }

        /** Whose mail the store takes this user's for. */
        private User located(User user) {
            return disk.users.get(((BrokenStore) store).locate(user));
        }

        @Override
        public java.util.Optional<Path> root() {
            return java.util.Optional.of(root);
        }

        @Override
        public long largeOctets() {
            return 16L << 20;
        }

        @Override
        public void restart() {
            store.close();
            store = new BrokenStore(defect, disk);
        }

        @Override
        public MaildropStore secondStore() {
            return new BrokenStore(defect, disk);
        }

        @Override
        public void changeFlags(User user, byte[] stored) {
            disk.flags.merge(new String(stored, StandardCharsets.ISO_8859_1), 1, Integer::sum);
        }

        @Override
        public void failOpen(User user) {
            disk.unreadable.add(((BrokenStore) store).locate(user));
        }

        @Override
        public void failRemoval(User user, byte[] stored) {
            disk.stuck.add(new String(stored, StandardCharsets.ISO_8859_1));
        }

        @Override
        public void loseOutcome(User user) {
            disk.outcomeLost = true;
        }

        @Override
        public void mend(User user) {
            disk.unreadable.clear();
            disk.stuck.clear();
            disk.outcomeLost = false;
        }

        @Override
        public void close() {}
    }
}
