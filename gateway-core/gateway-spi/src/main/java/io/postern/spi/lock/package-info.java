/** The exclusive lock of a maildrop (RFC 1939 §4): who has it, until when, and proof of it. */
package io.postern.spi.lock;
