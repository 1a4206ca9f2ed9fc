package io.postern.store.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MessageRef;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Mail and locks in one database: what a commit sees of the lock. */
class SameTransactionTest {
    private static final User ALICE = new User("alice");
    private static final LockOwner OWNER = new LockOwner("node", "session", "alice");

    private TestDatabase database;
    private final JdbcStore store = new JdbcStore();
    private final JdbcLocks locks = new JdbcLocks();
    private MaildropId id;

    @BeforeEach
    void begin() throws Exception {
        database = TestDatabase.inMemory();
        store.begin(database.over(database.source()));
        locks.begin(database.over(database.source()), Duration.ofSeconds(30));
        id = store.locate(ALICE);
        store.deliver(
                ALICE,
                new ByteArrayInputStream("Subject: x\n\ny\n".getBytes(StandardCharsets.US_ASCII)),
                Optional.empty());
    }

    @AfterEach
    void end() {
        locks.close();
        store.close();
        database.close();
    }

    @Test
    void theHolderCommits() throws Exception {
        try (var lease = acquire();
                var drop = store.open(id, lease.token())) {
            assertEquals(CommitResult.ok(1, 0), commitAll(drop, lease.token()));
        }
    }

    @Test
    void aRevokedLockIsSeenBeforeAnybodyElseHasIt() throws Exception {
        try (var lease = acquire();
                var drop = store.open(id, lease.token())) {
            locks.revoke(id);
            var result = commitAll(drop, lease.token());
            assertEquals(Status.FENCED, result.status());
            assertTrue(result.detail().contains("revoked"), result.detail());
        }
    }

    @Test
    @SuppressWarnings("try") // the second lease is only held
    void aLockThatSomebodyElseHasIsSeenBeforeHeOpensTheMaildrop() throws Exception {
        try (var lease = acquire();
                var drop = store.open(id, lease.token())) {
            locks.revoke(id);
            try (var other = acquire()) {
                assertEquals(Status.FENCED, commitAll(drop, lease.token()).status());
            }
        }
    }

    @Test
    void aRevokedLockOpensNothing() throws Exception {
        try (var lease = acquire()) {
            locks.revoke(id);
            var refused = assertThrows(Fault.class, () -> store.open(id, lease.token()).close());
            assertEquals(Fault.Kind.TEMPORARY, refused.kind());
        }
    }

    @Test
    void aLockTakenUpAgainCommits() throws Exception {
        try (var lease = acquire();
                var drop = store.open(id, lease.token())) {
            locks.revoke(id);
            assertTrue(lease.reacquireIfUnclaimed());
            assertEquals(CommitResult.ok(1, 0), commitAll(drop, lease.token()));
        }
    }

    @Test
    void afterTheReleaseNothingIsCommitted() throws Exception {
        var lease = acquire();
        try (var drop = store.open(id, lease.token())) {
            lease.close();
            assertEquals(Status.FENCED, commitAll(drop, lease.token()).status());
        }
    }

    @Test
    void aHigherTokenOfAnotherCoordinatorIsJudgedByTheMailboxAlone() throws Exception {
        acquire().close();
        var other = new FencingToken(Long.MAX_VALUE - 1, 1);
        try (var drop = store.open(id, other)) {
            assertEquals(CommitResult.ok(1, 0), commitAll(drop, other));
        }
        try (var lease = acquire()) {
            assertThrows(Fault.class, () -> store.open(id, lease.token()).close());
        }
    }

    @Test
    void tokensGrowOverTheLossOfTheDatabase() throws Exception {
        var last = acquire().token();
        try (var rebuilt = TestDatabase.inMemory();
                var young = new JdbcLocks()) {
            young.begin(rebuilt.over(rebuilt.source()), Duration.ofSeconds(30));
            try (var lease = acquired(young.tryAcquire(id, OWNER, Duration.ZERO))) {
                assertTrue(
                        lease.token().compareTo(last) > 0
                                || lease.token().generation() == last.generation(),
                        lease.token() + " after " + last);
            }
        }
    }

    private Lease acquire() throws InterruptedException {
        return acquired(locks.tryAcquire(id, OWNER, Duration.ofSeconds(10)));
    }

    private static Lease acquired(Acquisition outcome) {
        return assertInstanceOf(Acquisition.Acquired.class, outcome).lease();
    }

    private static CommitResult commitAll(Maildrop drop, FencingToken token) throws Exception {
        return drop.commit(
                new CommitRequest(
                        UUID.randomUUID(),
                        token,
                        List.of(new MessageRef(1, drop.listing().uniqueId(1))),
                        List.of(),
                        Duration.ofSeconds(60)));
    }
}
