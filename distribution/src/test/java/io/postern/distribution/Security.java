package io.postern.distribution;

/** How a client comes to encryption, or not. The site's listeners stand in this order. */
enum Security {
    CLEAR,
    TLS,
    STLS
}
