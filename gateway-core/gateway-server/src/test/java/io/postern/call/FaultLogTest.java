package io.postern.call;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;

import io.postern.spi.Fault;

import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

import java.io.IOException;

class FaultLogTest {
    private final Logger log = mock(Logger.class);

    @Test
    void whatAnOperatorCanMendIsOneLineWithTheCauseOfTheCause() {
        var root = new IOException("password authentication failed");
        var fault = Fault.temporary("no answer", new IOException("timed out", root));
        FaultLog.warn(log, "login of anna", fault);
        verify(log)
                .warn(
                        "{}: {}",
                        "login of anna",
                        "no answer: timed out: password authentication failed");
        verify(log, never()).warn(any(String.class), any(), any(), any());
        verify(log).debug("{}", (Object) "login of anna", fault);
    }

    @Test
    void aDefectKeepsItsStackTrace() {
        for (var defect :
                new Throwable[] {
                    new IllegalStateException("broken"),
                    Fault.permanent("broken", new NullPointerException()),
                    Fault.permanent("broken", new NoClassDefFoundError("lib/Missing"))
                }) {
            FaultLog.warn(log, "login", defect);
            verify(log).warn(eq("{}: {}"), eq("login"), any(), eq(defect));
        }
    }
}
