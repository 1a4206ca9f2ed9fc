package io.postern.call;

import io.postern.spi.Fault;
import io.postern.spi.SettingException;

import org.slf4j.Logger;

/** How what a plugin could not do is logged. Any thread. */
public final class FaultLog {
    private FaultLog() {}

    /**
     * Logs a failure as one line with the words of all its causes. A stack trace is for defects: it
     * comes along if the failure or its direct cause is an unchecked exception (but for a setting
     * that is wrong) or an error, else with the level {@code debug}.
     *
     * @param doing who did what
     */
    public static void warn(Logger log, String doing, Throwable failure) {
        if (isUnchecked(failure) || isUnchecked(failure.getCause())) {
            log.warn("{}: {}", doing, Fault.words(failure), failure);
        } else {
            log.warn("{}: {}", doing, Fault.words(failure));
            log.debug("{}", doing, failure);
        }
    }

    private static boolean isUnchecked(Throwable failure) {
        return (failure instanceof RuntimeException && !(failure instanceof SettingException))
                || failure instanceof Error;
    }
}
