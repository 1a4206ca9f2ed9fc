/**
 * Kept deletions: copies of the messages that QUIT removes, outside of every maildrop, for some
 * days. {@link io.postern.kept.KeptDeletions} is a realm's; it works with every store, for it needs
 * nothing but what a session reads.
 */
package io.postern.kept;
