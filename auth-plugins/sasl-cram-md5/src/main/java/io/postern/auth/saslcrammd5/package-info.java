/** The plugin {@code sasl-cram-md5}: SASL CRAM-MD5. */
package io.postern.auth.saslcrammd5;
