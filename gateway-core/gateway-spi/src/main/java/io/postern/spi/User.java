package io.postern.spi;

import java.util.Map;
import java.util.Objects;

/**
 * Somebody who has proved who they are.
 *
 * @param name the account's one canonical name, as its directory spells it, not what the client
 *     typed; 1 to 255 characters, none of them a control character
 * @param attributes what else the directory knows and a store may want, for example where the
 *     maildrop is; no secrets
 */
public record User(String name, Map<String, String> attributes) {

    /** The attribute that says which device's password it was, where an account has several. */
    public static final String DEVICE = "device";

    /** Longest name, in characters. */
    public static final int MAX_NAME = 255;

    public User {
        Objects.requireNonNull(name);
        if (name.isEmpty() || name.length() > MAX_NAME) {
            throw new IllegalArgumentException(
                    "a user name has 1 to " + MAX_NAME + " characters, not " + name.length());
        }
        if (name.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a user name holds no control characters");
        }
        attributes = Map.copyOf(attributes);
    }

    /** A user of whom only the name is known. */
    public User(String name) {
        this(name, Map.of());
    }
}
