/**
 * The program: the command line, what is made from the configuration, and the order in which it
 * starts and stops.
 */
package io.postern.app;
