package io.postern.call;

import io.postern.spi.Fault;

import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Makes of what a plugin has thrown something that can be logged without asking the plugin's code
 * again: a {@code toString} that does not come to an end would stop whoever logs it, and everybody
 * else who logs. Called while the plugin's time still runs.
 */
final class Thrown {
    /** Causes behind causes that are looked at. */
    private static final int DEEPEST = 16;

    private Thrown() {}

    /** What stands for an exception of a class that a plugin has brought. */
    private static final class Told extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Told(String text, Throwable cause) {
            super(text, cause);
        }

        @Override
        @SuppressWarnings("OverrideThrowableToString") // the class is nobody's to see
        public String toString() {
            return getMessage();
        }
    }

    /**
     * Throws it, or what stands for it.
     *
     * @return never
     */
    static RuntimeException again(Throwable thrown) throws Fault, InterruptedException {
        switch (harmless(thrown) ? thrown : told(thrown, 0)) {
            case Fault fault -> throw fault;
            case InterruptedException interrupted -> throw interrupted;
            case RuntimeException defect -> throw defect;
            case Error error -> throw error;
            case Throwable other ->
                    throw new IllegalStateException("no plugin may throw this", other);
        }
    }

    private static boolean harmless(Throwable thrown) {
        var one = thrown;
        for (var depth = 0; depth < DEEPEST; depth++) {
            if (!ours(one) || one.getSuppressed().length > 0) {
                return false;
            }
            one = one.getCause();
            if (one == null) {
                return true;
            }
        }
        return false;
    }

    /** Whether it is of the JDK or of the server. */
    private static boolean ours(Throwable one) {
        var loader = one.getClass().getClassLoader();
        return loader == null
                || ClassLoader.getPlatformClassLoader().equals(loader)
                || Thrown.class.getClassLoader().equals(loader);
    }

    private static Throwable told(Throwable thrown, int depth) {
        if (thrown instanceof Fault fault && fault.gone()) {
            return fault; // it has no cause
        }
        var behind = depth < DEEPEST ? thrown.getCause() : null;
        var cause = behind == null ? null : told(behind, depth + 1);
        var text = thrown.toString();
        var told =
                switch (thrown) {
                    case Fault fault -> new Fault(fault.kind(), fault.getMessage(), cause);
                    case UncheckedIOException _ ->
                            new UncheckedIOException(
                                    cause instanceof IOException io ? io : new IOException(text));
                    case IOException _ -> new IOException(text, cause);
                    case InterruptedException _ -> new InterruptedException(text);
                    default -> new Told(text, cause);
                };
        told.setStackTrace(thrown.getStackTrace());
        return told;
    }
}
