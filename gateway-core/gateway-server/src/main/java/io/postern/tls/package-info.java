/**
 * TLS without sockets: keys and certificates from files, their reload, which one a client gets, and
 * the one policy for versions and suites. Knows the JDK's JSSE and no transport.
 */
package io.postern.tls;
