package io.postern.testkit;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.Lease.Loss;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;
import io.postern.testkit.LockFixture.Ability;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The rules that every {@link LockCoordinator} keeps. Extend it and give it a {@link LockFixture}.
 * Waiters need not be served in their order.
 */
@Timeout(180)
@ExtendWith(SkippedRules.class)
public abstract class LockCoordinatorContract {
    private static final MaildropId ALICE = new MaildropId("contract:alice");
    private static final LockOwner ONE = new LockOwner("node", "session-1", "alice");
    private static final LockOwner TWO = new LockOwner("node", "session-2", "alice");

    private LockFixture fixture;
    private ExecutorService threads;

    /**
     * Makes a coordinator, for one test.
     *
     * @param scratch an empty folder, removed after the test
     */
    protected abstract LockFixture fixture(Path scratch) throws Exception;

    @BeforeEach
    final void begin(@TempDir Path scratch) throws Exception {
        threads = Executors.newVirtualThreadPerTaskExecutor();
        fixture = fixture(scratch);
    }

    @AfterEach
    final void end() throws Exception {
        threads.shutdownNow();
        if (fixture != null) {
            fixture.close();
        }
    }

    // Acquiring

    @Test
    void aFreeLockIsGiven() throws Exception {
        try (var lease = acquire(ALICE)) {
            assertEquals(ALICE, lease.maildrop());
            assertNotNull(lease.token());
            assertTrue(lease.remaining().isPositive(), "remaining " + lease.remaining());
        }
    }

    @Test
    void aSecondOneIsBusyAndHearsWhoHasIt() throws Exception {
        try (var lease = acquire(ALICE)) {
            var busy = assertInstanceOf(Acquisition.Busy.class, ask(TWO, Duration.ZERO));
            assertEquals(ONE, busy.holder());
            assertHeld(lease);
        }
    }

    @Test
    void itIsNotReentrant() throws Exception {
        try (var lease = acquire(ALICE)) {
            assertInstanceOf(Acquisition.Busy.class, ask(ONE, Duration.ZERO));
            assertHeld(lease);
        }
    }

    @Test
    void otherMaildropsAreFree() throws Exception {
        var names =
                List.of(
                        "contract:bob",
                        "contract:Alice",
                        "contract:alice ",
                        "contract:alice/..",
                        "contract:../alice",
                        "contract:alice\\",
                        "contract:al\u00EFce",
                        "contract:\uD800",
                        ".",
                        "..",
                        "/",
                        "a".repeat(1024),
                        "a".repeat(1023) + "b",
                        "\u00E9".repeat(1024));
        var leases = new ArrayList<Lease>();
        leases.add(acquire(ALICE));
        for (var name : names) {
            leases.add(acquire(new MaildropId(name)));
        }
        leases.forEach(this::assertHeld);
        leases.forEach(Lease::close);
    }

    @Test
    void withoutAWaitTheAnswerComesAtOnce() throws Exception {
        try (var lease = acquire(ALICE)) {
            var start = System.nanoTime();
            assertInstanceOf(Acquisition.Busy.class, ask(TWO, Duration.ZERO));
            assertBelow(Duration.ofSeconds(2), start);
            assertHeld(lease);
        }
    }

    @Test
    void theWaitIsAsLongAsWasAsked() throws Exception {
        var wait = Duration.ofMillis(700);
        try (var lease = acquire(ALICE)) {
            var start = System.nanoTime();
            assertInstanceOf(Acquisition.Busy.class, ask(TWO, wait));
            var waited = Duration.ofNanos(System.nanoTime() - start);
            assertTrue(
                    waited.compareTo(wait.minusMillis(50)) >= 0,
                    "asked to wait " + wait + ", gave up after " + waited);
            assertBelow(wait.plusSeconds(2), start);
            assertHeld(lease);
        }
    }

    @Test
    void whoWaitsGetsTheLockWhenItIsReleased() throws Exception {
        var lease = acquire(ALICE);
        var next = waiter(coordinator());
        var before = lease.token();
        var start = System.nanoTime();
        lease.close();
        try (var handedOver = acquired(result(next.task()))) {
            assertBelow(fixture.patience().dividedBy(2), start);
            assertTrue(handedOver.token().compareTo(before) > 0);
            assertHeld(handedOver);
        }
    }

    @Test
    void whoWaitsGetsTheLockWhenItIsRevoked() throws Exception {
        try (var lease = acquire(ALICE)) {
            var next = waiter(coordinator());
            var start = System.nanoTime();
            coordinator().revoke(ALICE);
            try (var handedOver = acquired(result(next.task()))) {
                assertBelow(fixture.patience().dividedBy(2), start);
                assertHeld(handedOver);
                assertEquals(Duration.ZERO, lease.remaining());
            }
        }
    }

    @Test
    void manyWaitersGetItOneAfterTheOther() throws Exception {
        var inside = new AtomicInteger();
        var tokens = Collections.synchronizedList(new ArrayList<FencingToken>());
        var running = new ArrayList<Future<Void>>();
        for (var i = 0; i < 20; i++) {
            running.add(
                    threads.submit(() -> {
                        for (var round = 0; round < 5; round++) {
                            try (var lease = acquired(askPatiently(ALICE))) {
                                assertEquals(1, inside.incrementAndGet(), "holders");
                                LockSupport.parkNanos(500_000); // so that others meet it
                                tokens.add(lease.token());
                                inside.decrementAndGet();
                            }
                        }
                        return null;
                    }));
        }
        for (var one : running) {
            result(one);
        }
        assertEquals(100, tokens.size());
        assertEquals(tokens.stream().sorted().distinct().toList(), tokens, "order of tokens");
    }

    @Test
    void manyMaildropsAreHeldAtTheSameTime() throws Exception {
        var all = new CountDownLatch(500);
        var running = new ArrayList<Future<Void>>();
        for (var i = 0; i < 500; i++) {
            var id = new MaildropId("contract:many/" + i);
            running.add(
                    threads.submit(() -> {
                        try (var lease = acquire(id)) {
                            all.countDown();
                            assertTrue(all.await(60, TimeUnit.SECONDS), "all hold one");
                            assertHeld(lease);
                        }
                        return null;
                    }));
        }
        for (var one : running) {
            result(one);
        }
    }

    // Tokens

    @Test
    void tokensGrowOverAThousandCycles() throws Exception {
        FencingToken last = null;
        for (var cycle = 1; cycle <= 1000; cycle++) {
            try (var lease = acquire(ALICE)) {
                assertGrows(last, lease.token(), "cycle " + cycle);
                last = lease.token();
            }
        }
    }

    @Test
    void tokensGrowOverRestarts() throws Exception {
        needs(Ability.RESTART);
        FencingToken last = null;
        for (var restart = 0; restart < 5; restart++) {
            for (var cycle = 0; cycle < 3; cycle++) {
                try (var lease = acquire(ALICE)) {
                    assertGrows(last, lease.token(), "restart " + restart);
                    last = lease.token();
                }
            }
            fixture.restart();
        }
    }

    @Test
    void tokensGrowFromNodeToNode() throws Exception {
        needs(Ability.SECOND_NODE);
        FencingToken last = null;
        for (var cycle = 0; cycle < 50; cycle++) {
            var node = cycle % 2 == 0 ? coordinator() : fixture.secondNode();
            try (var lease = acquired(node.tryAcquire(ALICE, ONE, fixture.patience()))) {
                assertGrows(last, lease.token(), "cycle " + cycle);
                last = lease.token();
            }
        }
    }

    @Test
    void aTokenStaysTheSameWhileItsLeaseIsHeld() throws Exception {
        try (var lease = acquire(ALICE)) {
            var token = lease.token();
            ask(TWO, Duration.ZERO);
            try (var other = acquire(new MaildropId("contract:bob"))) {
                assertHeld(other);
            }
            assertEquals(token, lease.token());
        }
    }

    // Releasing

    @Test
    void releaseFreesTheLockBeforeItReturns() throws Exception {
        for (var cycle = 0; cycle < 50; cycle++) {
            var lease = acquire(ALICE);
            lease.close();
            acquired(ask(TWO, Duration.ZERO)).close();
        }
    }

    @Test
    void releaseIsIdempotentAndFreesNobodyElsesLock() throws Exception {
        var old = acquire(ALICE);
        old.close();
        assertEquals(Duration.ZERO, old.remaining());
        old.close();
        try (var young = acquire(ALICE)) {
            old.close();
            assertHeld(young);
            assertInstanceOf(Acquisition.Busy.class, ask(TWO, Duration.ZERO));
        }
    }

    @Test
    void aReleasedLeaseIsNotTakenUpAgain() throws Exception {
        var lease = acquire(ALICE);
        lease.close();
        assertFalse(lease.reacquireIfUnclaimed());
        acquire(ALICE).close();
    }

    @Test
    void manyThreadsMayReleaseTheSameLease() throws Exception {
        for (var round = 0; round < 50; round++) {
            var lease = acquire(ALICE);
            var first = threads.submit(lease::close);
            var second = threads.submit(lease::close);
            result(first);
            result(second);
        }
        acquired(ask(TWO, Duration.ZERO)).close();
    }

    // Losing

    @Test
    @SuppressWarnings("try") // a lost lease is released while somebody else holds the lock
    void revokeTakesTheLockAndTellsItsHolder() throws Exception {
        try (var old = acquire(ALICE)) {
            var told = new CopyOnWriteArrayList<Loss>();
            old.onLost(told::add);
            assertEquals(List.of(), told);
            coordinator().revoke(ALICE);
            assertEquals(Duration.ZERO, old.remaining());
            await().atMost(fixture.patience())
                    .untilAsserted(() -> assertEquals(List.of(Loss.REVOKED), told));
            try (var young = acquire(ALICE)) {
                assertGrows(old.token(), young.token(), "after a revoke");
                old.close();
                assertHeld(young);
                assertInstanceOf(Acquisition.Busy.class, ask(TWO, Duration.ZERO));
            }
        }
    }

    @Test
    void revokeOfAFreeLockDoesNothing() throws Exception {
        coordinator().revoke(ALICE);
        try (var lease = acquire(ALICE)) {
            coordinator().revoke(new MaildropId("contract:bob"));
            assertHeld(lease);
        }
        coordinator().revoke(ALICE);
        acquire(ALICE).close();
    }

    @Test
    void aLossIsToldOnceEvenIfRevokedAgain() throws Exception {
        try (var lease = acquire(ALICE)) {
            var told = new CopyOnWriteArrayList<Loss>();
            lease.onLost(told::add);
            coordinator().revoke(ALICE);
            coordinator().revoke(ALICE);
            await().atMost(fixture.patience()).until(() -> !told.isEmpty());
            acquire(ALICE).close();
            coordinator().revoke(ALICE);
            assertEquals(List.of(Loss.REVOKED), told);
        }
    }

    @Test
    void aLossIsToldToWhoRegistersAfterIt() throws Exception {
        try (var lease = acquire(ALICE)) {
            coordinator().revoke(ALICE);
            var told = new CopyOnWriteArrayList<Loss>();
            lease.onLost(told::add);
            await().atMost(fixture.patience())
                    .untilAsserted(() -> assertEquals(List.of(Loss.REVOKED), told));
            coordinator().revoke(ALICE);
            assertEquals(List.of(Loss.REVOKED), told);
        }
    }

    @Test
    void aLossIsToldOnceWhenItMeetsTheRegistration() throws Exception {
        for (var round = 0; round < 100; round++) {
            try (var lease = acquire(ALICE)) {
                var told = new AtomicInteger();
                var start = new CountDownLatch(1);
                var revoke =
                        threads.submit(() -> {
                            start.await();
                            coordinator().revoke(ALICE);
                            return null;
                        });
                start.countDown();
                lease.onLost(_ -> told.incrementAndGet());
                result(revoke);
                await().pollDelay(Duration.ZERO)
                        .atMost(fixture.patience())
                        .until(() -> told.get() > 0);
                assertEquals(1, told.get(), "calls in round " + round);
            }
        }
    }

    @Test
    void aReleasedLeaseHearsNothing() throws Exception {
        var told = new CopyOnWriteArrayList<Loss>();
        var old = acquire(ALICE);
        old.onLost(told::add);
        old.close();
        old.onLost(told::add);
        coordinator().revoke(ALICE);
        var young = acquire(ALICE);
        var youngTold = new CopyOnWriteArrayList<Loss>();
        young.onLost(youngTold::add);
        coordinator().revoke(ALICE);
        await().atMost(fixture.patience())
                .untilAsserted(() -> assertEquals(List.of(Loss.REVOKED), youngTold));
        young.close();
        assertEquals(List.of(), told);
    }

    @Test
    void aListenerMayReleaseItsLease() throws Exception {
        var lease = acquire(ALICE);
        var released = new CountDownLatch(1);
        lease.onLost(_ -> {
            lease.close();
            released.countDown();
        });
        coordinator().revoke(ALICE);
        assertTrue(
                released.await(fixture.patience().toMillis(), TimeUnit.MILLISECONDS),
                "the listener is done");
        acquire(ALICE).close();
    }

    @Test
    void aListenerThatFailsHarmsNobody() throws Exception {
        try (var lease = acquire(ALICE);
                var other = acquire(new MaildropId("contract:bob"))) {
            lease.onLost(_ -> {
                throw new IllegalStateException("a listener fails, as the test asks");
            });
            coordinator().revoke(ALICE);
            assertHeld(other);
            acquire(ALICE).close();
        }
    }

    // Taking up again

    @Test
    void aLostLeaseIsTakenUpAgainIfNobodyHadItSince() throws Exception {
        try (var lease = acquire(ALICE)) {
            var token = lease.token();
            coordinator().revoke(ALICE);
            assertEquals(Duration.ZERO, lease.remaining());
            assertTrue(lease.reacquireIfUnclaimed());
            assertEquals(token, lease.token());
            assertHeld(lease);
            assertInstanceOf(Acquisition.Busy.class, ask(TWO, Duration.ZERO));
        }
        acquired(ask(TWO, Duration.ZERO)).close();
    }

    @Test
    void aLeaseTakenUpAgainCanBeLostAgain() throws Exception {
        try (var lease = acquire(ALICE)) {
            coordinator().revoke(ALICE);
            assertTrue(lease.reacquireIfUnclaimed());
            var told = new CopyOnWriteArrayList<Loss>();
            lease.onLost(told::add);
            assertEquals(List.of(), told);
            coordinator().revoke(ALICE);
            await().atMost(fixture.patience())
                    .untilAsserted(() -> assertEquals(List.of(Loss.REVOKED), told));
        }
    }

    @Test
    void aLostLeaseIsNotTakenUpAgainWhileSomebodyHasIt() throws Exception {
        try (var old = acquire(ALICE)) {
            coordinator().revoke(ALICE);
            try (var young = acquire(ALICE)) {
                assertFalse(old.reacquireIfUnclaimed());
                assertEquals(Duration.ZERO, old.remaining());
                assertHeld(young);
            }
        }
    }

    @Test
    void aLostLeaseIsNotTakenUpAgainAfterSomebodyHadIt() throws Exception {
        try (var old = acquire(ALICE)) {
            coordinator().revoke(ALICE);
            acquire(ALICE).close();
            assertFalse(old.reacquireIfUnclaimed());
            assertEquals(Duration.ZERO, old.remaining());
            acquired(ask(TWO, Duration.ZERO)).close();
        }
    }

    // Interruption

    @Test
    void whoIsInterruptedWhileWaitingHoldsNothing() throws Exception {
        var lease = acquire(ALICE);
        var next = waiter(coordinator());
        var start = System.nanoTime();
        next.thread().interrupt();
        var outcome =
                assertThrows(
                        ExecutionException.class,
                        () -> next.task().get(90, TimeUnit.SECONDS),
                        "an interrupted waiter throws InterruptedException");
        assertInstanceOf(InterruptedException.class, outcome.getCause());
        assertBelow(fixture.patience().dividedBy(2), start);
        lease.close();
        acquired(ask(ONE, Duration.ZERO)).close();
    }

    @Test
    void anInterruptThatMeetsTheReleaseLeaksNothing() throws Exception {
        for (var round = 0; round < 100; round++) {
            var lease = acquire(ALICE);
            var waiting = new CountDownLatch(1);
            var waiter =
                    Thread.ofVirtual()
                            .start(() -> {
                                waiting.countDown();
                                try {
                                    if (ask(TWO, fixture.patience())
                                            instanceof Acquisition.Acquired(var got)) {
                                        got.close();
                                    }
                                } catch (InterruptedException mayBe) {
                                    Thread.currentThread().interrupt();
                                }
                            });
            waiting.await();
            var release = threads.submit(lease::close);
            waiter.interrupt();
            result(release);
            waiter.join(fixture.patience());
            acquired(ask(ONE, Duration.ZERO)).close();
        }
    }

    // The end

    @Test
    void closeTellsEveryHolder() throws Exception {
        var told = new CopyOnWriteArrayList<Loss>();
        var leases = new ArrayList<Lease>();
        for (var i = 0; i < 10; i++) {
            var lease = acquire(new MaildropId("contract:held/" + i));
            lease.onLost(told::add);
            leases.add(lease);
        }
        coordinator().close();
        await().atMost(fixture.patience())
                .untilAsserted(() -> assertEquals(Collections.nCopies(10, Loss.SHUTDOWN), told));
        for (var lease : leases) {
            assertEquals(Duration.ZERO, lease.remaining());
            assertFalse(lease.reacquireIfUnclaimed());
            lease.close();
        }
        assertEquals(10, told.size());
    }

    @Test
    void afterCloseNobodyGetsALock() throws Exception {
        coordinator().close();
        assertInstanceOf(Acquisition.Unavailable.class, ask(ONE, Duration.ZERO));
        assertInstanceOf(Acquisition.Unavailable.class, ask(ONE, Duration.ofMillis(100)));
        coordinator().revoke(ALICE);
    }

    @Test
    void closeSendsAwayWhoWaits() throws Exception {
        var lease = acquire(ALICE);
        var next = waiter(coordinator());
        var start = System.nanoTime();
        coordinator().close();
        var outcome = result(next.task());
        assertFalse(outcome instanceof Acquisition.Acquired, "a lock after the end");
        assertBelow(fixture.patience().dividedBy(2), start);
        lease.close();
    }

    // Several nodes

    @Test
    void aLockIsBusyOnEveryNode() throws Exception {
        needs(Ability.SECOND_NODE);
        var second = fixture.secondNode();
        try (var lease = acquire(ALICE)) {
            var busy =
                    assertInstanceOf(
                            Acquisition.Busy.class,
                            second.tryAcquire(ALICE, TWO, Duration.ofMillis(200)));
            assertEquals(ONE, busy.holder());
            assertHeld(lease);
        }
        try (var lease = acquired(second.tryAcquire(ALICE, TWO, Duration.ZERO))) {
            var busy = assertInstanceOf(Acquisition.Busy.class, ask(ONE, Duration.ZERO));
            assertEquals(TWO, busy.holder());
            assertHeld(lease);
        }
    }

    @Test
    void whoWaitsOnAnotherNodeGetsTheLock() throws Exception {
        needs(Ability.SECOND_NODE);
        var lease = acquire(ALICE);
        var next = waiter(fixture.secondNode());
        lease.close();
        try (var handedOver = acquired(result(next.task()))) {
            assertGrows(lease.token(), handedOver.token(), "after a hand-over between nodes");
        }
    }

    @Test
    void nodesExcludeEachOther() throws Exception {
        needs(Ability.SECOND_NODE);
        var inside = new AtomicInteger();
        var tokens = Collections.synchronizedList(new ArrayList<FencingToken>());
        var nodes = List.of(coordinator(), fixture.secondNode());
        var running = new ArrayList<Future<Void>>();
        for (var i = 0; i < 8; i++) {
            var node = nodes.get(i % 2);
            running.add(
                    threads.submit(() -> {
                        for (var round = 0; round < 10; round++) {
                            try (var lease = acquired(askPatiently(node, ALICE))) {
                                assertEquals(1, inside.incrementAndGet(), "holders");
                                LockSupport.parkNanos(500_000); // so that others meet it
                                tokens.add(lease.token());
                                inside.decrementAndGet();
                            }
                        }
                        return null;
                    }));
        }
        for (var one : running) {
            result(one);
        }
        assertEquals(80, tokens.size());
        assertEquals(tokens.stream().sorted().distinct().toList(), tokens, "order of tokens");
    }

    @Test
    @SuppressWarnings("try") // a lost lease is released while somebody else holds the lock
    void revokeReachesAHolderOnAnotherNode() throws Exception {
        needs(Ability.SECOND_NODE);
        try (var old = acquire(ALICE)) {
            var told = new CopyOnWriteArrayList<Loss>();
            old.onLost(told::add);
            fixture.secondNode().revoke(ALICE);
            try (var young =
                    acquired(fixture.secondNode().tryAcquire(ALICE, TWO, fixture.patience()))) {
                assertGrows(old.token(), young.token(), "after a revoke from another node");
                await().atMost(fixture.patience().plus(fixture.ttl()))
                        .untilAsserted(() -> assertEquals(List.of(Loss.REVOKED), told));
                assertEquals(Duration.ZERO, old.remaining());
                assertFalse(old.reacquireIfUnclaimed());
                old.close();
                assertHeld(young);
                assertInstanceOf(Acquisition.Busy.class, ask(ONE, Duration.ZERO));
            }
        }
    }

    @Test
    void aLockOfANodeThatCrashedIsFreeInTime() throws Exception {
        needs(Ability.CRASH);
        var lost = acquire(ALICE);
        var second = fixture.secondNode();
        assertInstanceOf(Acquisition.Busy.class, second.tryAcquire(ALICE, TWO, Duration.ZERO));
        fixture.crash();
        try (var young = acquired(askPatiently(second, ALICE))) {
            assertGrows(lost.token(), young.token(), "after a crash");
        }
    }

    @Test
    void aLeaseStaysWithoutAnyWordFromItsClient() throws Exception {
        needs(Ability.EXPIRY);
        try (var lease = acquire(ALICE)) {
            lease.onLost(loss -> fail("lost by " + loss));
            var second = fixture.secondNode();
            await().during(fixture.ttl().multipliedBy(2))
                    .atMost(fixture.ttl().multipliedBy(3))
                    .until(() ->
                            lease.remaining().isPositive()
                                    && second.tryAcquire(ALICE, TWO, Duration.ZERO)
                                            instanceof Acquisition.Busy);
        }
    }

    @Test
    @SuppressWarnings("try") // a lost lease is released while somebody else holds the lock
    void aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt() throws Exception {
        needs(Ability.EXPIRY);
        try (var old = acquire(ALICE)) {
            var told = new CopyOnWriteArrayList<Loss>();
            old.onLost(told::add);
            var second = fixture.secondNode();
            fixture.pause();
            try (var young = acquired(askPatiently(second, ALICE))) {
                assertEquals(Duration.ZERO, old.remaining(), "remaining() of the stopped holder");
                assertGrows(old.token(), young.token(), "after a takeover");
                fixture.resume();
                await().atMost(fixture.patience().plus(fixture.ttl())).until(() -> !told.isEmpty());
                assertEquals(1, told.size());
                assertTrue(
                        told.getFirst() == Loss.EXPIRED || told.getFirst() == Loss.UNREACHABLE,
                        "lost by " + told);
                assertEquals(Duration.ZERO, old.remaining(), "after it went on");
                assertFalse(old.reacquireIfUnclaimed());
                old.close();
                assertHeld(young);
                assertInstanceOf(Acquisition.Busy.class, ask(ONE, Duration.ZERO));
            }
        }
    }

    @Test
    void aLeaseThatExpiredUnclaimedMayBeTakenUpAgain() throws Exception {
        needs(Ability.EXPIRY);
        try (var lease = acquire(ALICE)) {
            fixture.pause();
            await().atMost(fixture.ttl().plus(fixture.patience()))
                    .until(() -> lease.remaining().isZero());
            fixture.resume();
            if (lease.reacquireIfUnclaimed()) {
                assertHeld(lease);
                assertInstanceOf(
                        Acquisition.Busy.class,
                        fixture.secondNode().tryAcquire(ALICE, TWO, Duration.ZERO));
            } else {
                acquired(askPatiently(ALICE)).close();
            }
        }
    }

    @Test
    void whatCannotBeFoundOutIsUnavailableAndNotFree() throws Exception {
        needs(Ability.CUT_OFF);
        fixture.cutOff();
        var said = assertInstanceOf(Acquisition.Unavailable.class, ask(ONE, Duration.ZERO));
        assertFalse(said.problem().isBlank());
        fixture.mend();
        acquired(askPatiently(ALICE)).close();
    }

    // Helpers

    private void needs(Ability ability) {
        assumeTrue(
                fixture.abilities().contains(ability),
                "not run: the fixture does not declare " + ability + " in abilities()");
    }

    private LockCoordinator coordinator() {
        return fixture.coordinator();
    }

    private Acquisition ask(LockOwner owner, Duration wait) throws InterruptedException {
        return coordinator().tryAcquire(ALICE, owner, wait);
    }

    /** Somebody who waits for alice's lock, and the thread that does. */
    private record Waiter(FutureTask<Acquisition> task, Thread thread) {}

    /** Starts one, and returns when it waits, or has come back. */
    private Waiter waiter(LockCoordinator node) {
        var task = new FutureTask<>(() -> node.tryAcquire(ALICE, TWO, fixture.patience()));
        var thread = Thread.ofVirtual().start(task);
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .atMost(fixture.patience())
                .until(() ->
                        switch (thread.getState()) {
                            case WAITING, TIMED_WAITING, TERMINATED -> true;
                            case NEW, RUNNABLE, BLOCKED -> false;
                        });
        return new Waiter(task, thread);
    }

    private Acquisition askPatiently(MaildropId id) throws InterruptedException {
        return askPatiently(coordinator(), id);
    }

    /** Asks again and again, for a minute at most. */
    private Acquisition askPatiently(LockCoordinator node, MaildropId id)
            throws InterruptedException {
        Acquisition outcome;
        var attempts = 0;
        do {
            outcome = node.tryAcquire(id, TWO, fixture.patience());
        } while (!(outcome instanceof Acquisition.Acquired) && ++attempts < 6);
        return outcome;
    }

    private Lease acquire(MaildropId id) throws InterruptedException {
        return acquired(coordinator().tryAcquire(id, ONE, fixture.patience()));
    }

    private static Lease acquired(Acquisition outcome) {
        assertNotNull(outcome, "tryAcquire() gave null");
        return switch (outcome) {
            case Acquisition.Acquired(var lease) -> lease;
            case Acquisition.Busy busy -> fail("not acquired: " + busy);
            case Acquisition.Unavailable(var problem, var cause) ->
                    throw new AssertionError("not acquired: " + problem, cause);
        };
    }

    private static void assertGrows(FencingToken last, FencingToken next, String when) {
        assertTrue(
                last == null || next.compareTo(last) > 0,
                () -> "token " + next + " after " + last + ", " + when);
    }

    private void assertHeld(Lease lease) {
        assertTrue(lease.remaining().isPositive(), "lost: the lease of " + lease.maildrop());
    }

    private static void assertBelow(Duration limit, long start) {
        var took = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(took.compareTo(limit) < 0, "it took " + took + ", more than " + limit);
    }

    private static <T> T result(Future<T> task) throws Exception {
        try {
            return task.get(90, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error failed) {
                throw failed;
            }
            throw new AssertionError("in another thread", e.getCause());
        }
    }
}
