package io.postern.distribution;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The mail of one realm, as a delivery agent reaches it, beside a server that runs or was killed.
 * Messages are Latin-1 texts with LF.
 */
interface Depot {
    /** The realm's name, and its domain. */
    String name();

    /** The element {@code store} of {@code gateway.xml}. */
    String store();

    /** Makes a maildrop. */
    void make(String user) throws IOException;

    /**
     * Delivers; one thread for each user.
     *
     * @return false if it must be tried again, and nothing is there
     */
    boolean deliver(String user, String message) throws IOException;

    /**
     * What is stored while no server runs.
     *
     * @return nothing where a removal was interrupted, and the next login has to finish it
     */
    Optional<List<String>> stored(String user) throws IOException;

    /** Lock files and the like. */
    List<Path> leftovers() throws IOException;

    /** Maildirs, and a deliverer that does not care for anybody. */
    record Maildirs(Path root) implements Depot {
        @Override
        public String name() {
            return "maildir";
        }

        @Override
        public String store() {
            return "<store plugin=\"maildir\"><root>" + root + "</root></store>";
        }

        @Override
        public void make(String user) throws IOException {
            for (var part : List.of("tmp", "new", "cur")) {
                Files.createDirectories(root.resolve(user).resolve(part));
            }
        }

        @Override
        public boolean deliver(String user, String message) throws IOException {
            var name = System.currentTimeMillis() / 1000 + ".M" + System.nanoTime() + "P1.test";
            var maildir = root.resolve(user);
            var written =
                    Files.writeString(
                            maildir.resolve("tmp").resolve(name),
                            message,
                            StandardCharsets.ISO_8859_1);
            Files.move(written, maildir.resolve("new").resolve(name));
            return true;
        }

        @Override
        public Optional<List<String>> stored(String user) throws IOException {
            var all = new ArrayList<String>();
            for (var part : List.of("new", "cur")) {
                try (var files = Files.newDirectoryStream(root.resolve(user).resolve(part))) {
                    for (var file : files) {
                        all.add(Files.readString(file, StandardCharsets.ISO_8859_1));
                    }
                }
            }
            return Optional.of(all);
        }

        @Override
        public List<Path> leftovers() {
            return List.of();
        }
    }

    /** Files in the format mboxrd, and a deliverer that takes the lock file and the fcntl lock. */
    record Mboxes(Path root) implements Depot {
        private static final String FROM = "From kill@example.org Mon Nov 23 06:00:00 2026\n";

        @Override
        public String name() {
            return "mbox";
        }

        @Override
        public String store() {
            return "<store plugin=\"mbox\"><root>"
                    + root
                    + "</root><format>mboxrd</format><locks>dotlock fcntl</locks></store>";
        }

        @Override
        public void make(String user) throws IOException {
            Files.createDirectories(root);
            Files.createFile(root.resolve(user));
        }

        @Override
        public boolean deliver(String user, String message) throws IOException {
            var file = root.resolve(user);
            var lock = root.resolve(user + ".lock");
            try {
                Files.createFile(lock);
            } catch (FileAlreadyExistsException e) {
                return false;
            }
            try (var channel = FileChannel.open(file, StandardOpenOption.WRITE);
                    var _ = channel.lock()) {
                var octets = new ByteArrayOutputStream();
                octets.writeBytes(latin(FROM));
                octets.writeBytes(latin(message.replaceAll("(?m)^(>*From )", ">$1")));
                octets.write('\n');
                channel.write(ByteBuffer.wrap(octets.toByteArray()), channel.size());
            } finally {
                Files.delete(lock);
            }
            return true;
        }

        @Override
        public Optional<List<String>> stored(String user) throws IOException {
            if (Files.exists(root.resolve(user + ".postern-journal"))) {
                return Optional.empty();
            }
            var text = Files.readString(root.resolve(user), StandardCharsets.ISO_8859_1);
            var all = new ArrayList<String>();
            for (var at = 0; at < text.length(); ) {
                if (!text.startsWith(FROM, at)) {
                    all.add(text.substring(at)); // nobody delivered that
                    break;
                }
                var next = text.indexOf("\n" + FROM, at);
                var end = next < 0 ? text.length() : next + 1;
                var message = text.substring(at + FROM.length(), end);
                all.add(
                        message.substring(0, message.length() - 1)
                                .replaceAll("(?m)^>(>*From )", "$1"));
                at = end;
            }
            return Optional.of(all);
        }

        @Override
        public List<Path> leftovers() throws IOException {
            var left = new ArrayList<Path>();
            try (var files =
                    Files.newDirectoryStream(
                            root,
                            // A lock file that was not yet one when the server was killed: nobody
                            // minds it.
                            file ->
                                    file.toString()
                                            .matches(".*/[^/.]+\\.(?!lock\\.\\d+\\.\\d+$).*"))) {
                files.forEach(left::add);
            }
            return left;
        }

        private static byte[] latin(String text) {
            return text.getBytes(StandardCharsets.ISO_8859_1);
        }
    }
}
