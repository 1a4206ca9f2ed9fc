package io.postern.store.memory;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.spi.store.MessageRef;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A store with every ability that the contract knows, and with one defect. Its mail lies in a
 * {@link MemoryStore}, which stands for the disk.
 */
final class BrokenStore implements MaildropStore, Delivery {

    /** What outlives a store object. */
    static final class Disk {
        final MemoryStore memory = new MemoryStore();
        final Map<MaildropId, User> users = new ConcurrentHashMap<>();
        final Map<MaildropId, FencingToken> highest = new ConcurrentHashMap<>();
        final AtomicLong counter = new AtomicLong();

        /** What the fixture broke. */
        final Set<MaildropId> unreadable = ConcurrentHashMap.newKeySet();

        final Set<String> stuck = ConcurrentHashMap.newKeySet();
        final Map<String, Integer> flags = new ConcurrentHashMap<>();
        volatile boolean outcomeLost;
        final AtomicInteger lives = new AtomicInteger();

        /** Tokens of the memory store, which sees a growing one each time. */
        FencingToken next() {
            return new FencingToken(0, counter.incrementAndGet());
        }
    }

    /** In place of the octets of a message that is too large to be kept. */
    private static final String LARGE = "large";

    private final Defect defect;
    private final Disk disk;
    private final int life;
    private final Map<MaildropId, FencingToken> own = new ConcurrentHashMap<>();
    private final Map<MaildropId, Integer> openings = new ConcurrentHashMap<>();
    private final Map<String, Long> sizes = new ConcurrentHashMap<>();
    private final Set<MaildropId> locked = ConcurrentHashMap.newKeySet();
    private final List<Runnable> undo = Collections.synchronizedList(new ArrayList<>());

    BrokenStore(Defect defect, Disk disk) {
        this.defect = defect;
        this.disk = disk;
        this.life = disk.lives.incrementAndGet();
    }

    @Override
    public String name() {
        return "broken";
    }

    @Override
    public FenceMode fenceMode() {
        return has(Defect.FENCE_MODE_IS_NULL) ? null : FenceMode.REGISTERED;
    }

    @Override
    public void close() {
        if (has(Defect.FORGETS_REMOVALS_AT_A_RESTART)) {
            undo.forEach(Runnable::run);
        }
    }

    @Override
    public MaildropId locate(User user) {
        var name =
                switch (defect) {
                    case NAMES_ARE_PATHS ->
                            user.name()
                                    .substring(user.name().lastIndexOf('/') + 1)
                                    .replaceFirst("^$", "nobody");
                    case NAMES_ARE_SHORTENED -> user.name().substring(0, 1);
                    default -> user.name();
                };
        var id = disk.memory.locate(new User(name));
        if (has(Defect.LOCATION_CHANGES_AT_A_RESTART)) {
            id = new MaildropId(id + " " + life);
        }
        disk.users.put(id, new User(name));
        return id;
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault {
        if (locked.contains(id)) {
            throw Fault.temporary("still locked by an opening that failed", null);
        }
        var empty = false;
        if (disk.unreadable.contains(id)) {
            switch (defect) {
                case A_FAILED_OPENING_GIVES_AN_EMPTY_LISTING -> empty = true;
                case A_FAILED_OPENING_LEAVES_A_LOCK -> {
                    locked.add(id);
                    throw Fault.temporary("unreadable", null);
                }
                default -> throw Fault.temporary("unreadable", null);
            }
        }
        var highest = highest();
        var last = highest.get(id);
        if (has(Defect.TAKES_AN_OLD_TOKEN_FOR_THE_NEWEST) || passes(last, token) <= 0) {
            highest.put(id, token);
        } else if (!has(Defect.IGNORES_TOKENS)) {
            throw Fault.temporary("stale", null);
        }
        openings.merge(id, 1, Integer::sum);
        var drop = disk.memory.open(disk.memory.locate(disk.users.get(id)), disk.next());
        return new Drop(id, drop, empty);
    }

    @Override
    public String deliver(User user, InputStream content, Optional<String> uniqueId)
            throws Fault, IOException {
        var located = disk.users.get(locate(user));
        var octets = new ByteArrayOutputStream();
        try {
            var _ = content.transferTo(octets);
        } catch (IOException torn) {
            if (has(Defect.DELIVERS_WHAT_COULD_NOT_BE_READ)) {
                disk.memory.deliver(located, octets.toByteArray());
            }
            throw torn;
        }
        var stored = octets.toByteArray();
        if (has(Defect.DELIVERY_REPAIRS_LINE_ENDS)) {
            stored = latin(text(stored).replaceAll("(?<!\r)\n", "\r\n"));
        }
        var given =
                has(Defect.DELIVERY_FORGETS_THE_UNIQUE_ID) ? Optional.<String>empty() : uniqueId;
        String id;
        try {
            id = disk.memory.deliver(located, new ByteArrayInputStream(stored), given);
        } catch (Fault refused) {
            if (!has(Defect.DELIVERS_A_UNIQUE_ID_TWICE)) {
                throw refused;
            }
            id = disk.memory.deliver(located, new ByteArrayInputStream(stored), Optional.empty());
        }
        return has(Defect.DELIVERY_SAYS_ANOTHER_UNIQUE_ID) ? id + "x" : id;
    }

    private boolean has(Defect which) {
        return defect == which;
    }

    private Map<MaildropId, FencingToken> highest() {
        return has(Defect.REMEMBERS_TOKENS_IN_ITS_OWN_SERVER_ONLY) ? own : disk.highest;
    }

    /** Above zero where {@code token} comes too late. */
    private int passes(FencingToken last, FencingToken token) {
        if (last == null) {
            return -1;
        }
        return has(Defect.IGNORES_GENERATIONS)
                ? Long.compare(last.counter(), token.counter())
                : last.compareTo(token);
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(byte[] octets) {
        return new String(octets, StandardCharsets.ISO_8859_1);
    }

    private final class Drop implements Maildrop, Listing {
        private final MaildropId id;
        private final User user;
        private Maildrop drop;
        private final List<Integer> order = new ArrayList<>();
        private final List<String> listedTexts = new ArrayList<>();
        private final Set<Integer> read = new HashSet<>();
        private final int opening;
        private final Thread opener = Thread.currentThread();
        private final FencingToken atOpening;
        private boolean closed;

        Drop(MaildropId id, Maildrop drop, boolean empty) throws Fault {
            this.id = id;
            this.user = disk.users.get(id);
            this.drop = drop;
            this.opening = openings.get(id);
            this.atOpening = highest().get(id);
            for (var number = 1; number <= drop.listing().count() && !empty; number++) {
                // A large one is not kept: this store has no defect by that.
                var large = drop.listing().octets(number) > 1 << 20;
                var stored = large ? LARGE : text(whole(number));
                listedTexts.add(stored);
                var left =
                        switch (defect) {
                            case LISTS_NO_EMPTY_MESSAGES -> stored.isEmpty();
                            case LISTS_ONE_LESS -> number == 3;
                            default -> false;
                        };
                if (!left) {
                    order.add(number);
                }
            }
            if (has(Defect.ORDER_CHANGES) && opening % 2 == 0) {
                Collections.reverse(order);
            }
        }

        @Override
        public Listing listing() {
            if (has(Defect.ONE_THREAD_ONLY) && Thread.currentThread() != opener) {
                throw new IllegalStateException("another thread");
            }
            return has(Defect.LISTING_IS_ANOTHER_OBJECT_EACH_TIME) ? copy() : this;
        }

        private Listing copy() {
            var same = this;
            return new Listing() {
                @Override
                public int count() {
                    return same.count();
                }

                @Override
                public long octets(int number) {
                    return same.octets(number);
                }

                @Override
                public long surrogateOctets(int number) {
                    return same.surrogateOctets(number);
                }

                @Override
                public String uniqueId(int number) {
                    return same.uniqueId(number);
                }
            };
        }

        @Override
        public int count() {
            if (has(Defect.LISTING_GROWS)) {
                grow();
            }
            return has(Defect.COUNTS_A_PSEUDO_MESSAGE) && order.isEmpty() ? 1 : order.size();
        }

        private void grow() {
            try {
                var now = disk.memory.open(disk.memory.locate(user), disk.next());
                if (now.listing().count() > drop.listing().count()) {
                    drop = now;
                    for (var number = order.size() + 1; number <= now.listing().count(); number++) {
                        order.add(number);
                    }
                }
            } catch (Fault e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public long octets(int number) {
            var truth = drop.listing().octets(order.get(number - 1));
            var stored = listedText(number);
            return switch (defect) {
                case SIZE_IS_THAT_OF_THE_FILE -> stored.equals(LARGE) ? truth : stored.length();
                case SIZE_COUNTS_STUFFED_DOTS ->
                        truth + ("\n" + stored).split("\n\\.", -1).length - 1;
                case SIZE_IS_WHAT_THE_SERVER_LAST_SAID -> sizes.getOrDefault(stored, truth);
                default -> truth;
            };
        }

        @Override
        public long surrogateOctets(int number) {
            return has(Defect.SURROGATE_HAS_THE_SIZE_OF_ITS_MESSAGE)
                    ? octets(number)
                    : drop.listing().surrogateOctets(order.get(number - 1));
        }

        private String listedText(int number) {
            return number <= order.size() && order.get(number - 1) <= listedTexts.size()
                    ? listedTexts.get(order.get(number - 1) - 1)
                    : "";
        }

        @Override
        public String uniqueId(int number) {
            var truth = drop.listing().uniqueId(order.get(number - 1));
            var stored = listedText(number);
            return switch (defect) {
                case UNIQUE_ID_HAS_A_SPACE -> truth + " x";
                case UNIQUE_ID_CHANGES_AT_EACH_OPENING -> truth + "." + opening;
                case UNIQUE_ID_CHANGES_AT_A_RESTART -> truth + "." + life;
                case UNIQUE_ID_CHANGES_WITH_FLAGS -> truth + "." + disk.flags.get(stored);
                case UNIQUE_ID_IS_THE_NUMBER -> "id" + number;
                case UNIQUE_ID_IS_A_DIGEST -> Integer.toHexString(stored.hashCode());
                default -> truth;
            };
        }

        private byte[] whole(int number) throws Fault {
            try (var in = drop.content(number)) {
                return in.readAllBytes();
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e); // an array does not fail
            }
        }

        @Override
        public InputStream content(int number) throws Fault, InterruptedException {
            if (has(Defect.CONTENT_CAN_BE_READ_ONCE) && read.contains(number)) {
                throw Fault.temporary("read before", null);
            }
            read.add(number);
            InputStream in;
            try {
                in = drop.content(order.get(number - 1));
            } catch (Fault gone) {
                if (has(Defect.CONTENT_IS_EMPTY_WHERE_A_MESSAGE_VANISHED)) {
                    return InputStream.nullInputStream();
                }
                throw gone;
            }
            return switch (defect) {
                case CONTENT_COMES_WITH_PAUSES -> new WithPauses(in);
                case CONTENT_IS_REPAIRED ->
                        new ByteArrayInputStream(
                                text(whole(order.get(number - 1)))
                                        .replaceAll("(?<!\r)\n", "\r\n")
                                        .getBytes(StandardCharsets.ISO_8859_1));
                case CONTENT_IS_LOADED -> new ByteArrayInputStream(whole(order.get(number - 1)));
                case CONTENT_ENDS_EARLY_WHERE_A_MESSAGE_VANISHES ->
                        new EndsEarly(in, order.get(number - 1));
                default -> in;
            };
        }

        @Override
        public void sizeDiffers(int number, long octets) {
            sizes.put(listedText(number), octets);
        }

        @Override
        public CommitResult commit(CommitRequest request) throws Fault, InterruptedException {
            var asked = request.remove().size();
            var last = highest().get(id);
            if (has(Defect.REFUSES_A_RENEWED_TOKEN) && !request.token().equals(atOpening)) {
                return new CommitResult(Status.FENCED, 0, 0, asked, "broken");
            }
            if (passes(last, request.token()) > 0 && !has(Defect.IGNORES_TOKENS)) {
                if (has(Defect.REMOVES_AND_THEN_SAYS_FENCED)) {
                    remove(request);
                }
                return new CommitResult(Status.FENCED, 0, 0, asked, "broken");
            }
            if (has(Defect.FAILS_WHERE_NOTHING_IS_MARKED) && asked == 0) {
                throw Fault.permanent("nothing to do", null);
            }
            var lies =
                    switch (defect) {
                        case SAYS_OK_AND_REMOVES_NOTHING -> true;
                        case SAYS_OK_WHEN_INTERRUPTED -> Thread.interrupted();
                        case SAYS_OK_WHEN_TIME_IS_OVER ->
                                request.timeLimit().compareTo(Duration.ofMillis(1)) < 0;
                        case SAYS_OK_WHERE_THE_OUTCOME_IS_LOST -> disk.outcomeLost;
                        default -> false;
                    };
            if (lies) {
                return CommitResult.ok(asked, 0);
            }
            var result = remove(request);
            if (disk.outcomeLost) {
                throw Fault.temporary("the outcome is lost", null);
            }
            return switch (defect) {
                case FAILS_WHAT_IS_ALREADY_GONE ->
                        result.alreadyGone() == 0
                                ? result
                                : new CommitResult(
                                        Status.PARTIAL,
                                        result.removed(),
                                        0,
                                        result.alreadyGone(),
                                        "broken");
                case SAYS_NOTHING_OF_WHAT_IS_ALREADY_GONE ->
                        new CommitResult(
                                result.status(), result.removed(), 0, result.failed(), "broken");
                case SAYS_OK_WHERE_REMOVAL_FAILED ->
                        CommitResult.ok(result.removed() + result.failed(), result.alreadyGone());
                default -> result;
            };
        }

        private CommitResult remove(CommitRequest request) throws Fault, InterruptedException {
            var refs = new ArrayList<MessageRef>();
            var stuck = 0;
            for (var ref : request.remove()) {
                if (ref.number() <= order.size() && disk.stuck.contains(listedText(ref.number()))) {
                    stuck++;
                } else {
                    refs.add(inner(ref));
                }
            }
            if (has(Defect.FORGETS_REMOVALS_AT_A_RESTART)) {
                var before = disk.memory.stored(user);
                undo.add(() -> bring(before));
            }
            var result =
                    drop.commit(
                            new CommitRequest(
                                    commitId(request),
                                    disk.next(),
                                    refs,
                                    List.of(),
                                    request.timeLimit()));
            besides(request);
            return stuck == 0
                    ? result
                    : new CommitResult(
                            Status.PARTIAL,
                            result.removed(),
                            result.alreadyGone(),
                            result.failed() + stuck,
                            "stuck");
        }

        private void bring(List<byte[]> before) {
            var now = new HashMap<String, Boolean>();
            disk.memory.stored(user).forEach(octets -> now.put(text(octets), true));
            before.stream()
                    .filter(octets -> !now.containsKey(text(octets)))
                    .forEach(octets -> disk.memory.deliver(user, octets));
        }

        private UUID commitId(CommitRequest request) {
            return switch (defect) {
                case FORGETS_RESULTS -> UUID.randomUUID();
                case FORGETS_RESULTS_AT_A_RESTART ->
                        new UUID(
                                request.commitId().getMostSignificantBits() ^ life,
                                request.commitId().getLeastSignificantBits());
                default -> request.commitId();
            };
        }

        /** The reference as the memory store knows it. */
        private MessageRef inner(MessageRef ref) {
            if (ref.number() > order.size()) {
                return ref;
            }
            var number = order.get(ref.number() - 1);
            var truth = drop.listing().uniqueId(number);
            return has(Defect.REMOVES_BY_NUMBER) || ref.uniqueId().equals(uniqueId(ref.number()))
                    ? new MessageRef(number, truth)
                    : new MessageRef(number, "?" + ref.uniqueId());
        }

        /** What a broken store does that nobody asked for. */
        private void besides(CommitRequest request) {
            var marked = new HashSet<String>();
            request.remove().forEach(ref -> marked.add(listedText(ref.number())));
            switch (defect) {
                case REMOVES_ONE_MORE -> {
                    if (!marked.isEmpty()) {
                        listedTexts.stream()
                                .filter(text -> !marked.contains(text))
                                .findFirst()
                                .ifPresent(this::vanish);
                    }
                }
                case REMOVES_ALL_COPIES ->
                        marked.forEach(text -> {
                            while (vanish(text)) {
                                // one after the other
                            }
                        });
                case REMOVES_WHAT_IS_SEEN ->
                        request.seen().forEach(ref -> vanish(listedText(ref.number())));
                case REMOVES_ALL_WHERE_NONE_IS_MARKED -> {
                    if (marked.isEmpty()) {
                        listedTexts.forEach(this::vanish);
                    }
                }
                case REMOVES_FROM_ALL_USERS ->
                        disk.users
                                .values()
                                .forEach(each ->
                                        marked.forEach(
                                                text -> disk.memory.vanish(each, latin(text))));
                case REMOVES_NEW_MAIL -> {
                    if (!marked.isEmpty()) {
                        disk.memory.stored(user).stream()
                                .map(BrokenStore::text)
                                .filter(text -> !listedTexts.contains(text))
                                .forEach(this::vanish);
                    }
                }
                default -> {}
            }
        }

        private boolean vanish(String text) {
            return disk.memory.vanish(user, latin(text));
        }

        @Override
        public void close() {
            if (closed && has(Defect.CLOSING_TWICE_FAILS)) {
                throw new IllegalStateException("closed before");
            }
            if (!closed && has(Defect.REMOVES_WHAT_WAS_READ_AT_A_DROP) && read.size() == 1) {
                read.forEach(number -> vanish(listedText(number)));
            }
            closed = true;
        }

        /** Gives no octet at every other call. */
        private static final class WithPauses extends FilterInputStream {
            private int calls;

            WithPauses(InputStream in) {
                super(in);
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                return ++calls % 2 == 0 ? 0 : super.read(into, from, length);
            }
        }

        /** Ends where the message has gone, as if that were all of it. */
        private final class EndsEarly extends InputStream {
            private final InputStream in;
            private final int number;

            EndsEarly(InputStream in, int number) {
                this.in = in;
                this.number = number;
            }

            @Override
            public int read() throws IOException {
                return gone() ? -1 : in.read();
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                return gone() ? -1 : in.read(into, from, length);
            }

            private boolean gone() throws IOException {
                try (var again = drop.content(number)) {
                    return again == null;
                } catch (Fault gone) {
                    return true;
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e); // nothing in memory waits
                }
            }
        }
    }
}
