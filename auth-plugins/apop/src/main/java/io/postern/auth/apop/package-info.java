/** The plugin {@code apop}: the command APOP. */
package io.postern.auth.apop;
