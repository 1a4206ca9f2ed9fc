/**
 * What every plugin shares: its life, its settings, secrets, users and faults.
 *
 * <p>A plugin sees this module, {@code org.slf4j} and the JDK, and nothing else of the server. All
 * of it is plain blocking Java: the server calls plugins on virtual threads, never on an I/O
 * thread.
 */
package io.postern.spi;
