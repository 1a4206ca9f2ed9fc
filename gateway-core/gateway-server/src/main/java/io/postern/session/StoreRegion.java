package io.postern.session;

import io.postern.call.PluginCalls;
import io.postern.spi.store.MaildropStore;
import io.postern.spi.store.WireReady;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A store's region, each of whose calls must end in time. One thread at a time. */
final class StoreRegion implements AutoCloseable {
    private final PluginCalls calls;
    private final MaildropStore store;
    private final WireReady.Region region;

    StoreRegion(PluginCalls calls, MaildropStore store, WireReady.Region region) {
        this.calls = calls;
        this.store = store;
        this.region = region;
    }

    /**
     * Reads some of the message.
     *
     * @param from octets from its beginning
     * @return octets that were read; below zero at the end of the file
     */
    int read(ByteBuffer into, long from) throws IOException {
        return StoreStream.ask(
                calls, store, () -> region.channel().read(into, region.offset() + from));
    }

    /** As {@link WireReady.Region#unchanged}. */
    boolean unchanged() throws IOException {
        return StoreStream.ask(calls, store, () -> region.unchanged() ? 1 : 0) == 1;
    }

    @Override
    public void close() throws IOException {
        StoreStream.close(calls, store, region);
    }
}
