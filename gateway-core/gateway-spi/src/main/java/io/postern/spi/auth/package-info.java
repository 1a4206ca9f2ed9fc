/**
 * Two questions, two plugins: <em>how</em> does a client prove itself ({@link
 * io.postern.spi.auth.AuthMechanism}), and <em>where</em> is the proof kept ({@link
 * io.postern.spi.auth.UserDirectory}).
 */
package io.postern.spi.auth;
