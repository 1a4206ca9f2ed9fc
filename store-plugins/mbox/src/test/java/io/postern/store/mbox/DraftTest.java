package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class DraftTest {
    @TempDir Path folder;

    /** Each looks through the folder for what a crash has left, while others begin and end. */
    @Test
    void draftsOfOthersComeAndGo() throws Exception {
        var message = "Subject: x\n\nx\n".getBytes(StandardCharsets.US_ASCII);
        var all = new ArrayList<Future<?>>();
        try (var threads = Executors.newFixedThreadPool(8)) {
            for (var count = 0; count < 2_000; count++) {
                all.add(
                        threads.submit(() -> {
                            var content = new ByteArrayInputStream(message);
                            Draft.of(folder, MboxFormat.MBOXRD, content, Optional.empty()).close();
                            return null;
                        }));
            }
        }
        for (var one : all) {
            one.get();
        }
        try (var left = Files.list(folder)) {
            assertEquals(0, left.count());
        }
    }
}
