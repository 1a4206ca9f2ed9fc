/** The plugin {@code sasl-login}: SASL LOGIN. */
package io.postern.auth.sasllogin;
