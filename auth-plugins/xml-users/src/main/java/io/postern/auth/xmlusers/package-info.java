/** The plugin {@code xml-users}: users and their passwords in one XML file. */
package io.postern.auth.xmlusers;
