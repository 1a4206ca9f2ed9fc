package io.postern.store.maildir;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;

/**
 * The index of a Maildir, read as at each login. In this package, for the reader is of no other.
 */
@State(Scope.Thread)
@Fork(
        value = 1,
        jvmArgs = {"-Xmx512m", "-XX:+UseCompactObjectHeaders"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class IndexReading {
    @Param({"100", "50000"})
    public int messages;

    private Path file;

    @Setup
    public void write() throws IOException {
        var names = new Names.Builder(InfoDelimiters.STANDARD);
        var sizes = new long[messages];
        for (var m = 0; m < messages; m++) {
            sizes[m] = 2048 + m;
            var name = "%010d.M%dB%d.bench,S=%d:2,S".formatted(1_700_000_000 + m, m, m, sizes[m]);
            names.add(false, name, false);
        }
        var identities = new int[messages];
        Arrays.setAll(identities, m -> m);
        file = Files.createTempFile("index", "");
        SizeIndex.write(
                file,
                InfoDelimiters.STANDARD,
                new MaildirListing(
                        names.sorted(),
                        new Maildir.Stamp(1, 1),
                        true,
                        sizes,
                        new HashMap<>(),
                        identities,
                        new boolean[messages],
                        new BitSet()));
    }

    @TearDown
    public void remove() throws IOException {
        Files.delete(file);
    }

    /** One operation is one whole file. */
    @Benchmark
    public Object read() throws IOException {
        return SizeIndex.read(file, InfoDelimiters.STANDARD, false).orElseThrow();
    }
}
