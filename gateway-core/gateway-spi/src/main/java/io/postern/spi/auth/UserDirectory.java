package io.postern.spi.auth;

import io.postern.spi.Plugin;

/**
 * Knows users. What it can do for them is said by the further interfaces that it implements: {@link
 * PasswordDirectory} checks a password, {@link SecretDirectory} hands out a shared secret, {@link
 * ScramDirectory} has keys for SCRAM, {@link TokenDirectory} checks bearer tokens, {@link
 * NameDirectory} says who may log in whose name is proven already. The server offers a mechanism
 * only where a directory can serve it.
 *
 * <p>A plugin names itself in {@code META-INF/services/io.postern.spi.auth.UserDirectory}. Any
 * number of virtual threads call it at the same time; it may block.
 */
public interface UserDirectory extends Plugin {}
