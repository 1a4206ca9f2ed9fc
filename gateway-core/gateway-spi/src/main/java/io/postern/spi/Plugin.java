package io.postern.spi;

import java.util.List;
import java.util.Locale;

/**
 * Anything that is found by {@link java.util.ServiceLoader} in a folder below {@code plugins/}.
 *
 * <p>The server makes one object for each place in {@code gateway.xml} that names the plugin, by
 * its public constructor without arguments. The constructor does nothing; {@link #start} does. One
 * thread calls {@code start}, then any number of threads call the plugin at the same time, then one
 * thread calls {@link #close}.
 */
public interface Plugin extends AutoCloseable {

    /**
     * The name by which {@code gateway.xml} asks for this plugin: lower-case letters, digits and
     * hyphens. Answered before {@link #start}, always the same.
     *
     * @return the name of the class in that spelling, unless overridden: {@code XmlUsers} is {@code
     *     xml-users}
     */
    default String name() {
        return getClass()
                .getSimpleName()
                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                .toLowerCase(Locale.ROOT);
    }

    /**
     * The settings it takes. The server refuses any other at start, and knows from here what {@code
     * postern check} and {@code postern plugins} say of them. Answered before {@link #start}.
     */
    default List<Setting> settings() {
        return List.of();
    }

    /**
     * Looks at what the settings name, as far as that needs no network, port or database server:
     * that files can be read and their entries understood, that folders are there, that queries,
     * filters and addresses are well-formed, that a driver is among the jars, that settings fit
     * together. {@code postern check} asks for it, so that it finds what {@link #start} would
     * refuse.
     *
     * <p>Called by one thread before {@link #start}, often on an object that is never started or
     * closed. It changes nothing on the disk, keeps nothing open and starts no thread. The server
     * waits up to 10 s. A file that a finding is about is named in it, with the line: {@code
     * conf/passwd:3: ...}
     *
     * @param config the settings from {@code gateway.xml}, checked against {@link #settings()}
     * @param findings takes all that is found
     * @throws SettingException taken as the last {@linkplain Findings#problem problem}
     * @throws Fault if it cannot be found out; taken as a problem, too
     */
    default void check(PluginConfig config, Findings findings) throws Fault, InterruptedException {}

    /**
     * Makes it ready. May block; the server waits.
     *
     * @param config the settings from {@code gateway.xml}, checked against {@link #settings()}
     * @throws SettingException for a setting that is well-formed but cannot be used; it stops the
     *     start and is shown with file, line and remedy
     * @throws Fault if the plugin cannot work, for another reason
     */
    default void start(PluginConfig config) throws Fault, InterruptedException {}

    /** Lets go of everything it holds. Called once after a {@code start}, even one that failed. */
    @Override
    default void close() {}
}
