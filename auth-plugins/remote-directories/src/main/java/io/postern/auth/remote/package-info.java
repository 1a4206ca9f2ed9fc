/**
 * What directories that ask a server have in common: an end to every wait, a pause for a server
 * that is down, answers that are remembered for a while, and the same time for a stranger. A
 * library, not a plugin: each directory brings it in its own folder.
 */
package io.postern.auth.remote;
