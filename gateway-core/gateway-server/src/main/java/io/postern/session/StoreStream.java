package io.postern.session;

import io.postern.call.LeftBehind;
import io.postern.call.PluginCalls;
import io.postern.spi.Fault;
import io.postern.spi.store.MaildropStore;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;

/** A store's stream, each of whose calls must end in time. One thread at a time. */
final class StoreStream extends InputStream {
    private final PluginCalls calls;
    private final MaildropStore store;
    private final InputStream stream;

    /** Tells the reader that it was left behind, through a method that throws nothing else. */
    static final class Left extends IOException {
        private static final long serialVersionUID = 1L;

        Left(LeftBehind cause) {
            super(cause);
        }

        LeftBehind asItself() {
            return (LeftBehind) getCause();
        }
    }

    /** What is asked of a message that is open. */
    interface Reading {
        int answer() throws IOException, Fault, InterruptedException;
    }

    StoreStream(PluginCalls calls, MaildropStore store, InputStream stream) {
        this.calls = calls;
        this.store = store;
        this.stream = stream;
    }

    @Override
    public int read() throws IOException {
        return ask(calls, store, stream::read);
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        return ask(calls, store, () -> stream.read(into, from, length));
    }

    /**
     * Asks a store for octets.
     *
     * @throws Left if this thread was left behind
     */
    static int ask(PluginCalls calls, MaildropStore store, Reading reading) throws IOException {
        try {
            return calls.askInTime(store, "read a message", () -> unchecked(reading));
        } catch (LeftBehind e) {
            throw new Left(e);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (Fault e) {
            throw new IOException(e.getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the session is over");
        }
    }

    private static int unchecked(Reading reading) throws Fault, InterruptedException {
        try {
            return reading.answer();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        close(calls, store, stream);
    }

    /** Has a store close a message. */
    static void close(PluginCalls calls, MaildropStore store, AutoCloseable message)
            throws IOException {
        try {
            calls.closeInTime(
                    store,
                    "close a message",
                    () -> {
                        try {
                            message.close();
                        } catch (RuntimeException e) {
                            throw e;
                        } catch (Exception e) {
                            throw new UncheckedIOException(new IOException(e.getMessage(), e));
                        }
                    });
        } catch (LeftBehind e) {
            throw new Left(e);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (Fault e) {
            throw new IOException(e.getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the session is over");
        }
    }
}
