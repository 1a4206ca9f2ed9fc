package io.postern.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.lock.LockCoordinator;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The contract is proved here: it finds every defect, by the rules that speak of it, no others. */
class BrokenLocksTest {

    /** What the contract is run with, in this thread. */
    private static final ThreadLocal<LockDefect> DEFECT = new ThreadLocal<>();

    /** The runs spend their time waiting: several at once take no longer than one. */
    @TestFactory
    Stream<DynamicTest> theContractFindsIt() {
        var threads = Executors.newFixedThreadPool(40, Thread.ofPlatform().daemon().factory());
        var runs = new EnumMap<LockDefect, Future<ContractRun>>(LockDefect.class);
        for (var defect : LockDefect.values()) {
            runs.put(
                    defect,
                    threads.submit(() -> {
                        DEFECT.set(defect);
                        return ContractRun.of(Broken.class);
                    }));
        }
        threads.shutdown();
        return runs.entrySet().stream()
                .map(run ->
                        DynamicTest.dynamicTest(
                                run.getKey().name(),
                                () ->
                                        check(
                                                run.getKey(),
                                                run.getValue().get(10, TimeUnit.MINUTES))));
    }

    private static void check(LockDefect defect, ContractRun run) {
        assertEquals(Map.of(), run.skipped(), "rules that were not shown");
        var failed = new TreeSet<>(run.failed().keySet());
        failed.removeAll(defect.byChance());
        assertEquals(new TreeSet<>(defect.rules()), failed, "rules broken");
        run.failed()
                .forEach((rule, message) ->
                        assertTrue(message.length() > 20, rule + " says: " + message));
    }

    static class Broken extends LockCoordinatorContract {
        @Override
        protected LockFixture fixture(Path scratch) {
            return new BrokenFixture(DEFECT.get());
        }
    }

    private static final class BrokenFixture implements LockFixture {
        private final BrokenLocks.World world;
        private final BrokenLocks second;
        private BrokenLocks first;

        BrokenFixture(LockDefect defect) {
            world = new BrokenLocks.World(defect);
            first = new BrokenLocks(world);
            second = new BrokenLocks(world);
        }

        @Override
        public Set<Ability> abilities() {
            return EnumSet.allOf(Ability.class);
        }

        @Override
        public LockCoordinator coordinator() {
            return first;
        }

        @Override
        public Duration patience() {
            return Duration.ofSeconds(4);
        }

        @Override
        public void restart() {
            first.close();
            first = new BrokenLocks(world);
        }

        @Override
        public LockCoordinator secondNode() {
            return second;
        }

        @Override
        public Duration ttl() {
            return BrokenLocks.TTL;
        }

        @Override
        public void pause() {
            first.stop();
        }

        @Override
        public void resume() {
            first.goOn();
        }

        @Override
        public void crash() {
            first.stop();
        }

        @Override
        public void cutOff() {
            synchronized (world) {
                world.cutOff = true;
            }
        }

        @Override
        public void mend() {
            synchronized (world) {
                world.cutOff = false;
            }
        }

        @Override
        public void close() {
            first.close();
            second.close();
        }
    }
}
