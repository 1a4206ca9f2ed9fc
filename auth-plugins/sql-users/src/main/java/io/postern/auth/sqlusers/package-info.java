/** The plugin {@code sql-users}: users and their passwords in an SQL database. */
package io.postern.auth.sqlusers;
