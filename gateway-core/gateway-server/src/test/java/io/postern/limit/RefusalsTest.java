package io.postern.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;

class RefusalsTest {

    @Test
    @ResourceLock(Resources.SYSTEM_ERR)
    void aFloodIsOneLineAMinuteWithTheSettingAndTheNumber() {
        var client = InetAddress.ofLiteral("192.0.2.9");
        var clock = new AtomicLong();
        var refusals = new Refusals(clock::get);
        var caught = new ByteArrayOutputStream();
        var stderr = System.err;
        System.setErr(new PrintStream(caught, true, StandardCharsets.UTF_8));
        try {
            for (var refused = 0; refused < 1_000; refused++) {
                refusals.refused(Limit.CONNECTIONS_PER_ADDRESS, "[::]:110", client, "set to 1");
            }
            refusals.refused(Limit.CONNECTIONS_PER_ADDRESS, "[::]:995", client, "set to 1");
            clock.addAndGet(Refusals.WINDOW.toNanos());
            refusals.refused(Limit.CONNECTIONS_PER_ADDRESS, "[::]:110", client, "set to 1");
        } finally {
            System.setErr(stderr);
        }
        var lines = caught.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(3, lines.size(), lines::toString);
        assertTrue(
                lines.get(0)
                        .endsWith(
                                "limit=connections-per-address listener=[::]:110"
                                        + " client=192.0.2.9 refused=1 why=\"set to 1\""),
                lines.get(0));
        assertTrue(lines.get(1).contains("listener=[::]:995"), lines.get(1));
        assertTrue(lines.get(2).contains("refused=1000"), lines.get(2));
        assertEquals(1_002, refusals.value(Limit.CONNECTIONS_PER_ADDRESS));
        assertEquals("connections-per-address=1002", refusals.toString());
    }
}
