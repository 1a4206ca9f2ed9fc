package io.postern.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.postern.call.PluginCalls;
import io.postern.lock.LocalLocks;
import io.postern.session.Connection;
import io.postern.session.Counters;
import io.postern.session.LoginGuard;
import io.postern.session.Mechanisms;
import io.postern.session.Realm;
import io.postern.session.Realms;
import io.postern.session.Session;
import io.postern.session.SessionSettings;
import io.postern.session.Sessions;
import io.postern.session.Ways;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.testkit.RecordingLocks;
import io.postern.testkit.auth.MemoryUsers;
import io.postern.tls.TlsMode;

import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A whole server, from socket to store. Users {@code u0}, {@code u1}, ... all have the password
 * {@code pw}, and a maildrop of their own with messages that are made while they are read: lines of
 * 64 octets, every eighth of which begins with a dot.
 */
final class Post implements AutoCloseable {
    static final int LINE = 64;

    final RecordingLocks locks = new RecordingLocks(new LocalLocks());
    final BlockingQueue<Connection> connections = new LinkedBlockingQueue<>();
    final Collection<String> removed = new ConcurrentLinkedQueue<>();
    final CountDownLatch committing = new CountDownLatch(1);
    final TlsMode mode;
    final Listeners listeners;

    /** Commits wait for it. */
    volatile CountDownLatch commit = new CountDownLatch(0);

    private final long[] octets;

    /**
     * @param octets of each message, multiples of {@link #LINE}
     */
    Post(TlsMode mode, Duration writeStall, long... octets) throws ListenException {
        this(mode, TestTls.listener(mode, true), writeStall, octets);
    }

    Post(TlsMode mode, ListenerSettings listener, Duration writeStall, long... octets)
            throws ListenException {
        this.mode = mode;
        this.octets = octets;
        Map<String, String> passwords =
                IntStream.range(0, 300).boxed().collect(Collectors.toMap(n -> "u" + n, n -> "pw"));
        Realm all =
                new Realm("all", Set.of(), List.of(new MemoryUsers(passwords)), new Store(), false);
        Realms realms = new Realms(List.of(all), Optional.of(all));
        Sessions sessions =
                new Sessions(
                        new SessionSettings("node", "mail.example.org"),
                        new Ways(
                                new Mechanisms(List.of(new UserPass()), realms),
                                realms,
                                Optional.empty()),
                        locks,
                        new Counters(),
                        LoginGuard.open(),
                        new PluginCalls(Duration.ofSeconds(30)));
        listeners =
                Listeners.open(
                        List.of(listener),
                        new TransportSettings(1, writeStall),
                        Server.TICK,
                        connection -> {
                            Session session = sessions.begin(connection);
                            connections.add(connection);
                            return session;
                        });
    }

    Post(TlsMode mode, long... octets) throws ListenException {
        this(mode, TransportSettings.DEFAULT_WRITE_STALL, octets);
    }

    static byte[] line(long number) {
        byte[] line = new byte[LINE];
        Arrays.fill(line, (byte) '0');
        line[0] = (byte) (number % 8 == 0 ? '.' : 'x');
        line[LINE - 2] = '\r';
        line[LINE - 1] = '\n';
        long digits = number;
        for (int at = LINE - 3; digits > 0; at--) {
            line[at] = (byte) ('0' + digits % 10);
            digits /= 10;
        }
        return line;
    }

    /** Nobody is connected, and nobody holds a lock. */
    boolean quiet() {
        return listeners.sessions() == 0 && locks.open() == 0;
    }

    @Override
    public void close() {
        try {
            listeners.shutDown(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        locks.close();
    }

    private static final class UserPass implements AuthMechanism {
        @Override
        public Command command() {
            return Command.USER_PASS;
        }

        @Override
        public String mechanism() {
            return "USER";
        }

        @Override
        public boolean plaintext() {
            return true;
        }

        @Override
        public boolean servedBy(UserDirectory directory) {
            return true;
        }

        @Override
        public AuthExchange begin(AuthContext context) {
            return response -> {
                String both = new String(response, ISO_8859_1);
                int nul = both.indexOf('\0');
                try (Secret password = Secret.of(both.substring(nul + 1))) {
                    return context.checkPassword(both.substring(0, nul), password);
                }
            };
        }
    }

    private final class Store implements MaildropStore {
        private final Map<MaildropId, Drop> drops = new ConcurrentHashMap<>();

        @Override
        public FenceMode fenceMode() {
            return FenceMode.NONE;
        }

        @Override
        public MaildropId locate(User user) {
            return new MaildropId("post:" + user.name());
        }

        @Override
        public Maildrop open(MaildropId id, FencingToken token) {
            return drops.computeIfAbsent(id, Drop::new);
        }
    }

    /** Says what was removed, and removes nothing: the next session finds all of it again. */
    private final class Drop implements Maildrop, Listing {
        private final MaildropId id;

        Drop(MaildropId id) {
            this.id = id;
        }

        @Override
        public Listing listing() {
            return this;
        }

        @Override
        public int count() {
            return octets.length;
        }

        @Override
        public long octets(int number) {
            return octets[number - 1];
        }

        @Override
        public String uniqueId(int number) {
            return id + "/" + number;
        }

        @Override
        public InputStream content(int number) {
            return new Lines(octets[number - 1] / LINE);
        }

        @Override
        public CommitResult commit(CommitRequest request) throws InterruptedException {
            committing.countDown();
            commit.await();
            request.remove().forEach(it -> removed.add(it.uniqueId()));
            return CommitResult.ok(request.remove().size(), 0);
        }

        @Override
        public void close() {}
    }

    private static final class Lines extends InputStream {
        private final long lines;
        private long made;
        private byte[] line = {};
        private int at;

        Lines(long lines) {
            this.lines = lines;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0];
        }

        @Override
        public int read(byte[] into, int from, int length) {
            int done = 0;
            while (done < length) {
                if (at == line.length) {
                    if (made == lines) {
                        break;
                    }
                    line = line(made++);
                    at = 0;
                }
                int some = Math.min(length - done, line.length - at);
                System.arraycopy(line, at, into, from + done, some);
                at += some;
                done += some;
            }
            return done == 0 && length > 0 ? -1 : done;
        }
    }
}
