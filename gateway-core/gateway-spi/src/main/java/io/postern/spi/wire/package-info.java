/**
 * The one place that knows what a stored message looks like on the wire. The engine sends with it
 * and the stores count with it, so that a listed size cannot differ from what is sent.
 */
package io.postern.spi.wire;
