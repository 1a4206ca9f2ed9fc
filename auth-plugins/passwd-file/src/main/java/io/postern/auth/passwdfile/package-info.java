/** The plugin {@code passwd-file}: users and their passwords in a file of lines with colons. */
package io.postern.auth.passwdfile;
