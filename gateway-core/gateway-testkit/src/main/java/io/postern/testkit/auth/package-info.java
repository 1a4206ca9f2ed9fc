/**
 * What the author of a user directory or an authentication mechanism runs: {@link
 * io.postern.testkit.auth.UserDirectoryContract} and its extensions, {@link
 * io.postern.testkit.auth.AuthMechanismContract}; and the doubles that stand for the other side.
 */
package io.postern.testkit.auth;
