package org.example.postern;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MessageRef;
import io.postern.spi.wire.MessageEncoder;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** One box as it was when it was opened. It holds ids and sizes, and no connection. */
final class OpenBox implements Maildrop {
    private static final Logger log = LoggerFactory.getLogger(OpenBox.class);

    /** How often one commit is asked for, until its result is heard. */
    private static final int TRIES = 3;

    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Service service;
    private final Sizes sizes;
    private final String box;
    private final Frozen listing;

    private record Frozen(List<String> ids, long[] sizes) implements Listing {
        @Override
        public int count() {
            return ids.size();
        }

        @Override
        public long octets(int number) {
            return sizes[number - 1];
        }

        @Override
        public String uniqueId(int number) {
            return ids.get(number - 1);
        }
    }

    private OpenBox(Service service, Sizes sizes, String box, Frozen listing) {
        this.service = service;
        this.sizes = sizes;
        this.box = box;
        this.listing = listing;
    }

    static OpenBox open(Service service, Sizes sizes, String box)
            throws Fault, InterruptedException {
        var ids = new ArrayList<String>();
        var octets = new ArrayList<Long>();
        for (var id : service.list(box)) {
            var known = sizes.of(box, id);
            if (known.isEmpty()) {
                known = measure(service, box, id);
                if (known.isEmpty()) {
                    continue; // gone since the list was made
                }
                sizes.keep(box, id, known.getAsLong());
            }
            ids.add(id);
            octets.add(known.getAsLong());
        }
        return new OpenBox(
                service,
                sizes,
                box,
                new Frozen(List.copyOf(ids), octets.stream().mapToLong(Long::longValue).toArray()));
    }

    /**
     * The service counts octets as it keeps them; a client is promised those on the wire. So each
     * message is read once before it is listed for the first time.
     */
    private static OptionalLong measure(Service service, String box, String id)
            throws Fault, InterruptedException {
        var message = service.content(box, id);
        if (message.isEmpty()) {
            return OptionalLong.empty();
        }
        try (var in = message.get()) {
            return OptionalLong.of(MessageEncoder.measure(in));
        } catch (IOException e) {
            throw Fault.temporary("message " + id + " of " + box + " breaks off", e);
        }
    }

    @Override
    public Listing listing() {
        return listing;
    }

    @Override
    public InputStream content(int number) throws Fault, InterruptedException {
        return service.content(box, listing.uniqueId(number))
                .orElseThrow(() -> Fault.gone("message " + number + " of " + box + " has gone"));
    }

    @Override
    public void sizeDiffers(int number, long octets) {
        sizes.forget(box, listing.uniqueId(number));
    }

    @Override
    public CommitResult commit(CommitRequest request) throws InterruptedException {
        var ids = request.remove().stream().map(MessageRef::uniqueId).toList();
        var end = System.nanoTime() + request.timeLimit().toNanos();
        var why = "there was no time to ask";
        for (int attempt = 1; attempt <= TRIES; attempt++) {
            var left = Duration.ofNanos(end - System.nanoTime());
            if (!left.isPositive()) {
                break;
            }
            try {
                // The same commit-id gives the same result: asking again removes nothing more.
                return service.commit(box, request.commitId(), request.token(), ids, left);
            } catch (Fault e) {
                why = e.getMessage();
                log.warn("commit {} of {} has no result yet", request.commitId(), box, e);
                Thread.sleep(PAUSE);
            }
        }
        return new CommitResult(Status.UNKNOWN, 0, 0, ids.size(), why);
    }

    @Override
    public void close() {}
}
