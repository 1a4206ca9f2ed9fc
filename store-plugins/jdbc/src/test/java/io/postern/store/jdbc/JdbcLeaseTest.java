package io.postern.store.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.lock.Lease.Loss;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class JdbcLeaseTest {
    private static final MaildropId ALICE = new MaildropId("test:alice");
    private static final LockOwner OWNER = new LockOwner("node", "session", "alice");

    /** The heart tells all leases of a life that is over, one by one, while sessions go on. */
    @Test
    void theEndOfALifeIsNotToldToALeaseThatWasTakenUpAgainInTheNext() throws Exception {
        try (var database = TestDatabase.inMemory();
                var locks = new JdbcLocks()) {
            locks.begin(database.over(database.source()), Duration.ofMinutes(1));
            var outcome = locks.tryAcquire(ALICE, OWNER, Duration.ZERO);
            var lease = (JdbcLease) assertInstanceOf(Acquisition.Acquired.class, outcome).lease();
            var told = new ArrayList<Loss>();
            lease.onLost(told::add);
            database.over(database.source())
                    .transaction(connection -> {
                        try (var delete = connection.prepareStatement("DELETE FROM pop3_node")) {
                            return delete.executeUpdate();
                        }
                    });
            var first = lease.node();
            locks.beat();
            assertEquals(List.of(Loss.EXPIRED), told);

            assertTrue(lease.reacquireIfUnclaimed());
            lease.onLost(told::add);
            lease.loseUnlessOf(lease.node(), Loss.EXPIRED);
            assertTrue(lease.remaining().isPositive());
            assertEquals(1, told.size());

            lease.loseUnlessOf(first, Loss.EXPIRED);
            assertEquals(2, told.size(), "a later life than the lease's begins");
        }
    }
}
