/** A lock coordinator for several servers on one host: lock files in a folder that they share. */
package io.postern.lock.file;
