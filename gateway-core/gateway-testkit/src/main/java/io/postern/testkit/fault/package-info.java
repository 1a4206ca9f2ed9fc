/**
 * A disk that fails on demand, for stores that keep files: {@link
 * io.postern.testkit.fault.FaultyFileSystem}.
 */
package io.postern.testkit.fault;
