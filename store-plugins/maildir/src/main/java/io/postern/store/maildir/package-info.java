/**
 * Mail in Maildirs (cr.yp.to/proto/maildir.html): one file for each message, in {@code new} and
 * {@code cur}.
 */
package io.postern.store.maildir;
