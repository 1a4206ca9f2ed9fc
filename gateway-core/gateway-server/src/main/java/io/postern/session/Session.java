package io.postern.session;

import io.postern.call.LeftBehind;
import io.postern.call.Supervised;
import io.postern.call.Workers;
import io.postern.engine.Effect;
import io.postern.engine.Event;
import io.postern.engine.LineFramer;
import io.postern.engine.Offer;
import io.postern.engine.OtherProtocol;
import io.postern.engine.Pop3Engine;
import io.postern.engine.Problem;
import io.postern.engine.Reply;
import io.postern.engine.Text;
import io.postern.limit.Gate;
import io.postern.limit.Limit;
import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.wire.MessageEncoder;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One client's session, from the greeting to the one exit.
 *
 * <p><strong>Threads.</strong> A session has one owner at a time, who alone touches engine, framer,
 * output and maildrop. The thread that calls {@link #received} is the owner as long as nothing may
 * block. What may block goes to a virtual thread, which is then the owner until nothing is left to
 * do. Whoever else calls meanwhile leaves a note and goes. So no method of this class ever blocks,
 * and an idle session has no thread and no buffer.
 *
 * <p>This object's monitor guards who the owner is, and the notes. It is held for moments only, and
 * of the {@link Connection} only {@code suspendReading}, {@code resumeReading} and {@code
 * unsentOctets} are called with it. A connection calls the session with no lock of its own held.
 */
public final class Session implements ClientEvents {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);

    /** Most that waits to be framed before the client is read no more, octets. */
    static final int PENDING = 16 * 1024;

    /** Longest first line of a reply, octets, CRLF included (RFC 2449 §4). */
    private static final int LAST_WORDS = 512;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Sessions sessions;
    private final Connection connection;
    private final String id;
    private final String stamp;

    /** The owner's; null once the login is over. */
    private Ways ways;

    // The owner's.
    private Pop3Engine engine;
    private Offer offer;
    private final LineFramer framer = new LineFramer();
    private final Output output;
    private final ArrayDeque<Effect> todo = new ArrayDeque<>(2);
    private Login login;
    private OpenDrop drop;

    /** What is done now, for whoever has to go on with it; null between effects. */
    private Effect performing;

    /** What the login has come to; null until then. */
    private Event answered;

    /** Whether it is on its way out. */
    private boolean exiting;

    /** Whether the answer to a RETR or TOP may have begun. */
    private boolean begun;

    /** Why the engine was told that it cannot go on; null while it can. */
    private Ending doom;

    private String user = "";
    private String device = "";
    private int listed;
    private int retrieved;
    private long retrievedOctets;
    private int removed;
    private boolean updated;
    private boolean abrupt;
    private int linesBeforeLogin;
    private int badBeforeLogin;

    /** Whether a whole command came since the clock was last looked at. */
    private boolean heard;

    // Notes, guarded by this.
    private boolean owned;
    private Thread runner;
    private Supervised supervised;
    private boolean shielded;
    private ByteBuffer pending;
    private boolean suspended;
    private boolean securing;
    private boolean secured;
    private boolean inputOver;
    private boolean shutdown;
    private CompletableFuture<Event.Committed> commit;
    private boolean committing;
    private boolean gone;
    private long begunAt;
    private long heardAt;
    private long commitAt;

    /** Written with the monitor held. */
    private volatile Ending ending;

    private volatile boolean loggedIn;

    /** Written with the monitor held. */
    private volatile long octetsBeforeLogin;

    Session(Sessions sessions, Connection connection, String id) {
        this.sessions = sessions;
        this.connection = connection;
        this.id = id;
        ways = sessions.enter();
        stamp = ways.mechanisms.stamp(sessions.settings.host());
        if (!ways.mechanisms.offerAsksPlugins()) {
            begin();
        }
        output = new Output(connection);
        begunAt = sessions.nanoTime.getAsLong();
        heardAt = begunAt;
    }

    /** Greets the client. Called once, first, when the connection can be written to. */
    @Override
    public void opened() {
        synchronized (this) {
            begunAt = sessions.nanoTime.getAsLong();
            heardAt = begunAt;
            if (owned) {
                return; // It was told to end before it began.
            }
            owned = true;
        }
        if (engine == null) {
            Workers.run(() ->
                    supervise(() -> {
                        begin();
                        greet();
                        goOn();
                    }));
        } else {
            greet();
            ownForNow(NOTHING);
        }
    }

    private void begin() {
        offer = ways.mechanisms.offer(sessions.calls, stamp, connection);
        engine = new Pop3Engine(offer);
    }

    private void greet() {
        if (connection.place().admission() == Gate.Admission.ADMITTED) {
            feed(new Event.Connected());
        } else {
            doom = Ending.TURNED_AWAY;
            feed(new Event.TurnedAway(Problem.SYS_TEMP, "too many connections, try later"));
        }
    }

    /**
     * Takes what the client sent. Never blocks. Not called by two threads at once.
     *
     * @param octets read to its end, and not kept
     */
    @Override
    public void received(ByteBuffer octets) {
        if (isTls(octets)) {
            octets.position(octets.limit());
            turnOut("TLS from the first octet, where it takes STLS or none");
            return;
        }
        synchronized (this) {
            if (ending != null || inputOver || securing) {
                octets.position(octets.limit());
                return;
            }
            if (!loggedIn) {
                octetsBeforeLogin += octets.remaining();
            }
            if (owned) {
                keep(octets);
                return;
            }
            owned = true;
        }
        ownForNow(octets);
    }

    private synchronized boolean isTls(ByteBuffer octets) {
        return octetsBeforeLogin == 0
                && octets.hasRemaining()
                && !securing
                && OtherProtocol.isTls(octets.get(octets.position()));
    }

    /** The handshake is done: what may be used now is another matter (RFC 2595 §4). */
    @Override
    public void secured() {
        synchronized (this) {
            securing = false;
            secured = true;
            if (owned) {
                return;
            }
            owned = true;
        }
        ownForNow(NOTHING);
    }

    /** The client sends no more. What it sent is finished, then the connection is closed. */
    @Override
    public synchronized void inputClosed() {
        inputOver = true;
        call();
    }

    /**
     * The connection is gone. Everything is let go of, and nothing removed; an UPDATE that has
     * begun goes on to its end, for the client did say QUIT.
     */
    @Override
    public synchronized void closed() {
        end(Ending.DROPPED);
        interrupt();
    }

    /**
     * Looks at the clock; to be called about once a second.
     *
     * @param nanoTime now, as {@link System#nanoTime} counts
     */
    @Override
    public synchronized void tick(long nanoTime) {
        var settings = sessions.settings;
        if (commit != null) {
            if (nanoTime - commitAt >= settings.commitLimit().toNanos()) {
                // Only the waiting ends here. The lock stays with the commit until that ends.
                commit.complete(null);
            }
        } else if (ending == null && !loggedIn && over(settings.preLogin(), nanoTime - begunAt)) {
            end(Ending.LOGIN_TIMEOUT);
            interrupt();
        } else if (owned || connection.unsentOctets() > 0) {
            // A client that still reads its mail is not idle; one that does not has its own limit.
            heardAt = nanoTime;
        } else if (over(settings.idle(), nanoTime - heardAt)) {
            end(Ending.AUTOLOGOUT);
        }
    }

    /**
     * The server stops. A session that does nothing is closed without a word; one that does is
     * closed at its next command, with a word. An UPDATE that has begun goes on to its end.
     */
    @Override
    public synchronized void doom() {
        shutdown = true;
        call();
    }

    /** Whether it is over, and holds nothing any more: no maildrop, no lock, no thread. */
    @Override
    public synchronized boolean ended() {
        return gone && !committing;
    }

    /** Whether nothing is to be done until somebody calls. */
    synchronized boolean resting() {
        return !owned;
    }

    // ---- the owner for now: never blocks

    /** Does what can be done at once, and leaves the rest to a virtual thread. */
    private void ownForNow(ByteBuffer octets) {
        var done = false;
        try {
            if (!securedAsksPlugins()) {
                noteSecured();
                done = serve(octets);
            }
        } catch (RuntimeException | Error e) {
            broken(e);
        }
        synchronized (this) {
            keep(octets);
            if (heard) {
                heard = false;
                heardAt = sessions.nanoTime.getAsLong();
            }
            if (done && ending == null && !inputOver && !shutdown) {
                owned = false;
            } else {
                startRunner();
            }
        }
    }

    private synchronized boolean securedAsksPlugins() {
        return secured && ways.mechanisms.offerAsksPlugins();
    }

    private void noteSecured() {
        synchronized (this) {
            if (!secured) {
                return;
            }
            secured = false;
        }
        offer = ways.mechanisms.offer(sessions.calls, stamp, connection);
        feed(new Event.Secured(offer));
    }

    /** Answers whatever needs no plugin. Says whether that was all. */
    private boolean serve(ByteBuffer octets) {
        while (ending == null) {
            while (!todo.isEmpty()) {
                if (!(todo.peek() instanceof Effect.Send(var reply))) {
                    return false;
                }
                todo.remove();
                if (!output.send(reply.octets())) {
                    return false;
                }
            }
            if (!octets.hasRemaining()) {
                return output.flush();
            }
            if (drop != null && drop.lost()) {
                return false;
            }
            var event = framer.next(octets, engine.lineLimit());
            if (flooded(event)) {
                end(Ending.FLOODED);
            } else if (event != null) {
                heard = true;
                hear(event);
            }
        }
        return false;
    }

    // ---- the owner that may block: the virtual thread

    private void run() {
        supervise(this::goOn);
    }

    /** Runs a task on this thread; where it is left behind in a plugin, another one goes on. */
    private void supervise(Supervised.Task task) {
        var calls = sessions.calls.supervised(this::leftBehind);
        synchronized (this) {
            runner = Thread.currentThread();
            supervised = calls;
        }
        calls.run(task);
    }

    private void goOn() throws LeftBehind {
        try {
            if (engine == null) {
                begin(); // it is told to end before it was greeted
            }
            if (ending == null && !output.whole()) {
                flushed();
            }
            while (ending == null || todo.peek() instanceof Effect.Commit) {
                if (!todo.isEmpty()) {
                    performing = todo.remove();
                    perform(performing);
                    performing = null;
                } else if (!command()) {
                    return;
                }
            }
        } catch (LeftBehind e) {
            throw e;
        } catch (InterruptedException e) {
            // Only the end of the session interrupts its thread, and has said why.
            end(Ending.DROPPED);
        } catch (Throwable e) {
            broken(e);
        }
        exit();
    }

    /**
     * The owner is in a plugin that does not come to an end: another thread owns the session now.
     * Called while the former owner is in there; must not block.
     */
    private void leftBehind(Fault why) {
        synchronized (this) {
            runner = null;
            shielded = false;
        }
        Workers.run(() ->
                supervise(() -> {
                    takeOver(why);
                    goOn();
                }));
    }

    private void takeOver(Fault why) throws LeftBehind {
        var left = performing;
        performing = null;
        switch (left) {
            case Effect.Authenticate _, Effect.Respond _ -> {
                var event = answered == null ? login.leftBehind(why) : answered;
                answered = null;
                letGo();
                feed(
                        event instanceof Event.Opened
                                ? new Event.LoginRefused(Problem.SYS_TEMP)
                                : event);
            }
            case Effect.Retrieve order -> takeOver(order, why);
            case null -> {
                if (!exiting) {
                    cutOff(Ending.LOCK_LOST); // nobody knows: it was being taken up again
                }
            }
            default -> {
                // It was letting go of something, which goes on where it stopped.
            }
        }
    }

    /** Ends a session whose maildrop has a thread in it that cannot be got out. */
    private void takeOver(Effect.Retrieve order, Fault why) throws LeftBehind {
        var problem = sessions.problem(retrieving(order), why);
        var abandoned = drop;
        if (begun) {
            sessions.counters.count(Violation.CONTENT);
            cutOff(Ending.CONTENT);
        } else {
            feed(new Event.Unavailable(problem));
            doom = Ending.CONTENT;
            todo.add(new Effect.Close());
        }
        abandoned.abandon();
        drop = null;
    }

    /**
     * Feeds the next command to the engine.
     *
     * @return false if there is none, and nothing to be done: the session has no owner now
     */
    private boolean command() throws InterruptedException {
        noteSecured();
        Event event;
        synchronized (this) {
            event = shutdown && doom == null ? doomed(Ending.SHUTDOWN) : frame();
        }
        if (flooded(event)) {
            end(Ending.FLOODED);
            return true;
        }
        if (event != null) {
            if (doom == null && drop != null && drop.lost() && !drop.reacquired()) {
                feed(doomed(Ending.LOCK_LOST));
            }
            if (event instanceof Event.Doomed) {
                feed(event);
            } else {
                hear(event);
            }
            return true;
        }
        flushed();
        synchronized (this) {
            if (ending != null || secured || pending != null || (shutdown && doom == null)) {
                return true;
            }
            if (inputOver) {
                end(Ending.DROPPED);
                return true;
            }
            if (shutdown) {
                end(doom);
                return true;
            }
            owned = false;
            runner = null;
            supervised = null;
            heardAt = sessions.nanoTime.getAsLong();
            return false;
        }
    }

    private void perform(Effect effect) throws InterruptedException {
        switch (effect) {
            case Effect.Send(var reply) -> {
                if (!output.send(reply.octets())) {
                    flushed();
                }
            }
            case Effect.Authenticate begin -> {
                flushed();
                login = new Login(sessions, ways, offer, connection, id);
                answer(() -> login.begin(begin));
            }
            case Effect.Respond(var response) -> {
                flushed();
                answer(() -> login.next(response));
            }
            case Effect.LoginNotOffered refused -> notOffered(refused);
            case Effect.CancelLogin _ -> letGo();
            case Effect.Retrieve order -> {
                flushed();
                retrieve(order);
            }
            case Effect.Commit update -> {
                // A client that does not read what it was sent has said QUIT all the same.
                var _ = output.flush();
                update(update);
            }
            case Effect.StartTls(var reply) -> {
                flushed();
                startTls(reply);
            }
            case Effect.Close _ -> {
                flushed();
                end(doom == null ? Ending.QUIT : doom);
            }
        }
    }

    /**
     * Sends the last octets in the clear. All that the client sent behind STLS is thrown away,
     * wherever it waits, and all that comes before the handshake is done (RFC 2595 §4).
     */
    private void startTls(Reply reply) throws InterruptedException {
        if (!connection.awaitUnsentAtMost(0)) {
            cutOff(Ending.DROPPED);
            return;
        }
        synchronized (this) {
            securing = true;
            forget();
            if (suspended) {
                suspended = false;
                connection.resumeReading();
            }
        }
        framer.discard();
        var words = ByteBuffer.allocate(LAST_WORDS);
        if (!reply.octets().fill(words)) {
            throw new IllegalStateException("a reply to STLS that does not fit a line");
        }
        connection.startTls(words.flip());
    }

    private void notOffered(Effect.LoginNotOffered refused) {
        SessionLog.loginFailed(
                id,
                refused.name(),
                connection,
                ways.mechanisms.name(refused),
                refused.startTls() ? LoginRefusal.CLEAR_TEXT : LoginRefusal.NOT_OFFERED,
                "");
    }

    private interface LoginStep {
        Event take() throws InterruptedException;
    }

    private void answer(LoginStep step) throws InterruptedException {
        Event event;
        try {
            event = step.take();
        } catch (LeftBehind e) {
            throw e;
        } catch (InterruptedException e) {
            event = login.failed(ifNotOver(e));
        }
        if (event instanceof Event.Challenged) {
            feed(event);
            return;
        }
        var opened = event instanceof Event.Opened ? login.takeDrop() : null;
        answered = event;
        letGo();
        answered = null;
        if (opened != null) {
            drop = opened;
            user = drop.user().name();
            device = drop.user().attributes().getOrDefault(User.DEVICE, "");
            listed = drop.messages().count();
            loggedIn = true;
            leaveWays();
        }
        feed(event);
    }

    private void retrieve(Effect.Retrieve order) throws InterruptedException {
        begun = false;
        var from = drop;
        Retrieval retrieval;
        try {
            retrieval = retrieval(order);
        } catch (LeftBehind e) {
            from.closeAbandoned();
            throw e;
        } catch (Fault | RuntimeException | Error e) {
            feed(new Event.Unavailable(sessions.problem(retrieving(order), e)));
            return;
        } catch (InterruptedException e) {
            feed(new Event.Unavailable(sessions.problem(retrieving(order), ifNotOver(e))));
            return;
        }
        begun = true;
        try {
            send(order, retrieval);
            close(retrieval, order);
        } catch (LeftBehind e) {
            // This is not the owner any more: it lets go of what it has in hand.
            close(retrieval, order);
            from.closeAbandoned();
            throw e;
        } catch (InterruptedException e) {
            close(retrieval, order);
            throw e;
        }
    }

    private String retrieving(Effect.Retrieve order) {
        return "message " + order.number() + " for " + SessionLog.value(user);
    }

    private void send(Effect.Retrieve order, Retrieval retrieval) throws InterruptedException {
        try {
            switch (retrieval.send()) {
                case SENT -> {
                    if (order.bodyLines() == MessageEncoder.WHOLE) {
                        retrieved++;
                        retrievedOctets += retrieval.octets();
                        if (retrieval.asStored() && !order.surrogate()) {
                            drop.sentAsStored(order.number());
                        }
                    }
                    feed(new Event.Retrieved());
                }
                case SIZE_DIFFERS -> {
                    cutOff(Ending.CONTENT);
                    drop.sizeDiffers(order, retrieval.octets());
                }
                case GONE -> cutOff(Ending.DROPPED);
            }
        } catch (IOException | RuntimeException | Error e) {
            if (ending == null) {
                sessions.counters.count(Violation.CONTENT);
                LOG.warn("{} cut off after {} octets", retrieving(order), retrieval.octets(), e);
            }
            cutOff(Ending.CONTENT);
        }
    }

    private Retrieval retrieval(Effect.Retrieve order) throws Fault, InterruptedException {
        if (order.bodyLines() == MessageEncoder.WHOLE && !order.surrogate()) {
            var region = drop.region(order.number());
            if (region.isPresent()) {
                return new Retrieval(order, region.get(), output);
            }
        }
        return new Retrieval(order, drop.content(order), output);
    }

    /** What was read is sent or cut off by now: this changes nothing for the client. */
    private void close(Retrieval retrieval, Effect.Retrieve order) throws LeftBehind {
        try {
            retrieval.close();
        } catch (StoreStream.Left e) {
            throw e.asItself();
        } catch (IOException | RuntimeException | Error e) {
            LOG.warn("{}: the store's stream cannot be closed", retrieving(order), e);
        }
    }

    /** UPDATE, on a thread of its own that nothing interrupts; this one waits for it in bounds. */
    private void update(Effect.Commit order) {
        var taken = drop;
        drop = null;
        updated = true;
        var outcome = new CompletableFuture<Event.Committed>();
        synchronized (this) {
            commit = outcome;
            committing = true;
            commitAt = sessions.nanoTime.getAsLong();
        }
        Workers.run(() -> update(order, taken, outcome));
        var committed = outcome.join();
        synchronized (this) {
            commit = null;
        }
        var marked = order.marked().cardinality();
        if (committed == null) {
            sessions.counters.count(Violation.COMMIT_LATE);
            LOG.warn("session {}: commit not ended within its time", id);
            committed = new Event.Committed(marked, Problem.SYS_TEMP);
        }
        removed = marked - committed.failed();
        feed(committed);
    }

    /** By a thread that nothing interrupts but a plugin that does not come to an end. */
    private void update(
            Effect.Commit order, OpenDrop taken, CompletableFuture<Event.Committed> outcome) {
        var unknown = new Event.Committed(order.marked().cardinality(), Problem.SYS_TEMP);
        var committed = new AtomicReference<>(unknown);
        sessions.calls
                .supervised(why ->
                        Workers.run(() -> {
                            var _ = sessions.problem("session " + id + ", its end", why);
                            taken.giveUp();
                            updated(outcome, committed.get());
                        }))
                .run(() -> {
                    try {
                        committed.set(taken.commit(order));
                    } catch (RuntimeException | Error e) {
                        LOG.error("session {}: the update is broken", id, e);
                    }
                    taken.close();
                    updated(outcome, committed.get());
                });
    }

    private void updated(CompletableFuture<Event.Committed> outcome, Event.Committed committed) {
        synchronized (this) {
            if (!committing) {
                return; // another thread has gone on
            }
            committing = false;
        }
        if (!outcome.complete(committed)) {
            LOG.warn("session {}: the commit that was late left {} behind", id, committed.failed());
        }
    }

    /**
     * The one exit: closes the connection, then lets go of everything. QUIT, drop, autologout,
     * shutdown and errors all come here.
     */
    private void exit() throws LeftBehind {
        exiting = true;
        try {
            if (abrupt) {
                connection.abort();
            } else {
                connection.close();
            }
        } finally {
            letGo();
            leaveWays();
            synchronized (this) {
                gone = true;
                runner = null;
                supervised = null;
            }
        }
        if (ending == Ending.TURNED_AWAY
                || doom == Ending.TURNED_AWAY
                || ending == Ending.OTHER_PROTOCOL) {
            return; // in a flood there would be a line for each
        }
        var now = sessions.nanoTime.getAsLong();
        SessionLog.ended(
                new SessionLog.End(
                        id,
                        user,
                        device,
                        connection.client(),
                        connection.listener(),
                        connection.encryption().map(Encryption::protocol).orElse("-"),
                        retrieved,
                        retrievedOctets,
                        removed,
                        listed - removed,
                        updated ? Ending.QUIT : ending,
                        Duration.ofMillis((now - begunAt) / 1_000_000),
                        connection.proxied()));
    }

    /** Ends the login attempt, closes the maildrop, then lets go of the lock. Not interrupted. */
    private void letGo() throws LeftBehind {
        synchronized (this) {
            shielded = true;
        }
        var _ = Thread.interrupted();
        if (login != null) {
            login.close();
            login = null;
        }
        if (drop != null) {
            drop.close();
            drop = null;
        }
        synchronized (this) {
            shielded = false;
            if (ending != null) {
                interrupt();
            }
        }
    }

    /** What it logs in by may go from now on. */
    private void leaveWays() {
        if (ways != null) {
            ways.leave();
            ways = null;
        }
    }

    private void feed(Event event) {
        todo.addAll(engine.on(event));
    }

    /** Takes a line, as the last one where the client has sent more than it may. */
    private void hear(Event line) {
        if (!loggedIn) {
            linesBeforeLogin++;
            if (OtherProtocol.isHttp(line)) {
                turnOut("a request of HTTP");
                return;
            }
        }
        var reached = doom == null && !Pop3Engine.isQuit(line) ? reached() : null;
        if (reached != null) {
            refuse(reached);
            feed(doomed(Ending.LIMIT));
        }
        feed(line);
        if (!loggedIn && engine.badCommands() > 0) {
            badBeforeLogin++;
        }
    }

    /** Ends it without a word to a client that would not understand it. */
    private void turnOut(String why) {
        var gate = connection.place().gate();
        gate.refused(Limit.OTHER_PROTOCOL, connection.client().getAddress(), why);
        end(Ending.OTHER_PROTOCOL);
    }

    /** The limit that the client is over, or null. */
    private Limit reached() {
        var limits = connection.place().gate().limits();
        if (engine.badCommands() >= limits.badCommands()) {
            return Limit.BAD_COMMANDS;
        }
        if (loggedIn) {
            return null;
        }
        if (badBeforeLogin >= limits.badCommandsBeforeLogin()) {
            return Limit.BAD_COMMANDS_BEFORE_LOGIN;
        }
        if (linesBeforeLogin > limits.linesBeforeLogin()) {
            return Limit.LINES_BEFORE_LOGIN;
        }
        return octetsBeforeLogin > limits.octetsBeforeLogin() ? Limit.OCTETS_BEFORE_LOGIN : null;
    }

    /** Whether a line is too long to wait for its end. Nothing can be answered then. */
    private boolean flooded(Event line) {
        if (line == null
                && !loggedIn
                && doom == null
                && octetsBeforeLogin > connection.place().gate().limits().octetsBeforeLogin()) {
            refuse(Limit.OCTETS_BEFORE_LOGIN);
            return true;
        }
        return framer.flooded();
    }

    private void refuse(Limit reached) {
        connection.place().gate().refused(reached, connection.client().getAddress());
    }

    private Event.Doomed doomed(Ending why) {
        doom = why;
        return switch (why) {
            case SHUTDOWN -> new Event.Doomed(Problem.SYS_TEMP, Text.SHUTTING_DOWN);
            case LOCK_LOST -> new Event.Doomed(Problem.SYS_TEMP, Text.LOCK_LOST);
            case LIMIT -> new Event.Doomed(Problem.NONE, Text.TOO_MANY_COMMANDS);
            default -> throw new IllegalArgumentException(why + " is not told to a client");
        };
    }

    /** Waits until all that was sent is written. */
    private void flushed() throws InterruptedException {
        while (!output.flush()) {
            awaitRoom();
        }
    }

    private void awaitRoom() throws InterruptedException {
        if (!output.awaitRoom()) {
            cutOff(Ending.DROPPED);
            throw new InterruptedException("the connection is gone");
        }
    }

    /** A plugin that was not interrupted by us and says so nevertheless has failed. */
    private InterruptedException ifNotOver(InterruptedException e) throws InterruptedException {
        if (ending != null) {
            throw e;
        }
        return e;
    }

    /** Ends it without the rest of what was to be sent. */
    private void cutOff(Ending why) {
        abrupt = true;
        end(why);
    }

    private void broken(Throwable e) {
        LOG.error("session {} is broken", id, e);
        cutOff(Ending.BROKEN);
    }

    // ---- notes, with the monitor held

    /** The first reason counts. */
    private synchronized void end(Ending why) {
        if (ending == null) {
            ending = why;
        }
        forget();
        call();
    }

    /** Sees to it that somebody reads the notes. */
    private void call() {
        if (!owned) {
            owned = true;
            startRunner();
        }
    }

    private void startRunner() {
        Workers.run(this::run);
    }

    private void interrupt() {
        if (runner != null && !shielded) {
            runner.interrupt();
            supervised.hurry();
        }
    }

    private void keep(ByteBuffer octets) {
        if (ending != null || !octets.hasRemaining()) {
            octets.position(octets.limit());
            return;
        }
        var held = pending == null ? NOTHING : pending;
        var needed = held.remaining() + octets.remaining();
        if (needed > held.capacity()) {
            pending = ByteBuffer.allocate(Math.max(needed, 2 * held.capacity())).put(held);
            wipe(held);
        } else {
            held.compact();
        }
        pending.put(octets).flip();
        if (!suspended && pending.remaining() > PENDING) {
            suspended = true;
            connection.suspendReading();
        }
    }

    /** The next line of what is pending, or null where there is none. */
    private Event frame() {
        if (pending == null) {
            return null;
        }
        var event = framer.next(pending, engine.lineLimit());
        if (suspended && pending.remaining() < PENDING / 4) {
            suspended = false;
            connection.resumeReading();
        }
        if (!pending.hasRemaining()) {
            forget();
        }
        return event;
    }

    private void forget() {
        if (pending != null) {
            wipe(pending);
            pending = null;
        }
    }

    /** Passwords may have been in it. */
    @SuppressWarnings("ByteBufferBackingArray") // allocated by keep
    private static void wipe(ByteBuffer octets) {
        Arrays.fill(octets.array(), (byte) 0);
    }

    private static boolean over(Duration limit, long nanos) {
        return nanos >= limit.toNanos();
    }
}
