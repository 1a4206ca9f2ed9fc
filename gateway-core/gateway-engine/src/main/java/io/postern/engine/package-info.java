/**
 * POP3 itself (RFC 1939, 2449, 3206, 5034), without I/O: {@link io.postern.engine.Pop3Engine} takes
 * events and gives effects. It knows no socket, store, thread or clock; of the SPI it knows {@code
 * io.postern.spi.wire} only.
 */
package io.postern.engine;
