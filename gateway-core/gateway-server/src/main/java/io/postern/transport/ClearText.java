package io.postern.transport;

import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.core.future.DefaultWriteFuture;
import org.apache.mina.core.session.IoSession;
import org.apache.mina.core.write.DefaultWriteRequest;
import org.apache.mina.filter.ssl.DisableEncryptWriteRequest;

/** Octets that pass the TLS filter as they are: the answer to STLS (RFC 2595 §4). */
final class ClearText extends DefaultWriteRequest implements DisableEncryptWriteRequest {

    ClearText(IoSession io, IoBuffer octets) {
        super(octets, new DefaultWriteFuture(io));
    }
}
