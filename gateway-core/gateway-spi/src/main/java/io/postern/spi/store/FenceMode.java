package io.postern.spi.store;

/** How well a store can tell that the lock of a session was lost before it commits. */
public enum FenceMode {
    /** Lock row and mail are in one database: the commit checks the row in its transaction. */
    SAME_TRANSACTION,
    /** The store keeps the highest token of each maildrop, and compares it within the commit. */
    REGISTERED,
    /**
     * The store looks at the token before the commit and between removals, not in one unit with
     * them. Enough where a removal names an immutable message and nothing else.
     */
    VERIFY,
    /** The store does not look. Allowed only with a lock coordinator of one JVM. */
    NONE
}
