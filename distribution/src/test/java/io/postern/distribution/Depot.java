package io.postern.distribution;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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

    /** Whether mail can be delivered while a server runs, and not only between two of them. */
    default boolean besideServer() {
        return true;
    }

    /** Begins deliveries between two servers, which end when it is closed. */
    default Closeable betweenServers() throws Exception {
        return () -> {};
    }

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

    /** Tables of a database server, and a deliverer that is the plugin itself, in another JVM. */
    record Tables(SqlServer database, SqlMail mail) implements Depot {
        private static final String READ =
                "SELECT m.seq, c.data FROM mailbox b JOIN message m ON m.mailbox_id = b.id"
                        + " LEFT JOIN blob_chunk c ON c.blob_id = m.blob_id"
                        + " WHERE b.name = ? ORDER BY m.seq, c.n";

        @Override
        public String name() {
            return database.name();
        }

        @Override
        public String store() {
            return "<store plugin=\"jdbc\">" + database.settings() + "</store>";
        }

        /** A first login or delivery does that. */
        @Override
        public void make(String user) {}

        @Override
        public boolean deliver(String user, String message) throws IOException {
            mail.deliver(user, message.getBytes(StandardCharsets.ISO_8859_1));
            return true;
        }

        @Override
        public Optional<List<String>> stored(String user) throws IOException {
            try (var connection = DriverManager.getConnection(database.url())) {
                return Optional.of(read(connection, user));
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }

        @Override
        public List<Path> leftovers() {
            return List.of();
        }

        static List<String> read(Connection connection, String user) throws SQLException {
            var all = new LinkedHashMap<Long, String>();
            try (var query = connection.prepareStatement(READ)) {
                query.setString(1, user);
                try (var rows = query.executeQuery()) {
                    while (rows.next()) {
                        var chunk = rows.getBytes(2);
                        var text = new String(chunk, StandardCharsets.ISO_8859_1);
                        all.merge(rows.getLong(1), text, String::concat);
                    }
                }
            }
            return List.copyOf(all.values());
        }
    }

    /**
     * A file of H2, which one program has at a time: mail comes between two servers. What is looked
     * at is a copy, so that it is the next server that repairs what the killed one left.
     */
    final class H2 implements Depot {
        private final Installation installation;
        private final Path folder;
        private SqlMail mail;

        H2(Installation installation, Path folder) {
            this.installation = installation;
            this.folder = folder;
        }

        @Override
        public String name() {
            return "h2";
        }

        @Override
        public String store() {
            return "<store plugin=\"jdbc\"><url>" + url(folder.resolve("mail")) + "</url></store>";
        }

        private static String url(Path file) {
            return "jdbc:h2:file:" + file;
        }

        @Override
        public void make(String user) throws IOException {
            Files.createDirectories(folder);
        }

        @Override
        public boolean besideServer() {
            return false;
        }

        @Override
        public Closeable betweenServers() throws Exception {
            mail = new SqlMail(installation, url(folder.resolve("mail")), folder);
            return mail;
        }

        @Override
        public boolean deliver(String user, String message) throws IOException {
            mail.deliver(user, message.getBytes(StandardCharsets.ISO_8859_1));
            return true;
        }

        @Override
        public Optional<List<String>> stored(String user) throws IOException {
            var copy = folder.resolve("copy.mv.db");
            Files.copy(folder.resolve("mail.mv.db"), copy, StandardCopyOption.REPLACE_EXISTING);
            try (var connection =
                    DriverManager.getConnection(url(folder.resolve("copy")), "", "")) {
                return Optional.of(Tables.read(connection, user));
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }

        @Override
        public List<Path> leftovers() {
            return List.of();
        }
    }
}
