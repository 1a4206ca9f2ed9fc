/**
 * One client's session: {@link io.postern.session.Session} turns the engine's effects into calls of
 * plugins, holds maildrop and lease, and has one way out. It knows no MINA: the transport gives it
 * a {@link io.postern.session.Connection}.
 */
package io.postern.session;
