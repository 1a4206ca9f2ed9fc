/**
 * What keeps one client from being a burden to the others: limits for each listener, the penalty
 * for failed logins, and the lines and counts that tell the operator of both. It knows no session
 * and no socket; times and addresses come from the caller.
 */
package io.postern.limit;
