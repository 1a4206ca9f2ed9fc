package io.postern.kept;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.List;

/** Kept messages as a maildrop that can be read, for a copy of them. One thread at a time. */
public final class KeptDrop implements Maildrop, Listing {
    private final List<KeptMessage> messages;

    public KeptDrop(List<KeptMessage> messages) {
        this.messages = List.copyOf(messages);
    }

    /** From 1. */
    public KeptMessage message(int number) {
        return messages.get(number - 1);
    }

    @Override
    public Listing listing() {
        return this;
    }

    @Override
    public int count() {
        return messages.size();
    }

    @Override
    public long octets(int number) {
        return message(number).head().octets();
    }

    @Override
    public String uniqueId(int number) {
        return message(number).head().uniqueId();
    }

    @Override
    public InputStream content(int number) throws Fault {
        try {
            return message(number).content();
        } catch (NoSuchFileException e) {
            throw Fault.gone(e.getFile() + " is not kept any more");
        } catch (IOException e) {
            var file = message(number).files().getFirst();
            throw Fault.temporary("cannot read " + file + ": " + e, e);
        }
    }

    /** Nothing can be removed this way. */
    @Override
    public CommitResult commit(CommitRequest request) {
        throw new UnsupportedOperationException("kept messages are no client's");
    }

    @Override
    public void close() {
        // It holds nothing.
    }
}
