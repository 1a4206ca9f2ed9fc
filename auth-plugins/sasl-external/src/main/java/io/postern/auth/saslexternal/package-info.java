/** The plugin {@code sasl-external}: SASL EXTERNAL. */
package io.postern.auth.saslexternal;
