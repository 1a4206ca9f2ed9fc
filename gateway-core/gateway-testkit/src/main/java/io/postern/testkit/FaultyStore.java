package io.postern.testkit;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A good store whose calls fail, or stand still, when a test says so:
 *
 * <pre>{@code
 * var store = new FaultyStore(new MemoryStore()).fail(Op.COMMIT, 2, Fault.temporary("disk", null));
 * }</pre>
 *
 * <p>Safe for use by several threads.
 */
public final class FaultyStore implements MaildropStore {

    /** What can fail. Calls are counted for each of them, over all maildrops, from 1. */
    public enum Op {
        LOCATE,
        OPEN,
        CONTENT,
        /** One call of a {@code read} method of a message's stream. */
        READ,
        COMMIT,
        CLOSE
    }

    /** In place of a call's number: every call. */
    public static final int ALWAYS = 0;

    private record Plan(Op op, int call, boolean afterEffect, Throwable thrown, Gate gate) {
        boolean fits(Op asked, int number) {
            return op == asked && (call == ALWAYS || call == number);
        }
    }

    private final MaildropStore store;
    private final List<Plan> plans = new CopyOnWriteArrayList<>();
    private final Map<Op, AtomicInteger> calls = new EnumMap<>(Op.class);
    private final List<Consumer<String>> watchers = new CopyOnWriteArrayList<>();

    /**
     * @param store does the work; closed with this one
     */
    public FaultyStore(MaildropStore store) {
        this.store = store;
        for (var op : Op.values()) {
            calls.put(op, new AtomicInteger());
        }
    }

    /**
     * Makes a call fail before it does anything.
     *
     * @param call its number, or {@link #ALWAYS}
     * @param thrown a {@link Fault}, an {@link IOException} for READ, or anything unchecked
     */
    public FaultyStore fail(Op op, int call, Throwable thrown) {
        plans.add(new Plan(op, call, false, thrown, null));
        return this;
    }

    /** As {@link #fail}, but what was asked is done before it fails. */
    public FaultyStore failAfter(Op op, int call, Throwable thrown) {
        plans.add(new Plan(op, call, true, thrown, null));
        return this;
    }

    /** Makes a call wait at the gate before it does anything. */
    public FaultyStore block(Op op, int call, Gate gate) {
        plans.add(new Plan(op, call, false, null, gate));
        return this;
    }

    /** All calls succeed from now on. */
    public void mend() {
        plans.clear();
    }

    /** How often it was called. */
    public int calls(Op op) {
        return calls.get(op).get();
    }

    /** Tells each call but READ, in lower case, before it is made: to note the order of things. */
    public FaultyStore watch(Consumer<String> watcher) {
        watchers.add(watcher);
        return this;
    }

    @Override
    public String name() {
        return store.name();
    }

    @Override
    public List<Setting> settings() {
        return store.settings();
    }

    @Override
    public void start(PluginConfig config) throws Fault, InterruptedException {
        store.start(config);
    }

    @Override
    public void close() {
        store.close();
    }

    @Override
    public FenceMode fenceMode() {
        return store.fenceMode();
    }

    @Override
    public MaildropId locate(User user) throws Fault, InterruptedException {
        var call = before(Op.LOCATE);
        var id = store.locate(user);
        after(Op.LOCATE, call);
        return id;
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault, InterruptedException {
        var call = before(Op.OPEN);
        var drop = new FaultyDrop(store.open(id, token));
        try {
            after(Op.OPEN, call);
        } catch (Throwable e) {
            drop.drop.close();
            throw e;
        }
        return drop;
    }

    private int before(Op op) throws InterruptedException {
        var call = count(op);
        for (var plan : plans) {
            if (plan.fits(op, call) && !plan.afterEffect) {
                if (plan.gate != null) {
                    plan.gate.pass();
                } else {
                    throw FaultyStore.<RuntimeException>any(plan.thrown);
                }
            }
        }
        return call;
    }

    private void after(Op op, int call) {
        for (var plan : plans) {
            if (plan.fits(op, call) && plan.afterEffect) {
                throw FaultyStore.<RuntimeException>any(plan.thrown);
            }
        }
    }

    private int count(Op op) {
        if (op != Op.READ) {
            watchers.forEach(
                    watcher -> watcher.accept(op.name().toLowerCase(java.util.Locale.ROOT)));
        }
        return calls.get(op).incrementAndGet();
    }

    /** Throws anything as if it were unchecked; the methods above declare what they may throw. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // that is its purpose
    private static <T extends Throwable> T any(Throwable thrown) throws T {
        throw (T) thrown;
    }

    private final class FaultyDrop implements Maildrop {
        private final Maildrop drop;

        FaultyDrop(Maildrop drop) {
            this.drop = drop;
        }

        @Override
        public Listing listing() {
            return drop.listing();
        }

        @Override
        public InputStream content(int number) throws Fault, InterruptedException {
            var call = before(Op.CONTENT);
            var in = new FaultyStream(drop.content(number));
            after(Op.CONTENT, call);
            return in;
        }

        @Override
        public void sizeDiffers(int number, long octets) {
            drop.sizeDiffers(number, octets);
        }

        @Override
        public CommitResult commit(CommitRequest request) throws Fault, InterruptedException {
            var call = before(Op.COMMIT);
            var result = drop.commit(request);
            after(Op.COMMIT, call);
            return result;
        }

        @Override
        public void close() {
            try {
                var call = before(Op.CLOSE);
                drop.close();
                after(Op.CLOSE, call);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                drop.close();
            }
        }
    }

    private final class FaultyStream extends FilterInputStream {

        FaultyStream(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            passReading();
            return super.read();
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            passReading();
            return super.read(into, from, length);
        }

        private void passReading() throws IOException {
            try {
                var call = before(Op.READ);
                after(Op.READ, call);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new java.io.InterruptedIOException("interrupted at a gate");
            }
        }
    }
}
