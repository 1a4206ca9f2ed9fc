package org.example.template.store;

import io.postern.spi.Fault;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.wire.MessageEncoder;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The mail of one maildrop and the highest token it has seen. Its monitor guards all of it. */
final class TemplateMail {
    /** How many results are kept for a commit that is asked for again. */
    private static final int RESULTS = 256;

    private final MaildropId id;
    private final String life;
    private final Map<String, Message> messages = new LinkedHashMap<>();
    private final Map<UUID, CommitResult> results = new LinkedHashMap<>();
    private long deliveries;
    private FencingToken highest = new FencingToken(0, 1);

    TemplateMail(MaildropId id, String life) {
        this.id = id;
        this.life = life;
    }

    /**
     * @param octets size on the wire: counted once, the same in every listing
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody, handed to nobody
    private record Message(String uniqueId, long octets, byte[] stored) {}

    synchronized void deliver(byte[] stored) {
        // Never the same unique-id for two messages, also of two runs (RFC 1939 §7).
        var uniqueId = life + "." + ++deliveries;
        try {
            var octets = MessageEncoder.measure(new ByteArrayInputStream(stored));
            messages.put(uniqueId, new Message(uniqueId, octets, stored.clone()));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array does not fail
        }
    }

    /** Freezes the listing. What comes later is not in it. */
    synchronized Maildrop open(FencingToken token) throws Fault {
        if (token.compareTo(highest) < 0) {
            throw Fault.temporary("the lock of " + id + " is lost", null);
        }
        highest = token;
        return new Opened(List.copyOf(messages.values()));
    }

    synchronized List<byte[]> stored() {
        var copies = new ArrayList<byte[]>();
        messages.values().forEach(message -> copies.add(message.stored.clone()));
        return copies;
    }

    /** As if another program had removed a message. */
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

    private synchronized boolean has(Message message) {
        return messages.containsKey(message.uniqueId);
    }

    /** Removes what the request names, and nothing else; says nothing that is not so. */
    private synchronized CommitResult commit(List<Message> listed, CommitRequest request) {
        var marked = request.remove();
        var known = results.get(request.commitId());
        if (known != null) {
            return known;
        }
        if (request.token().compareTo(highest) < 0) {
            return new CommitResult(
                    CommitResult.Status.FENCED, 0, 0, marked.size(), "the lock was lost");
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
            return listed.get(number - 1).octets;
        }

        @Override
        public String uniqueId(int number) {
            return listed.get(number - 1).uniqueId;
        }

        @Override
        public InputStream content(int number) throws Fault {
            var message = listed.get(number - 1);
            if (!has(message)) {
                throw Fault.gone(message.uniqueId + " of " + id + " has gone");
            }
            return new ByteArrayInputStream(message.stored);
        }

        @Override
        public CommitResult commit(CommitRequest request) {
            return TemplateMail.this.commit(listed, request);
        }

        @Override
        public void close() {
            // An opening takes nothing that must be given back.
        }
    }
}
