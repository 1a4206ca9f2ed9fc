/** The plugin {@code http-users}: a service of the operator's that checks passwords over HTTP. */
package io.postern.auth.httpusers;
