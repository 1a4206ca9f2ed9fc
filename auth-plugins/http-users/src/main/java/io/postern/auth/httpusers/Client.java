package io.postern.auth.httpusers;

import io.postern.spi.auth.Channel;

/**
 * What the service is told of a client. It may rule by that, so an answer that is remembered is one
 * for this client only.
 *
 * @param address in digits, without an interface of this host
 */
record Client(String address, boolean encrypted) {

    static Client of(Channel channel) {
        var address = channel.clientAddress().getHostAddress();
        var scope = address.indexOf('%');
        return new Client(scope < 0 ? address : address.substring(0, scope), channel.encrypted());
    }
}
