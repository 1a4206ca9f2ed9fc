package io.postern.benchmark;

import io.postern.spi.wire.MessageEncoder;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** A chunk of a stored message, made into what travels: line ends and dots. */
@State(Scope.Thread)
@Fork(
        value = 1,
        jvmArgs = {"-Xmx512m", "-XX:+UseCompactObjectHeaders"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class Encoding {
    private static final int CHUNK = 32 * 1024;

    /** How the message is stored. */
    @Param({"LF", "CRLF"})
    public String lineEnd;

    private final ByteBuffer out = ByteBuffer.allocate(2 * CHUNK);
    private ByteBuffer in;

    /** Lines as in the corpus of {@code distribution/benchmark}; one in some hundred has a dot. */
    @Setup
    public void write() {
        var random = new Random(1939);
        var text = new StringBuilder();
        while (text.length() < CHUNK) {
            text.append(random.nextInt(200) > 0 ? "" : ".");
            for (var left = 21 + random.nextInt(57); left > 0; left--) {
                text.append((char) ('a' + random.nextInt(26)));
            }
            text.append(lineEnd.equals("LF") ? "\n" : "\r\n");
        }
        in = ByteBuffer.wrap(text.substring(0, CHUNK).getBytes(StandardCharsets.US_ASCII));
    }

    /** One operation is 32 KiB. */
    @Benchmark
    public long chunk() {
        var encoder = new MessageEncoder(MessageEncoder.WHOLE);
        encoder.encode(in.rewind(), out.clear());
        return encoder.octets();
    }
}
