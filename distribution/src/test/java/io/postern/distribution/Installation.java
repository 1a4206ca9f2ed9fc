package io.postern.distribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The tarball, unpacked.
 *
 * @param home its top folder
 */
record Installation(Path home) {
    static final Path TARBALL = Path.of(System.getProperty("postern.tarball"));

    /** The project's folder, where the scripts are. */
    static final Path ROOT = Path.of(System.getProperty("postern.root"));

    private static Installation shared;

    /** One for all tests that do not change it. Its path has spaces in it, as anybody's may. */
    static synchronized Installation shared() throws IOException, InterruptedException {
        if (shared == null) {
            var folder = TARBALL.resolveSibling("unpacked for the tests");
            Program.of("rm", "-rf", folder.toString()).run().well();
            shared = unpack(Files.createDirectory(folder));
        }
        return shared;
    }

    static Installation unpack(Path folder) throws InterruptedException {
        Program.of("tar", "-xzf", TARBALL.toString(), "-C", folder.toString()).run().well();
        var name = TARBALL.getFileName().toString().replace(".tar.gz", "");
        return new Installation(folder.resolve(name));
    }

    /** The names in one of its folders, sorted. */
    List<String> names(String folder) throws IOException {
        try (var files = Files.list(home.resolve(folder))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    Path launcher() {
        return home.resolve("bin/postern");
    }

    Program postern(String... arguments) {
        var command = new String[arguments.length + 1];
        command[0] = launcher().toString();
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return Program.of(command);
    }
}
