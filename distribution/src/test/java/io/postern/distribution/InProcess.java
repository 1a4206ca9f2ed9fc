package io.postern.distribution;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * Commands of the packaged server in this JVM, from the jars of the tarball: hundreds of them would
 * take minutes as processes.
 */
final class InProcess implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;

    private final URLClassLoader jars;

    /**
     * What a command came to.
     *
     * @param text standard output, then standard error
     */
    record Ended(int code, String text) {}

    InProcess(Installation installation) throws IOException {
        var urls = new ArrayList<URL>();
        try (var files = Files.list(installation.home().resolve("lib"))) {
            for (var jar : files.toList()) {
                urls.add(url(jar));
            }
        }
        jars = new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }

    private static URL url(Path jar) throws MalformedURLException {
        return jar.toUri().toURL();
    }

    /** Runs a command. A server that is ready is stopped at once. */
    Ended run(Path home, String... words) throws Exception {
        var out = new StringWriter();
        var err = new StringWriter();
        var command = new FutureTask<>(() -> execute(home, out, err, words));
        var thread = Thread.ofPlatform().name(words[0]).unstarted(command);
        thread.setContextClassLoader(jars);
        thread.start();
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        var stopped = false;
        while (thread.isAlive() && System.nanoTime() < end) {
            if (!stopped && out.toString().lines().anyMatch("ready"::equals)) {
                stop(thread);
                stopped = true;
            }
            thread.join(5);
        }
        if (thread.isAlive()) {
            throw new IllegalStateException(words[0] + " does not end: " + out + err);
        }
        return new Ended(command.get(), out.toString() + err);
    }

    /** As a signal does; an interrupt alone would be taken for a plugin's. */
    private void stop(Thread server) throws ReflectiveOperationException {
        var stop = jars.loadClass("io.postern.app.Run").getDeclaredMethod("stop", Thread.class);
        stop.setAccessible(true);
        stop.invoke(null, server);
    }

    private int execute(Path home, StringWriter out, StringWriter err, String... words)
            throws ReflectiveOperationException {
        var main = jars.loadClass("io.postern.app.Main").getDeclaredMethod("commandLine");
        main.setAccessible(true);
        var line = main.invoke(null);
        line.getClass()
                .getMethod("setOut", PrintWriter.class)
                .invoke(line, new PrintWriter(out, true));
        line.getClass()
                .getMethod("setErr", PrintWriter.class)
                .invoke(line, new PrintWriter(err, true));
        var all = new ArrayList<String>();
        all.addAll(java.util.List.of(words));
        all.add("--home=" + home);
        return (Integer)
                line.getClass()
                        .getMethod("execute", String[].class)
                        .invoke(line, (Object) all.toArray(String[]::new));
    }

    @Override
    public void close() throws IOException {
        jars.close();
    }
}
