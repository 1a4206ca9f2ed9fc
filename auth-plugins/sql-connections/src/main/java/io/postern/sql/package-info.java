/**
 * What plugins that ask an SQL database have in common: where it is and who asks, the driver, a
 * pool of connections, and what a failure means for the operator. A library, not a plugin: each
 * plugin brings it in its own folder.
 */
package io.postern.sql;
