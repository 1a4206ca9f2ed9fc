/**
 * Plugins: found in folders, kept apart by class loaders, asked for by name. A broken one is
 * explained in one sentence.
 */
package io.postern.plugin;
