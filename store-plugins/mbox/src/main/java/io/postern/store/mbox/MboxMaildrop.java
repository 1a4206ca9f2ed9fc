package io.postern.store.mbox;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MessageRef;
import io.postern.store.files.IoFaults;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One opened mbox. Other programs write to the file while it is open: so nothing is believed that
 * was not looked at again. A message is read with its digest, and given out only as the message
 * that was listed; a commit reads the whole file again under the locks.
 */
final class MboxMaildrop implements Maildrop {
    private final MboxFile file;
    private final MboxListing listing;
    private MboxListing current;
    private Map<String, Integer> currentNumbers;

    /**
     * @param file closed with this
     * @param listing what is in it now
     */
    MboxMaildrop(MboxFile file, MboxListing listing) {
        this.file = file;
        this.listing = listing;
        this.current = listing;
    }

    @Override
    public Listing listing() {
        return listing;
    }

    @Override
    public InputStream content(int number) throws Fault, InterruptedException {
        try {
            if (file.changed()) {
                // Most changes are deliveries behind our messages; others move them.
                follow(number);
            }
            var now = numberNow(number);
            if (now == 0) {
                throw gone(number);
            }
            return new Checked(file.content(current, now), current, now);
        } catch (IOException e) {
            throw IoFaults.fault("cannot read message " + number + " of", file.path(), e);
        }
    }

    @Override
    public void sizeDiffers(int number, long octets) {
        file.distrust();
    }

    @Override
    public CommitResult commit(CommitRequest request) throws Fault, InterruptedException {
        try {
            var before = file.state().result(request.commitId());
            if (before.isPresent()) {
                return before.get();
            }
            if (request.remove().isEmpty()) {
                var result = CommitResult.ok(0, 0);
                file.state().keep(request.commitId(), result);
                return result;
            }
            return remove(request);
        } catch (IOException e) {
            throw IoFaults.fault("cannot remove messages from", file.path(), e);
        }
    }

    @Override
    public void close() {
        file.close();
    }

    private CommitResult remove(CommitRequest request)
            throws IOException, Fault, InterruptedException {
        var wanted =
                request.remove().stream()
                        .map(MessageRef::uniqueId)
                        .collect(Collectors.toCollection(HashSet::new));
        if (!file.exists()) {
            return CommitResult.ok(0, wanted.size());
        }
        try (var _ = file.lock()) {
            if (!file.state().holds(request.token())) {
                return new CommitResult(
                        CommitResult.Status.FENCED,
                        0,
                        0,
                        wanted.size(),
                        "another session has the maildrop by now");
            }
            var now = file.read();
            var removed = new HashSet<Integer>();
            for (var number = 1; number <= now.count(); number++) {
                if (wanted.contains(now.uniqueId(number))) {
                    removed.add(number);
                }
            }
            var result = CommitResult.ok(removed.size(), wanted.size() - removed.size());
            if (removed.isEmpty()) {
                file.state().keep(request.commitId(), result);
                return result;
            }
            file.remove(now, removed, request.commitId(), result);
            return result;
        }
    }

    /** Makes {@link #current} true for one message, if it is still there. */
    private void follow(int number) throws IOException, Fault, InterruptedException {
        if (file.exists() && file.holds(current, numberNow(number))) {
            return;
        }
        if (!file.exists()) {
            throw gone(number);
        }
        try (var _ = file.lock()) {
            current = file.read();
        }
        currentNumbers = new HashMap<>();
        for (var now = 1; now <= current.count(); now++) {
            currentNumbers.put(current.uniqueId(now), now);
        }
    }

    /** Which number the listed message has in {@link #current}; 0 if it is not there. */
    private int numberNow(int number) {
        return currentNumbers == null
                ? number
                : currentNumbers.getOrDefault(listing.uniqueId(number), 0);
    }

    private Fault gone(int number) {
        return Fault.gone(
                "message "
                        + number
                        + " ("
                        + listing.uniqueId(number)
                        + ") has gone from "
                        + file.path());
    }

    /** Fails at its end unless what it gave is the message that was asked for. */
    private static final class Checked extends FilterInputStream {
        private final MboxContent content;
        private final MboxListing listing;
        private final int number;
        private boolean ended;

        Checked(MboxContent content, MboxListing listing, int number) {
            super(content);
            this.content = content;
            this.listing = listing;
            this.number = number;
        }

        @Override
        public int read() throws IOException {
            var octet = super.read();
            return octet >= 0 ? octet : atEnd();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            var count = super.read(into, offset, length);
            return count >= 0 ? count : atEnd();
        }

        private int atEnd() throws IOException {
            if (!ended && !listing.hasDigest(number, content.digest())) {
                throw new IOException("another program changed the file while it was read");
            }
            ended = true;
            return -1;
        }
    }
}
