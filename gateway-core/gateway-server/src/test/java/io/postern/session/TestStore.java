package io.postern.session;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.spi.wire.MessageCounter;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * An honest store whose every answer a test can replace. Every user has the same mail at first, and
 * a maildrop of their own.
 */
final class TestStore implements MaildropStore {

    /** What a store does, or does instead. */
    interface Deed<A, R> {
        R on(A what) throws Fault, InterruptedException;
    }

    /** What becomes of something of one maildrop. */
    interface BinaryOperation<T> {
        T of(MaildropId id, T it);
    }

    private final List<String> journal;
    private final List<byte[]> first = new ArrayList<>();
    private final Map<MaildropId, Map<String, byte[]>> mail = new ConcurrentHashMap<>();

    Deed<User, MaildropId> locate = user -> new MaildropId("test:" + user.name());
    UnaryOperator<Maildrop> opened = it -> it;
    Deed<MaildropId, Void> beforeOpen = id -> null;
    UnaryOperator<Listing> listing = it -> it;
    Deed<Integer, Void> beforeContent = number -> null;
    UnaryOperator<InputStream> content = it -> it;
    Deed<CommitRequest, Void> beforeCommit = request -> null;
    UnaryOperator<CommitResult> result = it -> it;
    Runnable beforeClose = () -> {};
    BinaryOperation<Listing> listingOf = (_, it) -> it;
    BinaryOperation<InputStream> contentOf = (_, it) -> it;
    Consumer<MaildropId> beforeCommitOf = _ -> {};
    Consumer<MaildropId> beforeCloseOf = _ -> {};
    final List<String> sizes = new ArrayList<>();
    final List<CommitRequest> commits = new ArrayList<>();

    TestStore(List<String> journal, String... messages) {
        this.journal = journal;
        for (var message : messages) {
            first.add(message.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    @Override
    public FenceMode fenceMode() {
        return FenceMode.NONE;
    }

    @Override
    public MaildropId locate(User user) throws Fault, InterruptedException {
        journal.add("locate");
        return locate.on(user);
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault, InterruptedException {
        journal.add("open");
        beforeOpen.on(id);
        return opened.apply(new Opened(id, of(id)));
    }

    /** Unique-ids of what is left. */
    List<String> left(String user) {
        var now = of(new MaildropId("test:" + user));
        synchronized (now) {
            return List.copyOf(now.keySet());
        }
    }

    private Map<String, byte[]> of(MaildropId id) {
        return mail.computeIfAbsent(
                id,
                key -> {
                    var messages = new LinkedHashMap<String, byte[]>();
                    first.forEach(it -> messages.put("u" + (messages.size() + 1), it));
                    return messages;
                });
    }

    private final class Opened implements Maildrop, Listing {
        private final MaildropId id;
        private final Map<String, byte[]> now;
        private final List<String> ids;
        private final List<byte[]> stored;

        Opened(MaildropId id, Map<String, byte[]> now) {
            this.id = id;
            this.now = now;
            synchronized (now) {
                ids = List.copyOf(now.keySet());
                stored = List.copyOf(now.values());
            }
        }

        @Override
        public Listing listing() {
            return listingOf.of(id, listing.apply(this));
        }

        @Override
        public int count() {
            return ids.size();
        }

        @Override
        public long octets(int number) {
            return size(number).octets();
        }

        @Override
        public long surrogateOctets(int number) {
            return size(number).surrogateOctets();
        }

        private MessageCounter.Size size(int number) {
            try {
                return MessageCounter.measure(new ByteArrayInputStream(stored.get(number - 1)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public String uniqueId(int number) {
            return ids.get(number - 1);
        }

        @Override
        public InputStream content(int number) throws Fault, InterruptedException {
            journal.add("content " + number);
            beforeContent.on(number);
            return contentOf.of(
                    id, content.apply(new ByteArrayInputStream(stored.get(number - 1))));
        }

        @Override
        public void sizeDiffers(int number, long octets) {
            sizes.add(number + " " + octets);
        }

        @Override
        public CommitResult commit(CommitRequest request) throws Fault, InterruptedException {
            journal.add("commit");
            beforeCommit.on(request);
            beforeCommitOf.accept(id);
            var removed = 0;
            synchronized (now) {
                commits.add(request);
                for (var ref : request.remove()) {
                    if (now.remove(ref.uniqueId()) != null) {
                        removed++;
                    }
                }
            }
            return result.apply(CommitResult.ok(removed, request.remove().size() - removed));
        }

        @Override
        public void close() {
            journal.add("close maildrop");
            beforeClose.run();
            beforeCloseOf.accept(id);
        }
    }
}
