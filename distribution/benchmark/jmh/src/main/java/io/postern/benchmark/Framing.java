package io.postern.benchmark;

import io.postern.engine.LineFramer;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a client pipelines, cut into lines. A buffer is as full as a read from a socket makes it.
 */
@State(Scope.Thread)
@Fork(
        value = 1,
        jvmArgs = {"-Xmx512m", "-XX:+UseCompactObjectHeaders"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class Framing {
    private static final int COMMANDS = 150;

    /** Longest command, octets, CRLF included (RFC 2449 §4). */
    private static final int LIMIT = 255;

    private final LineFramer framer = new LineFramer();
    private final ByteBuffer in =
            ByteBuffer.wrap(
                    "NOOP\r\nLIST 17\r\nUIDL 17\r\n"
                            .repeat(COMMANDS / 3)
                            .getBytes(StandardCharsets.US_ASCII));

    /** One operation is one line. */
    @Benchmark
    @OperationsPerInvocation(COMMANDS)
    public void lines(Blackhole sink) {
        in.rewind();
        for (var line = 0; line < COMMANDS; line++) {
            sink.consume(framer.next(in, LIMIT));
        }
    }
}
