package io.postern.distribution;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A program that nobody here wrote, or one of our scripts, run to its end. */
final class Program {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final List<String> command;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private Duration limit = LIMIT;
    private Optional<Path> input = Optional.empty();
    private Path folder = Path.of("").toAbsolutePath();

    private Program(List<String> command) {
        this.command = List.copyOf(command);
    }

    /**
     * What became of it.
     *
     * @param status its exit status
     * @param out what it wrote to its standard output
     * @param err what it wrote to its standard error stream
     */
    @SuppressWarnings("ArrayRecordComponent") // read by tests, compared by nobody
    record Ending(int status, byte[] out, String err) {

        String text() {
            return new String(out, StandardCharsets.UTF_8);
        }

        /** Fails the test unless it ended with status 0. */
        Ending well() {
            if (status != 0) {
                throw new AssertionError("status " + status + "\n" + text() + err);
            }
            return this;
        }
    }

    static Program of(String... command) {
        return new Program(List.of(command));
    }

    /** A mail client from a Debian package; where it is missing the test fails with the remedy. */
    static Program client(String... command) {
        var there =
                List.of(System.getenv("PATH").split(":", -1)).stream()
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, command[0])));
        if (!there) {
            throw new AssertionError(
                    command[0] + " is not installed: run distribution/install-clients as root");
        }
        return of(command);
    }

    Program with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    /** What it finds on its standard input; without, nothing. */
    Program reading(Path file) {
        input = Optional.of(file);
        return this;
    }

    Program in(Path folder) {
        this.folder = folder;
        return this;
    }

    Program within(Duration limit) {
        this.limit = limit;
        return this;
    }

    Ending run() throws InterruptedException {
        try {
            var out = Files.createTempFile("postern-out", "");
            var err = Files.createTempFile("postern-err", "");
            try {
                var builder =
                        new ProcessBuilder(command)
                                .directory(folder.toFile())
                                .redirectOutput(out.toFile())
                                .redirectError(err.toFile());
                environment.forEach(builder.environment()::put);
                input.ifPresent(file -> builder.redirectInput(file.toFile()));
                var process = builder.start();
                process.getOutputStream().close();
                if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly().waitFor();
                    throw new AssertionError(
                            command + " ran longer than " + limit + "\n" + Files.readString(err));
                }
                return new Ending(
                        process.exitValue(), Files.readAllBytes(out), Files.readString(err));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(String.join(" ", command), e);
        }
    }
}
