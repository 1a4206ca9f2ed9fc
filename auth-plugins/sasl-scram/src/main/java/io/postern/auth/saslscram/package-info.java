/** The plugins {@code scram-sha-1}, {@code scram-sha-256} and their {@code -plus} forms. */
package io.postern.auth.saslscram;
