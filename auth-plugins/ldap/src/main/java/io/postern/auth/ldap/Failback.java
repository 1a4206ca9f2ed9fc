package io.postern.auth.ldap;

import com.unboundid.ldap.sdk.AbstractConnectionPool;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPConnectionPool;
import com.unboundid.ldap.sdk.LDAPConnectionPoolHealthCheck;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.PostConnectProcessor;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SimpleBindRequest;
import com.unboundid.ldap.sdk.SingleServerSet;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;

/**
 * Takes one pool back to a server that was down, once that is well again. As long as there are
 * connections to a later server, those before it are tried now and then, on the pool's own thread,
 * so that no login waits for it: the SDK's age limit for such connections would take each out of
 * the pool for as long as a dead server lets a connection wait. Any number of threads.
 */
final class Failback extends LDAPConnectionPoolHealthCheck {
    private static final Logger log = LoggerFactory.getLogger(Failback.class);

    private final List<SingleServerSet> servers;
    private final SimpleBindRequest bind;
    private final PostConnectProcessor afterConnect;

    /** The last server, by its place, that was seen in use since the last look; 0 for the first. */
    private volatile int seen;

    private volatile Well well = new Well(Integer.MAX_VALUE, 0);

    /**
     * A server that answered.
     *
     * @param place among the servers
     * @param at milliseconds, as a connection tells when it was made
     */
    private record Well(int place, long at) {}

    /**
     * @param servers in the order in which they are asked
     * @param bind by which a server shows that it is well
     * @param afterConnect null for nothing
     */
    Failback(
            List<SingleServerSet> servers,
            SimpleBindRequest bind,
            PostConnectProcessor afterConnect) {
        this.servers = servers;
        this.bind = bind;
        this.afterConnect = afterConnect;
    }

    @Override
    public void ensureConnectionValidForRelease(LDAPConnection connection) throws LDAPException {
        ensureNoneBeforeItIsWell(connection);
    }

    @Override
    public void ensureConnectionValidForContinuedUse(LDAPConnection connection)
            throws LDAPException {
        ensureNoneBeforeItIsWell(connection);
    }

    /** Looks, on the pool's own thread, after it has been through the connections. */
    @Override
    public void performPoolMaintenance(AbstractConnectionPool pool) {
        var used = seen;
        seen = 0;
        for (int place = 0; place < used; place++) {
            var now = System.currentTimeMillis();
            if (answers(servers.get(place))) {
                well = new Well(place, now);
                var server = servers.get(place);
                log.info(
                        "the LDAP server {}:{} answers again, and is used again",
                        server.getAddress(),
                        server.getPort());
                // Idle connections go now; one that is in use goes when it is given back.
                var _ = ((LDAPConnectionPool) pool).invokeHealthCheck(this, false);
                return;
            }
        }
    }

    /** A connection that is not valid makes the pool connect again, to the first that answers. */
    private void ensureNoneBeforeItIsWell(LDAPConnection connection) throws LDAPException {
        int place = place(connection);
        var better = well;
        if (place > better.place() && connection.getConnectTime() <= better.at()) {
            throw new LDAPException(ResultCode.SERVER_DOWN, "a server before it answers again");
        }
        if (place > seen) {
            seen = place;
        }
    }

    /** -1 for a connection that has ended. */
    private int place(LDAPConnection connection) {
        for (int i = 0; i < servers.size(); i++) {
            var server = servers.get(i);
            if (server.getPort() == connection.getConnectedPort()
                    && server.getAddress().equals(connection.getConnectedAddress())) {
                return i;
            }
        }
        return -1;
    }

    /** Taking a connection is not enough: what stands there may not be ready for a login yet. */
    private boolean answers(SingleServerSet server) {
        try (var connection = server.getConnection()) {
            if (afterConnect != null) {
                afterConnect.processPreAuthenticatedConnection(connection);
            }
            var _ = connection.bind(bind.duplicate());
            return true;
        } catch (LDAPException e) {
            log.debug("{}:{} does not answer yet", server.getAddress(), server.getPort(), e);
            return false;
        }
    }
}
