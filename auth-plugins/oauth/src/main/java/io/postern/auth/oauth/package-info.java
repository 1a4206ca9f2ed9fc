/** The plugin {@code oauth}: bearer tokens of an OAuth 2 or OpenID Connect issuer. */
package io.postern.auth.oauth;
