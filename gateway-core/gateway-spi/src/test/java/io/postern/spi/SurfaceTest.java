package io.postern.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.reflect.GenericDeclaration;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What plugins see of Postern, line by line, against the last release. Who changes it sees here
 * what that means for plugins that exist, and which version the change asks for.
 */
class SurfaceTest {
    /** Its first line is the version, and whether that was released; the others are the surface. */
    private static final Path PINNED = Path.of("src/test/resources/surface.txt");

    private static final String NOT_RELEASED = " not released";

    private static final String WRITE =
            "mvn -pl gateway-core/gateway-spi test -Dtest=SurfaceTest -Dpostern.surface=write";

    @Test
    void pluginsSeeWhatTheVersionPromises() throws Exception {
        var now = surface();
        if (System.getProperty("postern.surface", "").equals("write")) {
            write(now);
        }
        var lines = Files.readAllLines(PINNED);
        var head = lines.getFirst();
        var pinned = new TreeSet<>(lines.subList(1, lines.size()));
        var gone = new TreeSet<>(pinned);
        gone.removeAll(now);
        var added = new TreeSet<>(now);
        added.removeAll(pinned);
        var version = SpiVersion.of(head.replace(NOT_RELEASED, ""));
        var difference = shown("- ", gone) + shown("+ ", added);
        if (head.endsWith(NOT_RELEASED)) {
            assertEquals(version, SpiVersion.CURRENT, "the version in " + PINNED);
            if (!difference.isEmpty()) {
                fail(
                        "What plugins see has changed, and "
                                + version
                                + " is not released yet. If that is meant, pin it again:\n"
                                + WRITE
                                + "\n"
                                + difference);
            }
            return;
        }
        var wanted = wanted(version, gone, added);
        assertTrue(
                wanted.major() == SpiVersion.CURRENT.major()
                        && wanted.compareTo(SpiVersion.CURRENT) <= 0,
                "What plugins see has changed since "
                        + version
                        + ", so SpiVersion.CURRENT must be "
                        + wanted
                        + ", or the change must go. After a release, pin it again:\n"
                        + WRITE
                        + "\n"
                        + difference);
    }

    @Test
    void whatBreaksPluginsAsksForAMajorVersion() {
        var version = new SpiVersion(3, 4);
        var none = new TreeSet<String>();
        var method = new TreeSet<>(List.of("a.Type: public default void x()"));
        var duty = new TreeSet<>(List.of("a.Type: public abstract void x()"));
        assertEquals(version, wanted(version, none, none));
        assertEquals(new SpiVersion(3, 5), wanted(version, none, method));
        assertEquals(new SpiVersion(4, 0), wanted(version, none, duty));
        assertEquals(new SpiVersion(4, 0), wanted(version, method, none));
        var born = new TreeSet<>(List.of("a.Type: public interface", "a.Type: abstract void x()"));
        assertEquals(new SpiVersion(3, 5), wanted(version, none, born));
    }

    /** The least version after a change. */
    private static SpiVersion wanted(
            SpiVersion before, SortedSet<String> gone, SortedSet<String> added) {
        var newTypes =
                added.stream()
                        .filter(line ->
                                line.matches("[^:]+: .*\\b(interface|class|enum|record)\\b.*"))
                        .map(line -> line.substring(0, line.indexOf(':')))
                        .collect(Collectors.toSet());
        // Whoever implements an interface lacks the new method.
        var duties =
                added.stream()
                        .filter(line -> line.contains(" abstract "))
                        .filter(line -> !newTypes.contains(line.substring(0, line.indexOf(':'))))
                        .count();
        if (!gone.isEmpty() || duties > 0) {
            return new SpiVersion(before.major() + 1, 0);
        }
        return added.isEmpty() ? before : new SpiVersion(before.major(), before.minor() + 1);
    }

    private static String shown(String mark, SortedSet<String> lines) {
        return lines.stream().map(line -> mark + line + "\n").collect(Collectors.joining());
    }

    private static void write(SortedSet<String> surface) throws IOException {
        var released = Files.exists(PINNED) && !Files.readAllLines(PINNED).getFirst().endsWith("d");
        Files.createDirectories(PINNED.getParent());
        Files.writeString(
                PINNED,
                SpiVersion.CURRENT
                        + (released ? "" : NOT_RELEASED)
                        + "\n"
                        + String.join("\n", surface)
                        + "\n");
    }

    private static SortedSet<String> surface() throws Exception {
        var root =
                Path.of(Plugin.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        var lines = new TreeSet<String>();
        try (var files = Files.walk(root)) {
            for (var file : files.filter(it -> it.toString().endsWith(".class")).toList()) {
                var name = root.relativize(file).toString().replace('/', '.');
                if (name.endsWith("package-info.class")) {
                    continue;
                }
                var type = Class.forName(name.substring(0, name.length() - ".class".length()));
                if (visible(type)) {
                    describe(type, lines);
                }
            }
        }
        return lines;
    }

    private static boolean visible(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getDeclaringClass() == null || visible(type.getDeclaringClass()));
    }

    private static void describe(Class<?> type, SortedSet<String> lines) {
        var head = new StringBuilder(type.toGenericString().replace("abstract ", ""));
        add(head, " extends ", type.getGenericSuperclass());
        add(head, " implements ", type.getGenericInterfaces());
        if (type.isSealed()) {
            add(head, " permits ", type.getPermittedSubclasses());
        }
        lines.add(type.getName() + ": " + head);
        Stream.of(
                        type.getDeclaredFields(),
                        type.getDeclaredMethods(),
                        type.getDeclaredConstructors())
                .flatMap(Arrays::stream)
                .filter(it -> !it.isSynthetic())
                .filter(it -> (it.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0)
                .map(it ->
                        it instanceof GenericDeclaration declaration
                                ? ((java.lang.reflect.Executable) declaration).toGenericString()
                                : ((java.lang.reflect.Field) it).toGenericString())
                .forEach(it -> lines.add(type.getName() + ": " + it));
    }

    private static void add(StringBuilder head, String word, Type... types) {
        var names =
                Stream.of(types)
                        .filter(it -> it != null && it != Object.class)
                        .map(Type::getTypeName)
                        .collect(Collectors.joining(", "));
        if (!names.isEmpty()) {
            head.append(word).append(names);
        }
    }
}
