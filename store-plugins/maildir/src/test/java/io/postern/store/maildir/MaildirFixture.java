package io.postern.store.maildir;

import io.postern.spi.PluginConfig;
import io.postern.spi.User;
import io.postern.spi.store.MaildropStore;
import io.postern.testkit.MaildropFixture;
import io.postern.testkit.fault.DiskFaults.Operation;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** Maildirs with the deliverer and the mail reader that work beside the store. */
final class MaildirFixture implements MaildropFixture {
    /** How a deliverer writes line ends. */
    enum LineEnds {
        AS_THEY_COME,
        LF,
        CRLF
    }

    private final Path root;
    private final LineEnds lineEnds;
    private final FaultyFileSystem disk;
    private final Map<String, List<String>> settings;
    private final List<MaildirStore> stores = new ArrayList<>();
    private final AtomicLong deliveries = new AtomicLong();
    private MaildirStore store;

    MaildirFixture(Path scratch, LineEnds lineEnds, Map<String, List<String>> settings)
            throws Exception {
        this.root = Files.createDirectories(scratch.resolve("all"));
        Files.createDirectory(root.resolve("mail"));
        this.lineEnds = lineEnds;
        this.disk = new FaultyFileSystem(scratch.getFileSystem());
        this.settings = settings;
        restart();
    }

    @Override
    public Set<Ability> abilities() {
        return EnumSet.allOf(Ability.class);
    }

    @Override
    public MaildropStore store() {
        return store;
    }

    @Override
    public User user(String name) throws Exception {
        for (var part : List.of("tmp", "new", "cur")) {
            Files.createDirectories(maildir(name).resolve(part));
        }
        return new User(name);
    }

    @Override
    public void deliver(User user, byte[] stored) throws Exception {
        var name = nextName();
        var written = Files.write(maildir(user.name()).resolve("tmp/" + name), kept(stored));
        Files.move(written, maildir(user.name()).resolve("new/" + name));
    }

    @Override
    public void deliver(User user, InputStream stored) throws Exception {
        var name = nextName();
        Files.copy(stored, maildir(user.name()).resolve("tmp/" + name));
        Files.move(
                maildir(user.name()).resolve("tmp/" + name),
                maildir(user.name()).resolve("new/" + name));
    }

    /** Many in one second, as on a busy server. */
    private String nextName() {
        var delivery = deliveries.incrementAndGet();
        return 1_700_000_000 + delivery / 10 + ".M" + delivery + "P42.host";
    }

    @Override
    public byte[] kept(byte[] delivered) {
        var text = new String(delivered, StandardCharsets.ISO_8859_1);
        var kept =
                switch (lineEnds) {
                    case AS_THEY_COME -> text;
                    case LF -> text.replace("\r\n", "\n");
                    case CRLF -> text.replaceAll("(?<!\r)\n", "\r\n");
                };
        return kept.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void vanish(User user, byte[] stored) throws Exception {
        Files.delete(file(user, stored));
    }

    @Override
    public List<byte[]> stored(User user) throws Exception {
        var all = new ArrayList<byte[]>();
        for (var file : files(user)) {
            all.add(Files.readAllBytes(file));
        }
        return all;
    }

    @Override
    public Optional<Path> root() {
        return Optional.of(root);
    }

    @Override
    public void restart() throws Exception {
        store = secondStore();
    }

    @Override
    public MaildirStore secondStore() {
        var next = new MaildirStore();
        next.start(
                new PluginConfig(
                        next.settings(),
                        settings,
                        disk.view(root),
                        disk.view(root.resolve("state"))));
        stores.add(next);
        return next;
    }

    @Override
    public void changeFlags(User user, byte[] stored) throws Exception {
        var file = file(user, stored);
        var name = file.getFileName().toString();
        var flagged = name.contains(":2,") ? name + "T" : name + ":2,S";
        Files.move(file, maildir(user.name()).resolve("cur").resolve(flagged));
    }

    @Override
    public void failOpen(User user) throws Exception {
        var stuck = files(user).getFirst();
        fail(Operation.OPEN, stuck);
    }

    @Override
    public void failRemoval(User user, byte[] stored) throws Exception {
        fail(Operation.REMOVE, file(user, stored));
    }

    @Override
    public void loseOutcome(User user) {
        disk.faults((operation, _) ->
                operation == Operation.FORCE ? Outcome.FAILS_AFTERWARDS : Outcome.WORKS);
    }

    @Override
    public void mend(User user) {
        disk.mend();
    }

    @Override
    public void close() {
        stores.forEach(MaildirStore::close);
    }

    private void fail(Operation wanted, Path file) {
        disk.faults((operation, path) ->
                operation == wanted && path.equals(file) ? Outcome.FAILS : Outcome.WORKS);
    }

    private Path maildir(String user) {
        return root.resolve("mail").resolve(user);
    }

    private Path file(User user, byte[] stored) throws Exception {
        for (var file : files(user)) {
            if (Arrays.equals(stored, Files.readAllBytes(file))) {
                return file;
            }
        }
        throw new AssertionError("no such message in " + maildir(user.name()));
    }

    private List<Path> files(User user) throws Exception {
        var all = new ArrayList<Path>();
        for (var part : List.of("new", "cur")) {
            try (var files = Files.list(maildir(user.name()).resolve(part))) {
                files.sorted().forEach(all::add);
            }
        }
        return all;
    }
}
