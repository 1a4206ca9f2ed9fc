/**
 * What stores that keep mail in files have in common: where a user's maildrop is, and what is kept
 * beside it. A library, not a plugin: each store brings it in its own folder.
 */
package io.postern.store.files;
