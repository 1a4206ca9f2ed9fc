/**
 * Sockets: accepts clients, carries octets between them and their sessions, bounds what an unread
 * reply may cost, and shuts down in order. Apache MINA lives here and nowhere else. Its I/O threads
 * never block.
 */
package io.postern.transport;
