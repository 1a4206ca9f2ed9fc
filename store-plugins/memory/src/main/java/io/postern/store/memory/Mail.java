package io.postern.store.memory;

import io.postern.spi.Fault;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.wire.MessageCounter;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** The mail of one maildrop and the highest token it has seen. Every method takes its monitor. */
final class Mail {
    /** How many results are kept for a commit that is asked for again. */
    private static final int RESULTS = 256;

    private final MaildropId id;
    private final String life;
    private final Map<String, Message> messages = new LinkedHashMap<>();
    private final Map<UUID, CommitResult> results = new LinkedHashMap<>();
    private long deliveries;
    private FencingToken highest = new FencingToken(0, 1);

    /**
     * @param life part of every unique-id
     */
    Mail(MaildropId id, String life) {
        this.id = id;
        this.life = life;
    }

    synchronized Maildrop open(FencingToken token) throws Fault {
        if (token.compareTo(highest) < 0) {
            throw Fault.temporary(
                    "the lock of " + id + " is lost: token " + token + " after " + highest, null);
        }
        highest = token;
        return new Opened(List.copyOf(messages.values()));
    }

    /**
     * Adds a message.
     *
     * @param stored kept as it is
     * @param given the unique-id it is to have
     * @return the one it has
     */
    String deliver(byte[] stored, Optional<String> given) throws Fault {
        var size = size(stored);
        synchronized (this) {
            deliveries++;
            var uniqueId = given.orElse(life + "." + deliveries);
            if (messages.putIfAbsent(uniqueId, new Message(uniqueId, size, stored)) != null) {
                throw Fault.permanent(id + " has a message " + uniqueId + " already", null);
            }
            return uniqueId;
        }
    }

    synchronized boolean vanish(byte[] stored) {
        var all = messages.values().iterator();
        while (all.hasNext()) {
            if (Arrays.equals(all.next().stored, stored)) {
                all.remove();
                return true;
            }
        }
        return false;
    }

    synchronized List<byte[]> stored() {
        var copies = new ArrayList<byte[]>();
        messages.values().forEach(message -> copies.add(message.stored.clone()));
        return copies;
    }

    private synchronized boolean has(Message message) {
        return messages.containsKey(message.uniqueId);
    }

    private synchronized CommitResult commit(List<Message> listed, CommitRequest request) {
        var marked = request.remove();
        var known = results.get(request.commitId());
        if (known != null) {
            return known;
        }
        if (request.token().compareTo(highest) < 0) {
            return new CommitResult(
                    CommitResult.Status.FENCED,
                    0,
                    0,
                    marked.size(),
                    "token " + request.token() + " after " + highest);
        }
        highest = request.token();
        var removed = 0;
        var alreadyGone = 0;
        var failed = 0;
        for (var ref : marked) {
            if (ref.number() > listed.size()
                    || !listed.get(ref.number() - 1).uniqueId.equals(ref.uniqueId())) {
                failed++;
            } else if (messages.remove(ref.uniqueId()) != null) {
                removed++;
            } else {
                alreadyGone++;
            }
        }
        if (failed > 0) {
            return new CommitResult(
                    CommitResult.Status.PARTIAL,
                    removed,
                    alreadyGone,
                    failed,
                    failed + " of the messages to remove are not in the listing");
        }
        var result = CommitResult.ok(removed, alreadyGone);
        results.put(request.commitId(), result);
        if (results.size() > RESULTS) {
            results.remove(results.keySet().iterator().next());
        }
        return result;
    }

    private static MessageCounter.Size size(byte[] stored) {
        try {
            return MessageCounter.measure(new ByteArrayInputStream(stored));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array does not fail
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // compared by nobody, handed to nobody
    private record Message(String uniqueId, MessageCounter.Size size, byte[] stored) {}

    /** The mail as it was at one opening. */
    private final class Opened implements Maildrop, Listing {
        private final List<Message> listed;

        Opened(List<Message> listed) {
            this.listed = listed;
        }

        @Override
        public Listing listing() {
            return this;
        }

        @Override
        public int count() {
            return listed.size();
        }

        @Override
        public long octets(int number) {
            return listed.get(number - 1).size.octets();
        }

        @Override
        public long surrogateOctets(int number) {
            return listed.get(number - 1).size.surrogateOctets();
        }

        @Override
        public String uniqueId(int number) {
            return listed.get(number - 1).uniqueId;
        }

        @Override
        public InputStream content(int number) throws Fault {
            var message = listed.get(number - 1);
            if (!has(message)) {
                throw Fault.gone("message " + message.uniqueId + " of " + id + " has gone");
            }
            return new ByteArrayInputStream(message.stored);
        }

        @Override
        public CommitResult commit(CommitRequest request) {
            return Mail.this.commit(listed, request);
        }

        @Override
        public void close() {
            // An opening takes nothing that must be given back.
        }
    }
}
