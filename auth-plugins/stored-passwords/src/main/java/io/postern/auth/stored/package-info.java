/**
 * What directories that keep passwords have in common: the schemes, a comparison that costs the
 * same for a stranger, and a file of users that is read again when it changes. A library, not a
 * plugin: each directory brings it in its own folder.
 */
package io.postern.auth.stored;
