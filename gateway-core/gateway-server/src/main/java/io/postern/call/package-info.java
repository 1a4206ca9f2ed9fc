/** Calls of plugins: how long one may take, and how long they took. */
package io.postern.call;
