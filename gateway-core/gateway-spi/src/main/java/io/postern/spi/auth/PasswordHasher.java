package io.postern.spi.auth;

import io.postern.spi.Secret;

import java.util.List;

/**
 * A directory that can make the text that its own store keeps in place of a password. {@code
 * postern passwd} asks for it. Works without {@link UserDirectory#start}: it needs no settings.
 */
public interface PasswordHasher extends UserDirectory {

    /**
     * The schemes it can make, by the names its store uses, such as {@code SHA512-CRYPT}. The first
     * one is what to take where nobody asks for another.
     */
    List<String> schemes();

    /**
     * Makes the text to keep, with a fresh salt each time. May take a noticeable fraction of a
     * second: that is its purpose.
     *
     * @param scheme one of {@link #schemes()}
     * @param password never empty; the caller's, who wipes it afterwards
     * @return one line, without line end, ready to be put into the store
     */
    String hash(String scheme, Secret password);
}
