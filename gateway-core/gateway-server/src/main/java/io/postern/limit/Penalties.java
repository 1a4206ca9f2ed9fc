package io.postern.limit;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.LongSupplier;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Remembers failed logins across sessions, by {@link Prefix} and by account, and says how long the
 * next one has to wait. The delay says nothing about an account: it goes by what clients typed, and
 * is the same whether that exists or not, whether the password is right or wrong.
 *
 * <p>What is counted is forgiven one by one, each after {@link #FORGIVEN} without a further one. A
 * login that succeeds takes back a few of that client's own failures at that account, and nothing
 * else: neither an account of his own nor the owner's login makes an attacker clean. From then on
 * the client does not wait there for what others do to the account or from the same address.
 *
 * <p>Clients of trusted networks, such as a webmail, are many people behind one address: it is not
 * counted. What is counted is a trusted client's failures at one account, and those of all trusted
 * clients together, both with more free ones; the latter slows down only logins to accounts where
 * the client has not logged in before.
 *
 * <p>The tables are bounded, and keep keyed digests only. What there is no place for pushes the
 * least out, by count, and takes that count over: who fills the table gains nothing by it. A place
 * is found by a digest with a secret key, so that nobody can aim. Any thread.
 */
public final class Penalties {
    /** After this time without another one, one failure is forgiven. */
    static final Duration FORGIVEN = Duration.ofMinutes(2);

    /** Failures of one address that cost nothing: people share it, and mistype. */
    static final int FREE_BY_ADDRESS = 9;

    /** Failures at one account that cost nothing. */
    static final int FREE_BY_ACCOUNT = 1;

    /** Failures of a trusted client at one account that cost nothing. */
    static final int FREE_BY_TRUSTED = 9;

    /** Failures of all trusted clients together that cost nothing. */
    static final int FREE_OF_ALL_TRUSTED = 100;

    /** After this time one failure of all trusted clients together is forgiven. */
    static final Duration FORGIVEN_TO_TRUSTED = Duration.ofSeconds(1);

    /** Failures of all trusted clients together that double their delay. */
    static final int DOUBLED = 20;

    /** Most that is remembered of all trusted clients together. */
    private static final int MOST_OF_TRUSTED = FREE_OF_ALL_TRUSTED + 6 * DOUBLED;

    /** Most that is remembered of one key. */
    private static final int MOST = 24;

    /** Own failures that a success takes back. Enough for typing errors. */
    static final int TAKEN_BACK = 5;

    /** Wrong passwords of one account that are known again. */
    private static final int PASSWORDS = 4;

    /** Places with a common beginning of their digest. */
    private static final int WAYS = 8;

    private static final int SETS = 8192;

    /** What the digest is of. The same octets mean nothing in another use. */
    private enum Use {
        ADDRESS('a'),
        ACCOUNT('u'),
        PAIR('c'),
        PASSWORD('p');

        final byte mark;

        Use(char mark) {
            this.mark = (byte) mark;
        }
    }

    private static final class Entry {
        final long key;
        int failures;
        long changedAt;

        /** Of an account, or a trusted client at one: the last wrong passwords, digested. */
        long[] passwords;

        /** Of a client at an account: whether it has logged in. */
        boolean known;

        Entry(long key) {
            this.key = key;
        }
    }

    private final Duration first;
    private final Duration most;
    private final Networks trusted;
    private final LongSupplier nanoTime;
    private final SecretKeySpec secret;

    // Guarded by this object's monitor.
    private final Table counts;
    private final Table pairs;
    private int byTrusted;
    private long byTrustedAt;

    /**
     * @param first delay, doubled with each failure; zero for none ever
     * @param most where the doubling ends
     * @param trusted networks whose clients are not counted by address
     * @param nanoTime as {@link System#nanoTime}
     */
    public Penalties(Duration first, Duration most, Networks trusted, LongSupplier nanoTime) {
        this(first, most, trusted, nanoTime, SETS);
    }

    Penalties(Duration first, Duration most, Networks trusted, LongSupplier nanoTime, int sets) {
        this.first = first;
        this.most = most;
        this.trusted = trusted;
        this.nanoTime = nanoTime;
        counts = new Table(sets, true);
        pairs = new Table(sets, false);
        byTrustedAt = nanoTime.getAsLong();
        var octets = new byte[32];
        new SecureRandom().nextBytes(octets);
        secret = new SecretKeySpec(octets, "HmacSHA256");
        Arrays.fill(octets, (byte) 0);
        // Java looks for its providers at the first use: not while a client waits.
        var _ = digest(Use.ADDRESS);
    }

    /**
     * How long a login has to wait before anybody looks at it.
     *
     * @param account what was typed, folded as the directories fold it; empty where there was no
     *     name, so that the address alone counts
     */
    public Duration delay(InetAddress client, String account) {
        if (first.isZero()) {
            return Duration.ZERO;
        }
        var pair = digest(Use.PAIR, prefix(client), octets(account));
        if (trusted.contains(client)) {
            synchronized (this) {
                return trustedDelay(account.isEmpty() ? null : pairs.find(pair));
            }
        }
        var address = digest(Use.ADDRESS, prefix(client));
        var atAccount = digest(Use.ACCOUNT, octets(account));
        synchronized (this) {
            var theirs = pairs.find(pair);
            if (theirs != null && theirs.known) {
                return delay(failures(theirs) - FREE_BY_ACCOUNT);
            }
            var byAddress = failures(counts.find(address)) - FREE_BY_ADDRESS;
            if (account.isEmpty()) {
                return delay(byAddress);
            }
            var byAccount = failures(counts.find(atAccount)) - FREE_BY_ACCOUNT;
            return delay(Math.max(byAddress, byAccount));
        }
    }

    /** Whether the client has logged in to the account, or is trusted. */
    public boolean knows(InetAddress client, String account) {
        if (trusted.contains(client)) {
            return true;
        }
        if (first.isZero() || account.isEmpty()) {
            return false;
        }
        var pair = digest(Use.PAIR, prefix(client), octets(account));
        synchronized (this) {
            var theirs = pairs.find(pair);
            return theirs != null && theirs.known;
        }
    }

    private Duration delay(int failures) {
        if (failures <= 0) {
            return Duration.ZERO;
        }
        var delay = first.multipliedBy(1L << (failures - 1));
        return delay.compareTo(most) < 0 ? delay : most;
    }

    /**
     * What a password is known by here. Keyed: it says nothing to anybody else.
     *
     * @param password the caller's
     */
    public long digest(String account, byte[] password) {
        return digest(Use.PASSWORD, octets(account), password);
    }

    /**
     * A login failed by the client's fault. The same password again for the same account is not
     * counted again: that is a program with an old one, and teaches an attacker nothing.
     *
     * @param password of {@link #digest(String, byte[])}, or 0 where there was none to be seen
     */
    public void failed(InetAddress client, String account, long password) {
        if (first.isZero()) {
            return;
        }
        var address = digest(Use.ADDRESS, prefix(client));
        var atAccount = digest(Use.ACCOUNT, octets(account));
        var pair = digest(Use.PAIR, prefix(client), octets(account));
        if (trusted.contains(client)) {
            synchronized (this) {
                trustedFailed(account.isEmpty() ? null : pairs.take(pair), password);
            }
            return;
        }
        synchronized (this) {
            if (account.isEmpty()) {
                count(counts.take(address));
                return;
            }
            var target = counts.take(atAccount);
            if (password != 0 && remembers(target, password)) {
                return;
            }
            count(target);
            count(counts.take(address));
            count(pairs.take(pair));
        }
    }

    /** A login succeeded. */
    public void succeeded(InetAddress client, String account) {
        if (first.isZero() || account.isEmpty()) {
            return;
        }
        var address = digest(Use.ADDRESS, prefix(client));
        var atAccount = digest(Use.ACCOUNT, octets(account));
        var pair = digest(Use.PAIR, prefix(client), octets(account));
        synchronized (this) {
            var theirs = pairs.take(pair);
            var own = Math.min(failures(theirs), TAKEN_BACK);
            if (!trusted.contains(client)) {
                takeBack(counts.find(address), own);
                takeBack(counts.find(atAccount), own);
            }
            takeBack(theirs, own);
            theirs.known = true;
        }
    }

    // With the monitor held

    /**
     * @param theirs null where there is no name, or nothing known
     */
    private Duration trustedDelay(Entry theirs) {
        var own = delay(failures(theirs) - FREE_BY_TRUSTED);
        if (theirs != null && theirs.known) {
            return own;
        }
        var over = trustedFailures() - FREE_OF_ALL_TRUSTED;
        var together = delay(Math.ceilDiv(over, DOUBLED));
        return own.compareTo(together) > 0 ? own : together;
    }

    private void trustedFailed(Entry theirs, long password) {
        if (theirs != null) {
            if (password != 0 && remembers(theirs, password)) {
                return;
            }
            count(theirs);
        }
        byTrusted = Math.min(trustedFailures() + 1, MOST_OF_TRUSTED);
        byTrustedAt = nanoTime.getAsLong();
    }

    private int trustedFailures() {
        var forgiven = (nanoTime.getAsLong() - byTrustedAt) / FORGIVEN_TO_TRUSTED.toNanos();
        return (int) Math.max(0, byTrusted - forgiven);
    }

    /** Notes the password, and says whether it was noted before. */
    private static boolean remembers(Entry target, long password) {
        if (target.passwords == null) {
            target.passwords = new long[PASSWORDS];
        }
        for (var known : target.passwords) {
            if (known == password) {
                return true;
            }
        }
        System.arraycopy(target.passwords, 0, target.passwords, 1, PASSWORDS - 1);
        target.passwords[0] = password;
        return false;
    }

    private void count(Entry entry) {
        entry.failures = Math.min(failures(entry) + 1, MOST);
        entry.changedAt = nanoTime.getAsLong();
    }

    private void takeBack(Entry entry, int own) {
        if (entry != null) {
            entry.failures = Math.max(0, failures(entry) - own);
            entry.changedAt = nanoTime.getAsLong();
        }
    }

    /** What is left of its failures now. */
    private int failures(Entry entry) {
        if (entry == null) {
            return 0;
        }
        var forgiven = (nanoTime.getAsLong() - entry.changedAt) / FORGIVEN.toNanos();
        return (int) Math.max(0, entry.failures - forgiven);
    }

    /** As many entries as there are places. */
    private final class Table {
        private final Entry[][] sets; // each is made when it is needed
        private final boolean inherits;

        /**
         * @param inherits whether a new entry takes over the count of the one it pushes out
         */
        Table(int sets, boolean inherits) {
            this.sets = new Entry[sets][];
            this.inherits = inherits;
        }

        Entry find(long key) {
            var set = sets[Math.floorMod(key, sets.length)];
            if (set != null) {
                for (var entry : set) {
                    if (entry != null && entry.key == key) {
                        return entry;
                    }
                }
            }
            return null;
        }

        /** The entry of a key, a new one where there is none. */
        Entry take(long key) {
            var found = find(key);
            if (found != null) {
                return found;
            }
            var at = Math.floorMod(key, sets.length);
            if (sets[at] == null) {
                sets[at] = new Entry[WAYS];
            }
            var set = sets[at];
            var way = place(set);
            var made = new Entry(key);
            made.failures = inherits ? failures(set[way]) : 0;
            made.changedAt = nanoTime.getAsLong();
            set[way] = made;
            return made;
        }

        /** A free place, or that of the least; of several, the oldest. */
        private int place(Entry[] set) {
            var least = 0;
            for (var way = 0; way < WAYS; way++) {
                if (set[way] == null) {
                    return way;
                }
                var more = failures(set[way]) - failures(set[least]);
                if (more < 0 || (more == 0 && set[way].changedAt - set[least].changedAt < 0)) {
                    least = way;
                }
            }
            return least;
        }
    }

    // Digests

    private static byte[] prefix(InetAddress client) {
        var prefix = Prefix.of(client);
        return ByteBuffer.allocate(Long.BYTES + 1)
                .putLong(prefix.bits())
                .put((byte) (prefix.ipv6() ? 6 : 4))
                .array();
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Never 0. */
    private long digest(Use use, byte[]... parts) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(secret);
            mac.update(use.mark);
            for (var part : parts) {
                mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).flip());
                mac.update(part);
            }
            var key = ByteBuffer.wrap(mac.doFinal()).getLong();
            return key == 0 ? 1 : key;
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every Java has HmacSHA256", e);
        }
    }
}
