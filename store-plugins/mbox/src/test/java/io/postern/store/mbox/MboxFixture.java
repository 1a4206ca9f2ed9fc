package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.PluginConfig;
import io.postern.spi.User;
import io.postern.spi.store.MaildropStore;
import io.postern.testkit.MaildropFixture;

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/**
 * Mail in mbox files, delivered the way a delivery agent does it: under a lock file, quoted by the
 * rules of the format. A second passes between any two deliveries.
 */
final class MboxFixture implements MaildropFixture {
    private static final Pattern FROM_LINE =
            Pattern.compile("From fixture@example.org Mon Nov 23 [0-9:]{8} 2026\n");

    private final AtomicInteger deliveries = new AtomicInteger();

    private static final Pattern BLANK_LINE = Pattern.compile("(?m)^\r?\n");

    private static final String FLAGS = "Status: RO\nX-Status: A\nLines: 7\n";

    private final Path root;
    private final Path state;
    private final MboxFormat format;
    private final Map<User, byte[]> damaged = new HashMap<>();
    private final List<MboxStore> stores = new ArrayList<>();
    private MboxStore store;

    MboxFixture(Path scratch, MboxFormat format) throws Exception {
        var all = Files.createDirectory(scratch.resolve("all"));
        this.root = Files.createDirectory(all.resolve("mail"));
        this.state = all.resolve("state");
        this.format = format;
        this.store = newStore();
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(
                Ability.RESTART,
                Ability.SECOND_STORE,
                Ability.CHANGE_FLAGS,
                Ability.FAIL_OPEN,
                Ability.KEEPS_RESULTS,
                Ability.DELIVERY,
                Ability.KEEPS_GIVEN_IDS,
                Ability.SURROGATES);
    }

    @Override
    public MaildropStore store() {
        return store;
    }

    @Override
    public User user(String name) {
        return new User(name);
    }

    @Override
    public void deliver(User user, byte[] stored) throws Exception {
        deliver(user, new ByteArrayInputStream(stored));
    }

    @Override
    public void deliver(User user, InputStream stored) throws Exception {
        locked(
                user,
                file -> {
                    try (var out =
                            new BufferedOutputStream(
                                    Files.newOutputStream(
                                            file,
                                            StandardOpenOption.CREATE,
                                            StandardOpenOption.APPEND))) {
                        append(out, nextFromLine(), stored);
                    }
                });
    }

    @Override
    public void vanish(User user, byte[] stored) throws Exception {
        locked(
                user,
                file -> {
                    var text = new StringBuilder();
                    var gone = false;
                    for (var raw : rawMessages(file)) {
                        if (!gone && Arrays.equals(message(raw), kept(stored))) {
                            gone = true;
                        } else {
                            text.append(raw);
                        }
                    }
                    assertTrue(gone, "there is no such message");
                    Files.write(file, latin(text.toString()));
                });
    }

    @Override
    public List<byte[]> stored(User user) throws Exception {
        var all = new ArrayList<byte[]>();
        locked(user, file -> rawMessages(file).forEach(raw -> all.add(message(raw))));
        return all;
    }

    /** A last line gets its line end, for the next From_ line must stand on a line of its own. */
    @Override
    public byte[] kept(byte[] delivered) {
        var text = latin(delivered);
        var ended = text.isEmpty() || text.endsWith("\n") ? text : text + "\n";
        return latin(format == MboxFormat.MBOXO ? quoted(ended) : ended);
    }

    /** The same but for the last line end; what mboxo would have to change it refuses. */
    @Override
    public Optional<byte[]> keptDelivery(byte[] content) {
        var text = latin(content);
        var ended = text.isEmpty() || text.endsWith("\n") ? text : text + "\n";
        return format == MboxFormat.MBOXO
                        && (ended.startsWith("From ") || ended.contains("\nFrom "))
                ? Optional.empty()
                : Optional.of(latin(ended));
    }

    @Override
    public Optional<Path> root() {
        return Optional.of(root.getParent());
    }

    @Override
    public void restart() throws Exception {
        store.close();
        store = newStore();
    }

    @Override
    public MaildropStore secondStore() throws Exception {
        return newStore();
    }

    @Override
    public void changeFlags(User user, byte[] stored) throws Exception {
        locked(
                user,
                file -> {
                    var text = new StringBuilder();
                    for (var raw : rawMessages(file)) {
                        var body = raw.indexOf('\n') + 1;
                        text.append(raw, 0, body);
                        if (Arrays.equals(message(raw), kept(stored))) {
                            text.append(FLAGS);
                        }
                        text.append(raw, body, raw.length());
                    }
                    Files.write(file, latin(text.toString()));
                });
    }

    @Override
    public void failOpen(User user) throws Exception {
        var file = root.resolve(user.name());
        damaged.put(user, Files.exists(file) ? Files.readAllBytes(file) : new byte[0]);
        Files.writeString(file, "This is no mbox.\n");
    }

    @Override
    public void mend(User user) throws Exception {
        var whole = damaged.remove(user);
        if (whole != null) {
            Files.write(root.resolve(user.name()), whole);
        }
    }

    @Override
    public void close() {
        stores.forEach(MboxStore::close);
    }

    private MboxStore newStore() throws Exception {
        var made = new MboxStore();
        stores.add(made);
        made.start(
                new PluginConfig(
                        made.settings(),
                        Map.of(
                                "root", List.of(root.toString()),
                                "format", List.of(format.name().toLowerCase(java.util.Locale.ROOT)),
                                "locks", List.of("dotlock fcntl")),
                        root.getParent(),
                        state));
        return made;
    }

    private String nextFromLine() {
        var second = deliveries.getAndIncrement();
        return String.format(
                "From fixture@example.org Mon Nov 23 %02d:%02d:%02d 2026\n",
                second / 3600, second / 60 % 60, second % 60);
    }

    private void append(OutputStream out, String fromLine, InputStream stored) throws IOException {
        out.write(latin(fromLine));
        if (stored instanceof ByteArrayInputStream) {
            var text = latin(stored.readAllBytes());
            text = text.isEmpty() || text.endsWith("\n") ? text : text + "\n";
            out.write(latin(format == MboxFormat.MBOXCL2 ? counted(text) : quoted(text)));
        } else {
            // The large ones hold no From_ line and end in a line end.
            stored.transferTo(out);
        }
        out.write('\n');
    }

    private String quoted(String text) {
        return format == MboxFormat.MBOXRD
                ? text.replaceAll("(?m)^(>*From )", ">$1")
                : text.replaceAll("(?m)^From ", ">From ");
    }

    private static String counted(String text) {
        var blank = BLANK_LINE.matcher(text);
        if (!blank.find()) {
            return text;
        }
        return text.substring(0, blank.start())
                + "Content-Length: "
                + (text.length() - blank.end())
                + "\n"
                + text.substring(blank.start());
    }

    /** Each message with its From_ line and the blank line behind it. */
    private static List<String> rawMessages(Path file) throws IOException {
        var found = new ArrayList<String>();
        if (!Files.exists(file)) {
            return found;
        }
        var text = latin(Files.readAllBytes(file));
        var starts = new ArrayList<Integer>();
        var matcher = FROM_LINE.matcher(text);
        while (matcher.find()) {
            starts.add(matcher.start());
        }
        for (var at = 0; at < starts.size(); at++) {
            var end = at + 1 < starts.size() ? starts.get(at + 1) : text.length();
            found.add(text.substring(starts.get(at), end));
        }
        return found;
    }

    private byte[] message(String raw) {
        var text =
                raw.substring(raw.indexOf('\n') + 1, raw.length() - 1)
                        .replace(FLAGS, "")
                        .replaceFirst("(?m)^Content-Length: [0-9]+\n", "");
        return latin(format == MboxFormat.MBOXRD ? text.replaceAll("(?m)^>(>*From )", "$1") : text);
    }

    private interface Work {
        void on(Path file) throws IOException;
    }

    private void locked(User user, Work work) throws Exception {
        var file = root.resolve(user.name());
        var lock = root.resolve(user.name() + ".lock");
        while (true) {
            try {
                Files.createFile(lock);
                break;
            } catch (FileAlreadyExistsException e) {
                Thread.onSpinWait();
            }
        }
        try {
            work.on(file);
        } finally {
            Files.delete(lock);
        }
    }

    private static String latin(byte[] octets) {
        return new String(octets, StandardCharsets.ISO_8859_1);
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
