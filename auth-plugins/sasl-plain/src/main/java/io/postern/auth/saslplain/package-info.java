/** The plugin {@code sasl-plain}: AUTH PLAIN. */
package io.postern.auth.saslplain;
