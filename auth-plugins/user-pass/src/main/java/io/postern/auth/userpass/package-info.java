/** The plugin {@code user-pass}: the commands USER and PASS. */
package io.postern.auth.userpass;
