/** The plugin {@code ldap}: users and their passwords in an LDAP directory. */
package io.postern.auth.ldap;
