import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Mail of the benchmark, the same at every run: users with so many messages each. Messages are hard
 * links to the files of the bodies, so that a tree for each server costs little. What the C
 * programs read of it is described in {@code src/wire.h}.
 */
final class Corpus {
    /** What every user logs in with; it stands in {@code src/load.c}, too. */
    static final String PASSWORD = "secret";

    /** A file of ext4 takes at most 65,000 links. */
    private static final int LINKS = 50_000;

    private static final int MEDIAN = 8 * 1024;
    private static final int LARGEST = 5 << 20;

    private final Path folder;
    private final char letter;
    private final int users;
    private final int messages;
    private final long[] sizes;

    private Corpus(Path folder, char letter, int users, int messages) throws IOException {
        this.folder = folder;
        this.letter = letter;
        this.users = users;
        this.messages = messages;
        sizes =
                Files.readAllLines(folder.resolve("bodies.idx")).stream()
                        .skip(1)
                        .mapToLong(line -> Long.parseLong(line.substring(0, line.indexOf(' '))))
                        .toArray();
    }

    /**
     * 512 users u00000, ... with 100 messages, median 8 KiB, the largest 5 MiB; every second with
     * LF. 512, because 256 clients at a time must not share a maildrop.
     */
    static Corpus small(Path folder) throws IOException {
        if (make(folder)) {
            var random = new Random(1939);
            var octets = new int[2000];
            for (var body = 0; body < octets.length; body++) {
                octets[body] =
                        body % 500 == 499
                                ? LARGEST
                                : (int)
                                        Math.clamp(
                                                (long)
                                                        (MEDIAN
                                                                * Math.exp(
                                                                        1.2
                                                                                * random
                                                                                        .nextGaussian())),
                                                400,
                                                LARGEST);
            }
            write(folder, "u 512 100", octets, random);
        }
        return new Corpus(folder, 'u', 512, 100);
    }

    /** 200 users b00000, ... with 5 messages of 25 to 50 MiB. */
    static Corpus big(Path folder) throws IOException {
        if (make(folder)) {
            var octets = new int[] {25 << 20, 31 << 20, 38 << 20, 44 << 20, 50 << 20};
            write(folder, "b 200 5", octets, new Random(2449));
        }
        return new Corpus(folder, 'b', 200, 5);
    }

    Path folder() {
        return folder;
    }

    List<String> users() {
        var names = new ArrayList<String>();
        for (var user = 0; user < users; user++) {
            names.add(name(letter, user));
        }
        return names;
    }

    static String name(char letter, int user) {
        return "%c%05d".formatted(letter, user);
    }

    /** The users' Maildirs below {@code root}. */
    void link(Path root) throws IOException {
        for (var user = 0; user < users; user++) {
            var cur = maildir(root.resolve(name(letter, user)));
            for (var m = 0; m < messages; m++) {
                link(cur, m, (7 * user + m) % sizes.length);
            }
        }
    }

    /** A Maildir with {@code count} messages of 2 KiB, or of any size where there are few. */
    void linkMany(Path maildir, int count) throws IOException {
        var cur = maildir(maildir);
        var small = new ArrayList<Integer>();
        for (var body = 0; body < sizes.length; body++) {
            if (sizes[body] < 3000) {
                small.add(body);
            }
        }
        if (count > LINKS * small.size()) {
            throw new IllegalArgumentException(count + " messages are more than can be linked");
        }
        for (var m = 0; m < count; m++) {
            link(cur, m, small.get(m % small.size()));
        }
    }

    /** Named as Dovecot's delivery does it: with both sizes. */
    private void link(Path cur, int m, int body) throws IOException {
        var stored = folder.resolve("stored/" + body);
        var name =
                "%010d.M%dB%d.bench,S=%d,W=%d:2,S"
                        .formatted(1_700_000_000 + m, m, body, Files.size(stored), sizes[body]);
        Files.createLink(cur.resolve(name), stored);
    }

    private static boolean make(Path folder) throws IOException {
        if (Files.exists(folder.resolve("bodies.idx"))) {
            return false;
        }
        Files.createDirectories(folder.resolve("stored"));
        return true;
    }

    private static void write(Path folder, String head, int[] octets, Random random)
            throws IOException {
        var index = new StringBuilder("%s %d%n".formatted(head, octets.length));
        try (var wire =
                new BufferedOutputStream(Files.newOutputStream(folder.resolve("bodies.bin")))) {
            for (var body = 0; body < octets.length; body++) {
                var lines = lines("X-Body: %06d".formatted(body), octets[body], random);
                Files.write(
                        folder.resolve("stored/" + body),
                        join(lines, body % 2 == 0 ? "\n" : "\r\n", false));
                var sent = join(lines, "\r\n", true);
                wire.write(sent);
                index.append("%d %d%n".formatted(join(lines, "\r\n", false).length, sent.length));
            }
        }
        Files.writeString(folder.resolve("bodies.idx"), index); // last: now it is whole
    }

    /** Header and text; one line in some hundred begins with a dot. */
    private static List<String> lines(String first, int octets, Random random) {
        var lines = new ArrayList<String>();
        lines.add(first);
        lines.add("From: Sender <sender@example.org>");
        lines.add("Subject: one of the benchmark's messages");
        lines.add("");
        var length = lines.stream().mapToInt(line -> line.length() + 2).sum();
        while (length < octets) {
            var line = new StringBuilder(80);
            line.append(random.nextInt(200) > 0 ? "" : random.nextBoolean() ? "." : "..");
            line.append((char) ('a' + random.nextInt(26)));
            for (var left = 20 + random.nextInt(57); left > 0; left--) {
                line.append((char) ('!' + random.nextInt(90)));
            }
            lines.add(line.toString());
            length += line.length() + 2;
        }
        return lines;
    }

    private static byte[] join(List<String> lines, String end, boolean sent) {
        var octets = new ByteArrayOutputStream();
        for (var line : lines) {
            var text = (sent && line.startsWith(".") ? "." : "") + line + end;
            octets.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        }
        if (sent) {
            octets.writeBytes((".\r\n").getBytes(StandardCharsets.US_ASCII));
        }
        return octets.toByteArray();
    }

    private static Path maildir(Path maildir) throws IOException {
        for (var part : List.of("tmp", "new", "cur")) {
            Files.createDirectories(maildir.resolve(part));
        }
        return maildir.resolve("cur");
    }
}
