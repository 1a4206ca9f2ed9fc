package io.postern.store.jdbc;

import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Locks that all servers on one database share: a row for each maildrop, and a row for each server
 * that says until when it lives, by the database's clock. One thread renews the server's row; what
 * clients do has no part in it, and any number of locks costs the same.
 *
 * <p>A lock is free where its row names no server, or one whose time is over. Who finds a server's
 * time over removes its row, and then takes the lock; the server finds its row gone at the next
 * renewal, counts all its locks as lost, and goes on under a new name. So no server's time is
 * prolonged after somebody took a lock from it.
 *
 * <p>Every statement stands for itself: no session state, no advisory lock. It works through a
 * pooler that gives each transaction another connection, as PgBouncer can; the URL then needs
 * {@code prepareThreshold=0}, unless the pooler knows prepared statements.
 *
 * <p>A token's generation is the database's time at the acquisition, or that of the lock's token
 * before, if that is later: tokens grow over the loss of the whole database, too, and over a change
 * from another coordinator.
 */
public final class JdbcLocks implements LockCoordinator {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcLocks.class);
    private static final String LEASE = "lease";
    private static final int CONNECTIONS = 4;

    /** Renewals in the time of one lease. */
    private static final int RENEWALS = 3;

    /** The part of a lease that is kept back for clocks that run at different speeds. */
    private static final int MARGIN = 6;

    /** Bounds of the pause between two looks at a lock that is not free, milliseconds. */
    private static final int SHORT_PAUSE = 20;

    private static final int LONG_PAUSE = 80;

    /** How long the row of a server that is gone is kept, milliseconds. */
    private static final long NODE_KEPT = 86_400_000L;

    private final Map<String, JdbcLease> leases = new ConcurrentHashMap<>();

    /** Acquisitions that must not stay, by nonce. */
    private final Map<String, Debt> owed = new ConcurrentHashMap<>();

    /** One renewal at a time. Taken before a lease's own lock. */
    private final ReentrantLock renewing = new ReentrantLock();

    private final CountDownLatch stopping = new CountDownLatch(1);
    private Database database;
    private long ttlMillis;

    /** Guarded by {@link #renewing}. */
    private long revocations;

    private volatile Node node;
    private volatile boolean closed;

    /**
     * A life of this server.
     *
     * @param until nanoTime until which its locks surely hold
     */
    private record Node(String id, long until) {}

    /**
     * A lock that is to be freed.
     *
     * @param until nanoTime of the last try
     */
    private record Debt(String key, long until) {}

    /** What a row says of its lock. */
    private record Row(Optional<String> node, boolean live, String nonce, LockOwner owner) {
        boolean held() {
            return node.isPresent() && live;
        }
    }

    @Override
    public String name() {
        return "jdbc";
    }

    @Override
    public List<Setting> settings() {
        var settings = new ArrayList<>(Database.settings(CONNECTIONS));
        settings.add(
                Setting.withDefault(
                                LEASE,
                                Setting.Kind.DURATION,
                                "PT30S",
                                "How long after a server's last word its locks are free for others;"
                                        + " the same on all servers.")
                        .between("PT3S", "PT10M"));
        return settings;
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        var _ = Database.access(config);
    }

    @Override
    public void start(PluginConfig config) throws Fault {
        var ttl = config.duration(LEASE);
        begin(Database.open(config, ttl.dividedBy(RENEWALS)), ttl);
    }

    /**
     * {@link #start} on a database whose tables are there.
     *
     * @param opened closed with this coordinator
     */
    void begin(Database opened, Duration ttl) throws Fault {
        database = opened;
        ttlMillis = ttl.toMillis();
        try {
            register();
        } catch (SQLException e) {
            throw Fault.temporary("the lock tables cannot be written: " + e.getMessage(), e);
        }
        Thread.ofPlatform().daemon().name("jdbc-locks").start(this::keepAlive);
    }

    @Override
    public Scope scope() {
        return Scope.CLUSTER;
    }

    @Override
    public Acquisition tryAcquire(MaildropId id, LockOwner owner, Duration maxWait)
            throws InterruptedException {
        var deadline = System.nanoTime() + maxWait.toNanos();
        while (true) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (closed) {
                return new Acquisition.Unavailable("the server is stopping", null);
            }
            var attempt = attempt(id, owner);
            if (attempt.isPresent() && !(attempt.get() instanceof Acquisition.Busy)) {
                return attempt.get();
            }
            var left = (deadline - System.nanoTime()) / 1_000_000;
            if (attempt.isPresent()) {
                if (left <= 0) {
                    return attempt.get();
                }
                Thread.sleep(
                        Math.min(
                                left,
                                ThreadLocalRandom.current().nextInt(SHORT_PAUSE, LONG_PAUSE)));
            }
        }
    }

    @Override
    public void revoke(MaildropId id) {
        if (closed) {
            return;
        }
        try {
            var nonce = database.transaction(connection -> revoke(connection, Ids.key(id.value())));
            var lease = nonce.map(leases::get);
            lease.ifPresent(lost -> lost.lose(Lease.Loss.REVOKED));
        } catch (SQLException e) {
            LOG.error("the lock of {} is not revoked: {}", id, Fault.words(e));
        }
    }

    /** Every holder is told, then all locks are free at once. */
    @Override
    public void close() {
        closed = true;
        stopping.countDown();
        leases.values().forEach(lease -> lease.lose(Lease.Loss.SHUTDOWN));
        if (database == null) {
            return;
        }
        renewing.lock();
        try {
            var last = node;
            if (last != null) {
                database.transaction(connection -> bury(connection, last.id()));
                node = null;
            }
        } catch (SQLException e) {
            LOG.warn("the locks of this server stay until its lease is over: {}", Fault.words(e));
        } finally {
            renewing.unlock();
        }
        database.close();
    }

    /** How long the locks of a life of this server surely hold yet. */
    Duration remaining(String life) {
        var now = node;
        if (closed || now == null || !now.id().equals(life)) {
            return Duration.ZERO;
        }
        return Duration.ofNanos(Math.max(0, now.until() - System.nanoTime()));
    }

    /**
     * Renews the server's row and does what is owed: for the heart, and where it beats too late.
     */
    void beat() {
        renewing.lock();
        try {
            if (closed) {
                return;
            }
            payOwed();
            renew();
        } catch (SQLException | RuntimeException e) {
            LOG.warn("this server's lease in the lock database is not renewed: {}", Fault.words(e));
            LOG.debug("this server's lease in the lock database is not renewed", e);
            if (node.until() - System.nanoTime() <= 0) {
                leases.values().forEach(lease -> lease.lose(Lease.Loss.UNREACHABLE));
            }
        } finally {
            renewing.unlock();
        }
    }

    /**
     * Takes an acquisition's row again if no other came after it.
     *
     * @return the life of this server that has it now; empty if somebody else had it, or if that
     *     cannot be found out
     */
    Optional<String> reacquire(JdbcLease lease) {
        var mine = liveNode();
        if (mine.isEmpty()) {
            return Optional.empty();
        }
        try {
            return database.transaction(connection -> {
                try (var update =
                        connection.prepareStatement(
                                "UPDATE pop3_lock SET node = ? WHERE lock_key = ?"
                                        + " AND nonce = ?")) {
                    update.setString(1, mine.get().id());
                    update.setString(2, Ids.key(lease.maildrop().value()));
                    update.setString(3, lease.nonce());
                    return update.executeUpdate() == 1
                            ? Optional.of(mine.get().id())
                            : Optional.empty();
                }
            });
        } catch (SQLException e) {
            LOG.warn(
                    "the lock of {} cannot be taken up again: {}",
                    lease.maildrop(),
                    Fault.words(e));
            return Optional.empty();
        }
    }

    /** Tells a lease that the server stopped or went on under another name meanwhile. */
    void recheck(JdbcLease lease) {
        var now = node;
        if (closed) {
            lease.lose(Lease.Loss.SHUTDOWN);
        } else if (now == null || !now.id().equals(lease.node())) {
            lease.lose(Lease.Loss.EXPIRED);
        }
    }

    /** Frees the lock, unless another acquisition came after this one. */
    void release(JdbcLease lease) {
        leases.remove(lease.nonce());
        if (!closed) {
            var key = Ids.key(lease.maildrop().value());
            try {
                database.transaction(connection -> free(connection, key, lease.nonce()));
            } catch (SQLException e) {
                LOG.warn(
                        "the lock of {} is not released yet, and will be: {}",
                        lease.maildrop(),
                        Fault.words(e));
                owe(key, lease.nonce());
            }
        }
    }

    /** The statement may be running yet: it is freed again and again for a while. */
    private void owe(String key, String nonce) {
        owed.put(nonce, new Debt(key, System.nanoTime() + 2 * ttlMillis * 1_000_000));
    }

    private void payOwed() throws SQLException {
        for (var debt : Map.copyOf(owed).entrySet()) {
            var nonce = debt.getKey();
            var key = debt.getValue().key();
            var freed = database.transaction(connection -> free(connection, key, nonce));
            if (freed > 0 || debt.getValue().until() - System.nanoTime() < 0) {
                owed.remove(nonce);
            }
        }
    }

    private static int free(Connection connection, String key, String nonce) throws SQLException {
        try (var update =
                connection.prepareStatement(
                        "UPDATE pop3_lock SET node = NULL WHERE lock_key = ? AND nonce = ?"
                                + " AND node IS NOT NULL")) {
            update.setString(1, key);
            update.setString(2, nonce);
            return update.executeUpdate();
        }
    }

    /** One look at the lock, and one try if it is free; empty if somebody else was faster. */
    private Optional<Acquisition> attempt(MaildropId id, LockOwner owner) {
        var mine = liveNode();
        if (mine.isEmpty()) {
            return Optional.of(
                    new Acquisition.Unavailable(
                            closed
                                    ? "the server is stopping"
                                    : "this server's lease in the lock database is not renewed",
                            null));
        }
        var key = Ids.key(id.value());
        var nonce = Ids.random();
        var life = mine.get().id();
        try {
            var row = database.transaction(connection -> read(connection, key));
            if (row.isPresent() && row.get().held()) {
                return Optional.of(new Acquisition.Busy(row.get().owner()));
            }
            var token =
                    database.transaction(connection -> {
                        if (row.isEmpty()) {
                            insert(connection, key, id, owner, life, nonce);
                        } else if (!update(connection, key, row.get(), owner, life, nonce)) {
                            return Optional.<FencingToken>empty();
                        }
                        return Optional.of(token(connection, key));
                    });
            if (token.isEmpty()) {
                return Optional.empty();
            }
            var lease = new JdbcLease(this, id, token.get(), nonce, life);
            leases.put(nonce, lease);
            recheck(lease);
            if (closed) {
                lease.close();
                return Optional.of(new Acquisition.Unavailable("the server is stopping", null));
            }
            return Optional.of(new Acquisition.Acquired(lease));
        } catch (SQLException e) {
            if (duplicate(e)) {
                return Optional.empty();
            }
            if (!closed) {
                owe(key, nonce);
            }
            return Optional.of(
                    new Acquisition.Unavailable("the lock database fails: " + e.getMessage(), e));
        }
    }

    private Optional<Row> read(Connection connection, String key) throws SQLException {
        try (var query =
                connection.prepareStatement(
                        "SELECT l.node, l.nonce, l.owner_node, l.owner_session,"
                                + " l.owner_name,"
                                + " CASE WHEN n.expires > "
                                + database.clock()
                                + " THEN 1 ELSE 0 END"
                                + " FROM pop3_lock l LEFT JOIN pop3_node n ON n.id = l.node"
                                + " WHERE l.lock_key = ?")) {
            query.setString(1, key);
            try (var rows = query.executeQuery()) {
                if (!rows.next()) {
                    return Optional.empty();
                }
                return Optional.of(
                        new Row(
                                Optional.ofNullable(rows.getString(1)),
                                rows.getInt(6) == 1,
                                rows.getString(2),
                                new LockOwner(
                                        rows.getString(3), rows.getString(4), rows.getString(5))));
            }
        }
    }

    private void insert(
            Connection connection,
            String key,
            MaildropId id,
            LockOwner owner,
            String life,
            String nonce)
            throws SQLException {
        var clock = database.clock();
        try (var insert =
                connection.prepareStatement(
                        "INSERT INTO pop3_lock (node, nonce, owner_node, owner_session, owner_name,"
                                + " lock_key, maildrop, generation, counter, acquired)"
                                + " VALUES (?, ?, ?, ?, ?, ?, ?, "
                                + clock
                                + ", 1, "
                                + clock
                                + ")")) {
            insert.setString(1, life);
            insert.setString(2, nonce);
            insert.setString(3, Ids.readable(owner.node(), 255));
            insert.setString(4, Ids.readable(owner.session(), 255));
            insert.setString(5, Ids.readable(owner.user(), 255));
            insert.setString(6, key);
            insert.setString(7, Ids.readable(id.value(), 1024));
            insert.executeUpdate();
        }
    }

    /** Takes a lock that was free or stale when {@code row} was read, if nothing changed since. */
    private boolean update(
            Connection connection, String key, Row row, LockOwner owner, String life, String nonce)
            throws SQLException {
        if (row.node().isPresent() && !buried(connection, row.node().get())) {
            return false;
        }
        var clock = database.clock();
        try (var update =
                connection.prepareStatement(
                        "UPDATE pop3_lock SET generation = GREATEST(generation, "
                                + clock
                                + "), counter = counter + 1, node = ?, nonce = ?, owner_node = ?,"
                                + " owner_session = ?, owner_name = ?, acquired = "
                                + clock
                                + " WHERE lock_key = ? AND nonce = ? AND "
                                + (row.node().isPresent() ? "node = ?" : "node IS NULL"))) {
            update.setString(1, life);
            update.setString(2, nonce);
            update.setString(3, Ids.readable(owner.node(), 255));
            update.setString(4, Ids.readable(owner.session(), 255));
            update.setString(5, Ids.readable(owner.user(), 255));
            update.setString(6, key);
            update.setString(7, row.nonce());
            if (row.node().isPresent()) {
                update.setString(8, row.node().get());
            }
            return update.executeUpdate() == 1;
        }
    }

    /** Removes the row of a server whose time is over, for good. */
    private boolean buried(Connection connection, String life) throws SQLException {
        try (var delete =
                        connection.prepareStatement(
                                "DELETE FROM pop3_node WHERE id = ? AND expires <= "
                                        + database.clock());
                var query = connection.prepareStatement("SELECT id FROM pop3_node WHERE id = ?")) {
            delete.setString(1, life);
            if (delete.executeUpdate() == 1) {
                return true;
            }
            query.setString(1, life);
            try (var rows = query.executeQuery()) {
                return !rows.next();
            }
        }
    }

    private static int bury(Connection connection, String life) throws SQLException {
        try (var delete = connection.prepareStatement("DELETE FROM pop3_node WHERE id = ?")) {
            delete.setString(1, life);
            return delete.executeUpdate();
        }
    }

    private static FencingToken token(Connection connection, String key) throws SQLException {
        try (var query =
                connection.prepareStatement(
                        "SELECT generation, counter FROM pop3_lock WHERE lock_key = ?")) {
            query.setString(1, key);
            try (var rows = query.executeQuery()) {
                if (!rows.next()) {
                    throw new SQLException("a row of pop3_lock has gone");
                }
                return new FencingToken(rows.getLong(1), rows.getLong(2));
            }
        }
    }

    /** Frees the lock and makes its server look. */
    private static Optional<String> revoke(Connection connection, String key) throws SQLException {
        try (var query =
                        connection.prepareStatement(
                                "SELECT nonce, node FROM pop3_lock WHERE lock_key = ?"
                                        + " AND node IS NOT NULL FOR UPDATE");
                var look =
                        connection.prepareStatement(
                                "UPDATE pop3_node SET revocations = revocations + 1"
                                        + " WHERE id = ?")) {
            query.setString(1, key);
            String nonce;
            try (var rows = query.executeQuery()) {
                if (!rows.next()) {
                    return Optional.empty();
                }
                nonce = rows.getString(1);
                look.setString(1, rows.getString(2));
            }
            free(connection, key, nonce);
            look.executeUpdate();
            return Optional.of(nonce);
        }
    }

    /** This server's life, renewed first if it is nearly over. */
    private Optional<Node> liveNode() {
        var now = node;
        if (now == null || now.until() - System.nanoTime() <= 0) {
            beat();
            now = node;
        }
        return Optional.ofNullable(now)
                .filter(alive -> !closed && alive.until() - System.nanoTime() > 0);
    }

    private void keepAlive() {
        try {
            while (!stopping.await(ttlMillis / RENEWALS, TimeUnit.MILLISECONDS)) {
                beat();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does; the locks then expire
        }
    }

    private void renew() throws SQLException {
        var life = node.id();
        var until = until();
        var seen =
                database.transaction(connection -> {
                    try (var update =
                                    connection.prepareStatement(
                                            "UPDATE pop3_node SET expires = "
                                                    + database.clock()
                                                    + " + ? WHERE id = ? AND expires > "
                                                    + database.clock());
                            var query =
                                    connection.prepareStatement(
                                            "SELECT revocations FROM pop3_node WHERE id = ?")) {
                        update.setLong(1, ttlMillis);
                        update.setString(2, life);
                        if (update.executeUpdate() == 0) {
                            return Optional.<Long>empty();
                        }
                        query.setString(1, life);
                        try (var rows = query.executeQuery()) {
                            return rows.next()
                                    ? Optional.of(rows.getLong(1))
                                    : Optional.<Long>empty();
                        }
                    }
                });
        if (seen.isEmpty()) {
            LOG.warn("this server's lease in the lock database was over before it was renewed");
            register();
            var next = node.id();
            leases.values().forEach(lease -> lease.loseUnlessOf(next, Lease.Loss.EXPIRED));
            return;
        }
        node = new Node(life, until);
        if (seen.get() != revocations) {
            loseRevoked(life);
            revocations = seen.get();
        }
    }

    /** Begins a new life. */
    private void register() throws SQLException {
        var life = Ids.random();
        var until = until();
        database.transaction(connection -> {
            try (var tidy =
                            connection.prepareStatement(
                                    "DELETE FROM pop3_node WHERE expires < "
                                            + database.clock()
                                            + " - ?");
                    var insert =
                            connection.prepareStatement(
                                    "INSERT INTO pop3_node (id, expires, revocations) VALUES (?, "
                                            + database.clock()
                                            + " + ?, 0)")) {
                tidy.setLong(1, NODE_KEPT);
                tidy.executeUpdate();
                insert.setString(1, life);
                insert.setLong(2, ttlMillis);
                return insert.executeUpdate();
            }
        });
        revocations = 0;
        node = new Node(life, until);
    }

    /** Counted from before the statement is sent. */
    private long until() {
        return System.nanoTime() + (ttlMillis - ttlMillis / MARGIN) * 1_000_000;
    }

    private void loseRevoked(String life) throws SQLException {
        var mine =
                leases.values().stream()
                        .filter(lease -> lease.held() && lease.node().equals(life))
                        .toList();
        var there =
                database.transaction(connection -> {
                    var nonces = new HashSet<String>();
                    try (var query =
                            connection.prepareStatement(
                                    "SELECT nonce FROM pop3_lock WHERE node = ?")) {
                        query.setString(1, life);
                        try (var rows = query.executeQuery()) {
                            while (rows.next()) {
                                nonces.add(rows.getString(1));
                            }
                        }
                    }
                    return nonces;
                });
        for (var lease : mine) {
            if (!there.contains(lease.nonce())) {
                lease.lose(Lease.Loss.REVOKED);
            }
        }
    }

    private static boolean duplicate(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("23");
    }
}
