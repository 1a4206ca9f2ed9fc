package io.postern.plugin;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** A plugin's jar, made from source while the test runs. */
public final class TestJar {
    private final Map<String, byte[]> entries = new LinkedHashMap<>();
    private final List<String> options = new ArrayList<>();
    private final Map<String, String> sources = new LinkedHashMap<>();

    /** Adds a source to compile: the type's full name and its code. */
    public TestJar source(String type, String code) {
        sources.put(type, code);
        return this;
    }

    /** Adds a file as it is. */
    public TestJar entry(String name, String content) {
        return entry(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds a file as it is. */
    public TestJar entry(String name, byte[] content) {
        entries.put(name, content);
        return this;
    }

    /** Names classes as providers of a service. */
    public TestJar service(Class<?> service, String... types) {
        return entry("META-INF/services/" + service.getName(), String.join("\n", types) + "\n");
    }

    /** Adds what the compiler shall see besides the test's own class path. */
    public TestJar against(Path jar) {
        options.addAll(List.of("-classpath", jar + ":" + System.getProperty("java.class.path")));
        return this;
    }

    /** Compiles and writes it. */
    public Path write(Path jar) {
        try {
            Files.createDirectories(jar.getParent());
            try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
                for (var one : compiled().entrySet()) {
                    out.putNextEntry(new JarEntry(one.getKey()));
                    out.write(one.getValue());
                }
                for (var one : entries.entrySet()) {
                    out.putNextEntry(new JarEntry(one.getKey()));
                    out.write(one.getValue());
                }
            }
            return jar;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The class files of the sources, by their names in a jar. */
    public Map<String, byte[]> compiled() throws IOException {
        var classes = new LinkedHashMap<String, byte[]>();
        if (sources.isEmpty()) {
            return classes;
        }
        var out = Files.createTempDirectory("postern-test-classes");
        var compiler = ToolProvider.getSystemJavaCompiler();
        var words = new StringWriter();
        var files = sources.entrySet().stream().map(one -> file(one.getKey(), one.getValue()));
        var all = new ArrayList<>(options);
        all.addAll(List.of("-d", out.toString(), "-proc:none"));
        if (!compiler.getTask(words, null, null, all, null, files.toList()).call()) {
            throw new IllegalStateException(words.toString());
        }
        try (var walk = Files.walk(out)) {
            for (var file : walk.filter(Files::isRegularFile).toList()) {
                classes.put(out.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        try (var walk = Files.walk(out)) {
            for (var file : walk.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        return classes;
    }

    private static JavaFileObject file(String type, String code) {
        return new SimpleJavaFileObject(
                URI.create("string:///" + type.replace('.', '/') + ".java"),
                JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return code;
            }
        };
    }
}
