/**
 * {@code gateway.xml}, read once into records that never change. Whatever is wrong with it is told
 * all at once, each with file, line, setting and remedy.
 *
 * <p>The only room that sees commons-configuration2.
 */
package io.postern.config;
