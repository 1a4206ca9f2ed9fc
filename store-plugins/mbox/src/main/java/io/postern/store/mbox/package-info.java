/** Maildrops that are single files of the mbox family (RFC 4155). */
package io.postern.store.mbox;
