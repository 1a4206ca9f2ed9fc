package io.postern.transport;

import io.postern.limit.Networks;

import java.time.Duration;

/**
 * A listener where every connection begins with a PROXY header.
 *
 * @param from where the proxies are; nobody else may connect
 * @param headerTimeout how long the whole header may take; more than zero
 */
public record ProxySettings(Networks from, Duration headerTimeout) {
    public ProxySettings {
        if (from.isEmpty() || !headerTimeout.isPositive()) {
            throw new IllegalArgumentException("proxies from " + from + " in " + headerTimeout);
        }
    }
}
