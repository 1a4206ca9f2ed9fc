package io.postern.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.auth.UserDirectory;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** Exceptions of classes that another loader has, as a plugin's are. */
class ThrownTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final PluginCalls calls = new PluginCalls(LONG);

    private static final class Some implements UserDirectory {}

    /** Counts who asks for its text. */
    public static final class Chatty extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private static final AtomicInteger asked = new AtomicInteger();

        @Override
        @SuppressWarnings("OverrideThrowableToString") // it is what plugins do
        public String toString() {
            return "chatty " + asked.incrementAndGet();
        }
    }

    /** Of a loader of its own. */
    private static Throwable foreign() throws Exception {
        var here = ThrownTest.class.getProtectionDomain().getCodeSource().getLocation();
        try (var loader =
                new URLClassLoader(new URL[] {here}, ClassLoader.getPlatformClassLoader())) {
            return (Throwable)
                    loader.loadClass(Chatty.class.getName()).getConstructor().newInstance();
        }
    }

    private <T extends Throwable> T thrown(Class<T> type, Throwable by) {
        return assertThrows(
                type,
                () ->
                        calls.askAside(
                                new Some(),
                                "throw",
                                () -> {
                                    throw Thrown.again(by);
                                }));
    }

    private static String printed(Throwable it) {
        var text = new StringWriter();
        it.printStackTrace(new PrintWriter(text, true));
        it.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }

    @Test
    void aPluginsOwnExceptionIsAskedForItsTextOnce() throws Exception {
        var told = thrown(RuntimeException.class, foreign());
        assertEquals("chatty 1", told.toString());
        assertTrue(printed(told).contains("chatty 1"));
        assertTrue(!printed(told).contains("chatty 2"));
    }

    @Test
    void soIsOneBehindAFault() throws Exception {
        var told = thrown(Fault.class, Fault.permanent("it is away", foreign()));
        assertEquals("it is away", told.getMessage());
        assertEquals(Fault.Kind.PERMANENT, told.kind());
        assertEquals("chatty 1", told.getCause().toString());
        assertTrue(!printed(told).contains("chatty 2"));
    }

    @Test
    void whatTheServerUnderstandsStaysOfItsKind() throws Exception {
        var io =
                thrown(
                        UncheckedIOException.class,
                        new UncheckedIOException(new IOException("torn", foreign())));
        assertTrue(io.getCause().getMessage().contains("torn"));
        thrown(InterruptedException.class, new InterruptedException("stop"));
        var gone = Fault.gone("it is gone");
        assertSame(gone, thrown(Fault.class, gone));
    }

    @Test
    void ourOwnAndTheJdksComeAsTheyAre() {
        var own = new IllegalStateException("a defect", new IOException("behind it"));
        assertSame(own, thrown(IllegalStateException.class, own));
        var error = new AssertionError("an error");
        assertSame(error, thrown(AssertionError.class, error));
    }

    @Test
    void aChainThatGoesInCirclesEnds() {
        var one = new IllegalStateException("one");
        one.initCause(new IllegalStateException("two", one));
        assertTrue(thrown(RuntimeException.class, one).toString().contains("one"));
    }
}
