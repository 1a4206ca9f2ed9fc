/**
 * Mail and locks in an SQL database: H2, which needs nothing, PostgreSQL or MariaDB.
 *
 * <p>The body of each message is a blob of its own; equal bodies are not shared. A removed message
 * goes at once, its blob a day later.
 */
package io.postern.store.jdbc;
