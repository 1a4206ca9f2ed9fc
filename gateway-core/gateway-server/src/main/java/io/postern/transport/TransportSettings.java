package io.postern.transport;

import java.time.Duration;

/**
 * What all listeners share.
 *
 * @param processors I/O threads that serve connections, from 1
 * @param writeStall how long a client may take nothing of what is waiting for it before it is cut
 *     off; more than zero. Client inactivity (RFC 1939 §3) is another matter, and the session's
 */
public record TransportSettings(int processors, Duration writeStall) {

    /** The stall limit where the operator names none. */
    public static final Duration DEFAULT_WRITE_STALL = Duration.ofMinutes(2);

    public TransportSettings {
        if (processors < 1) {
            throw new IllegalArgumentException("processors " + processors);
        }
        if (!writeStall.isPositive()) {
            throw new IllegalArgumentException("write stall " + writeStall);
        }
    }
}
