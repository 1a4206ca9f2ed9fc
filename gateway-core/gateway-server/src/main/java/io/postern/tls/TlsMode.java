package io.postern.tls;

/** How a listener comes to TLS. */
public enum TlsMode {
    /** Never: the octets travel in the clear. */
    NONE,
    /** When the client asks for it (RFC 2595 §4). */
    STARTTLS,
    /** From the first octet (RFC 8314 §3). */
    IMPLICIT
}
