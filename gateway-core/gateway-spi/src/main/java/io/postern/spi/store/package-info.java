/** Where mail is kept: {@link io.postern.spi.store.MaildropStore} and what it hands out. */
package io.postern.spi.store;
