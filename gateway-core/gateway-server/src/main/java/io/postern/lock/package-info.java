/** The lock coordinator that needs nothing but this process: the default. */
package io.postern.lock;
