package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Optional;

class OpenFilesTest {
    @Test
    void connectionsThatFitAreNoMatter() {
        assertEquals(Optional.empty(), OpenFiles.warning(900, 1000, 100));
        assertEquals(Optional.empty(), OpenFiles.warning(1_000_000, -1, 100), "no limit is known");
        assertEquals(Optional.empty(), OpenFiles.warning(1));
    }

    @Test
    void thoseThatDoNotAreToldOfWithTheRemedy() {
        var warning = OpenFiles.warning(901, 1000, 100).orElseThrow();
        assertEquals(
                "the limit of open files is 1000, of which 100 are in use, and the listeners"
                        + " may take 901 connections: clients that come beyond it are refused. Raise"
                        + " it to 1001 or more (LimitNOFILE= of systemd, ulimit -n), or lower"
                        + " <connections>.",
                warning);
        assertTrue(OpenFiles.warning(Integer.MAX_VALUE * 2L, 1 << 20, 1).isPresent());
    }
}
