package io.postern.app;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.Maildrop;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Copies the messages of one maildrop into another, with their unique-ids. What is there already is
 * not copied again, so a copy that was stopped goes on where it was. One thread.
 */
final class Copying {
    private static final int CHUNK = 64 * 1024;

    /** Between two lines of progress. */
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** How a copy is made. */
    record Ways(boolean dryRun, boolean sizesOnly, boolean quiet) {}

    private final Maildrop source;
    private final Ways ways;
    private final PrintWriter err;
    private final BooleanSupplier stop;
    private final BitSet there = new BitSet();
    private final BitSet different = new BitSet();
    private final BitSet arrived = new BitSet();
    private int copied;
    private int renamed;
    private int failed;
    private long copiedOctets;
    private boolean stopped;

    /**
     * @param err for progress, and for every message that cannot be copied
     * @param stop asked between two messages
     */
    Copying(Maildrop source, Ways ways, PrintWriter err, BooleanSupplier stop) {
        this.source = source;
        this.ways = ways;
        this.err = err;
        this.stop = stop;
    }

    /** Finds the messages that the target has already. */
    void compare(Maildrop target) throws InterruptedException {
        var numbers = new HashMap<String, Integer>();
        for (var number = 1; number <= target.listing().count(); number++) {
            numbers.put(target.listing().uniqueId(number), number);
        }
        for (var number = 1; number <= source.listing().count() && !stopped(); number++) {
            var id = source.listing().uniqueId(number);
            var twin = numbers.get(id);
            if (twin == null) {
                continue;
            }
            there.set(number);
            try {
                if (!same(target, number, twin)) {
                    different.set(number);
                    err.println(
                            "not copied: message "
                                    + number
                                    + " and message "
                                    + twin
                                    + " of the target have the same unique-id "
                                    + id
                                    + " and are not the same");
                }
            } catch (Fault | IOException e) {
                different.set(number);
                err.println("not compared: message " + number + " (" + id + "): " + e.getMessage());
            }
        }
    }

    /**
     * Copies the others.
     *
     * @throws Fault if the target takes no more for now
     */
    void copy(Delivery target, User user) throws Fault, InterruptedException {
        var listing = source.listing();
        var total = 0L;
        for (var number = 1; number <= listing.count(); number++) {
            total += there.get(number) ? 0 : listing.octets(number);
        }
        var begun = System.nanoTime();
        var told = begun;
        for (var number = 1; number <= listing.count() && !stopped(); number++) {
            if (there.get(number)) {
                continue;
            }
            copy(target, user, number);
            var now = System.nanoTime();
            if (!ways.quiet && now - told >= PROGRESS_NANOS) {
                told = now;
                progress(total, now - begun);
            }
        }
    }

    private void copy(Delivery target, User user, int number) throws Fault, InterruptedException {
        var id = source.listing().uniqueId(number);
        if (ways.dryRun) {
            copied++;
            copiedOctets += source.listing().octets(number);
            return;
        }
        InputStream content;
        try {
            content = source.content(number);
        } catch (Fault e) {
            fail(number, id, e);
            return;
        }
        String given;
        try (content) {
            given = target.deliver(user, content, Optional.of(id));
        } catch (IOException e) {
            fail(number, id, e);
            return;
        } catch (Fault refused) {
            if (refused.kind() == Fault.Kind.TEMPORARY) {
                throw refused;
            }
            fail(number, id, refused);
            return;
        }
        copied++;
        arrived.set(number);
        copiedOctets += source.listing().octets(number);
        if (!given.equals(id)) {
            renamed++;
        }
    }

    private void fail(int number, String id, Exception why) {
        failed++;
        err.println("not copied: message " + number + " (" + id + "): " + why.getMessage());
    }

    /** The numbers of the messages that are in the target now, of whose octets that is sure. */
    BitSet arrived() {
        var all = (BitSet) there.clone();
        all.andNot(different);
        all.or(arrived);
        return all;
    }

    /** Says how it went, unless that is unwanted and all is well. */
    int finish(PrintWriter out) {
        if (!ways.quiet) {
            sum(out);
        }
        if (renamed > 0) {
            err.println(
                    messages(renamed)
                            + " got another unique-id: the target does not keep the one it is"
                            + " given, and the same command would copy them again");
        }
        if (stopped) {
            return ExitCode.STOPPED;
        }
        return failed + different.cardinality() > 0 ? ExitCode.NOT_ALL : ExitCode.OK;
    }

    private void sum(PrintWriter out) {
        var left = source.listing().count() - copied - there.cardinality() - failed;
        out.println(
                (ways.dryRun ? "would copy " : "copied ")
                        + messages(copied)
                        + ", "
                        + copiedOctets
                        + " octets; there already "
                        + (there.cardinality() - different.cardinality())
                        + "; not copied "
                        + (failed + different.cardinality())
                        + (left > 0 ? "; left for the next run " + left : ""));
    }

    private static String messages(int count) {
        return count == 1 ? "1 message" : count + " messages";
    }

    private void progress(long total, long nanos) {
        var rate = copiedOctets / Math.max(1e-9, nanos / 1e9);
        err.printf(
                Locale.ROOT,
                "%d messages, %d of %d octets, %.1f MB/s, %d s left%n",
                copied,
                copiedOctets,
                total,
                rate / 1e6,
                (long) ((total - copiedOctets) / Math.max(1, rate)));
        err.flush();
    }

    private boolean stopped() {
        stopped |= stop.getAsBoolean();
        return stopped;
    }

    private boolean same(Maildrop target, int number, int twin)
            throws Fault, IOException, InterruptedException {
        if (source.listing().octets(number) != target.listing().octets(twin)) {
            return false;
        }
        if (ways.sizesOnly) {
            return true;
        }
        try (var one = new Wire(source.content(number));
                var other = new Wire(target.content(twin))) {
            while (true) {
                var octets = one.next();
                if (!Arrays.equals(octets, other.next())) {
                    return false;
                }
                if (octets.length == 0) {
                    return true;
                }
            }
        }
    }

    /** A message's octets, with the last line end that an mbox must add. */
    private static final class Wire implements AutoCloseable {
        private final InputStream in;
        private byte last = '\n';
        private boolean ended;

        Wire(InputStream in) {
            this.in = in;
        }

        byte[] next() throws IOException {
            if (ended) {
                return new byte[0];
            }
            var octets = in.readNBytes(CHUNK);
            if (octets.length > 0) {
                last = octets[octets.length - 1];
            }
            if (octets.length < CHUNK) {
                ended = true;
                if (last != '\n') {
                    octets = Arrays.copyOf(octets, octets.length + 1);
                    octets[octets.length - 1] = '\n';
                }
            }
            return octets;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
