import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks or rewrites the layout of every Java source below a folder: {@code check|write <folder>}.
 */
final class Format {
    private static final JavaFormatterOptions STYLE =
            JavaFormatterOptions.builder().style(JavaFormatterOptions.Style.AOSP).build();

    public static void main(String[] args) throws IOException {
        var write = args[0].equals("write");
        if (!write && !args[0].equals("check")) {
            System.err.println("format.mode is \"check\" or \"write\", not \"" + args[0] + "\"");
            System.exit(2);
        }
        var root = Path.of(args[1]);
        var formatter = new Formatter(STYLE);
        var wrong = new ArrayList<Path>();
        for (var source : sources(root)) {
            var is = Files.readString(source);
            String should;
            try {
                should = ImportOrderer.reorderImports(is, JavaFormatterOptions.Style.AOSP);
                should = formatter.formatSource(RemoveUnusedImports.removeUnusedImports(should));
            } catch (FormatterException e) {
                System.err.println(root.relativize(source) + ": " + e.getMessage());
                wrong.add(source);
                continue;
            }
            if (is.equals(should)) {
                continue;
            }
            if (write) {
                Files.writeString(source, should);
                System.out.println("formatted " + root.relativize(source));
            } else {
                wrong.add(source);
            }
        }
        if (!wrong.isEmpty()) {
            wrong.forEach(
                    source -> System.err.println("not formatted: " + root.relativize(source)));
            System.err.println("Remedy: mvn -N validate -Dformat.mode=write");
            System.exit(1);
        }
    }

    private static List<Path> sources(Path root) throws IOException {
        var found = new ArrayList<Path>();
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(
                            Path folder, BasicFileAttributes attributes) {
                        var name = folder.getFileName().toString();
                        var skip = name.equals("target") || name.equals(".git");
                        return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        if (file.toString().endsWith(".java")) {
                            found.add(file);
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        found.sort(null);
        return found;
    }
}
