/** A maildrop store that keeps everything in memory, for tests and demonstrations. */
package io.postern.store.memory;
