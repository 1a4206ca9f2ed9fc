package io.postern.app;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationTargetException;

/**
 * SIGHUP while a server runs. By itself Java ends the process at that signal; daemons read their
 * configuration again. The signal is caught from {@link #caught} to {@link #close}; what it does is
 * run by a thread of the JVM's own, so it must not block for long.
 *
 * <p>Where SIGHUP was ignored when Java started, as under {@code nohup}, it stays ignored; where
 * the system has no such signal, or Java runs with {@code -Xrs}, nothing is caught.
 */
final class HangUp implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HangUp.class);

    private volatile Runnable reaction = () -> LOG.info("SIGHUP changes nothing during the start");

    /** The handler that was there before; null where nothing is caught. */
    private Object before;

    private HangUp() {}

    /** Catches the signal. Until {@link #does} says what to do, the log tells of it. */
    static HangUp caught() {
        var hangUp = new HangUp();
        hangUp.before = handle(hangUp.handler());
        return hangUp;
    }

    /** What the signal does from now on. Any thread. */
    void does(Runnable newReaction) {
        reaction = newReaction;
    }

    /** The signal does again what it did before. */
    @Override
    public void close() {
        reaction = () -> LOG.info("SIGHUP changes nothing during the stop");
        if (before != null) {
            var _ = handle(before);
        }
    }

    /**
     * The compiler warns of the class {@code sun.misc.Signal} wherever it is named, and Java has no
     * other way to a signal: so it is found by its name.
     */
    private Object handler() {
        try {
            var type = Class.forName("sun.misc.SignalHandler");
            var react =
                    MethodHandles.lookup().bind(this, "react", MethodType.methodType(void.class));
            return MethodHandleProxies.asInterfaceInstance(
                    type, MethodHandles.dropArguments(react, 0, Class.forName("sun.misc.Signal")));
        } catch (ReflectiveOperationException e) {
            LOG.debug("this Java has no module jdk.unsupported", e);
            return null;
        }
    }

    @SuppressWarnings("UnusedMethod") // called by the handler
    private void react() {
        reaction.run();
    }

    /**
     * @return the handler before; null if the signal cannot be caught
     */
    private static Object handle(Object handler) {
        if (handler == null) {
            return null;
        }
        try {
            var signal = Class.forName("sun.misc.Signal");
            return signal.getMethod("handle", signal, Class.forName("sun.misc.SignalHandler"))
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), handler);
        } catch (InvocationTargetException e) {
            LOG.debug("SIGHUP cannot be caught here", e.getCause());
        } catch (ReflectiveOperationException e) {
            LOG.debug("SIGHUP cannot be caught by this Java", e);
        }
        return null;
    }
}
