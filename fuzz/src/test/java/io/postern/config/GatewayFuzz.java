package io.postern.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A configuration is taken, or refused with file, line and remedy: never both, never neither, and
 * never by an exception.
 */
public final class GatewayFuzz {
    private static final Path FILE = file();

    private GatewayFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Files.write(FILE, input);
        var draft = GatewayFile.read(FILE, FILE.getParent(), _ -> null);
        expect(draft.config().isPresent() == draft.problems().isEmpty(), "neither or both");
        for (var problem : draft.problems()) {
            expect(problem.file().equals(FILE), "another file");
            expect(problem.line() >= 0 && problem.line() <= input.length + 1, "no such line");
            expect(!problem.what().isBlank() && !problem.remedy().isBlank(), "no words");
        }
    }

    private static Path file() {
        try {
            var file = Files.createTempFile("gateway", ".xml");
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void expect(boolean truth, String what) {
        if (!truth) {
            throw new AssertionError(what);
        }
    }
}
