package io.postern.auth.sasloauth;

import io.postern.spi.Secret;

/**
 * A client's message, taken apart.
 *
 * @param name whom the client wants to be; empty for whoever the token stands for
 * @param token the receiver's, who wipes it
 * @param elsewhere whether the client means another server than this one
 */
record Message(String name, Secret token, boolean elsewhere) {}
