package io.postern.store.mbox;

import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.Health;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.store.files.IoFaults;
import io.postern.store.files.MaildropLayout;
import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps mail in files of the mbox family, beside the delivery agents and mail programs that use the
 * same files and the same locks.
 */
public final class MboxStore implements MaildropStore, Delivery, Health {
    private static final String PREFIX = "mbox:";

    private static final Logger LOG = LoggerFactory.getLogger(MboxStore.class);

    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /** The unique-ids in a file that has this fingerprint. */
    private record Present(Path path, Fingerprint fingerprint, Set<String> ids) {
        boolean is(Fingerprint now) {
            return fingerprint.equals(now);
        }
    }

    /** Of deliveries in this server, one after the other: they would only wait for the locks. */
    private final ReentrantLock delivering = new ReentrantLock();

    /** Of the file that was delivered to last. Guarded by {@link #delivering}. */
    private Present present;

    private MaildropLayout layout;
    private Path state;
    private MboxFile.Ways ways;
    private boolean refuseMissing;

    @Override
    public String name() {
        return "mbox";
    }

    @Override
    public List<Setting> settings() {
        return List.of(
                Setting.required(
                        "root", Setting.Kind.PATH, "The folder that holds all mbox files."),
                Setting.withDefault(
                        "layout",
                        Setting.Kind.TEXT,
                        "{user}",
                        "Where below root a user's file is, from {user}, {local}, {domain} and"
                                + " {attribute:name}."),
                Setting.choice(
                        "format",
                        MboxFormat.names(),
                        "How a line that begins with From is kept: as the site's delivery agent"
                                + " does it."),
                Setting.withDefault(
                        "locks",
                        Setting.Kind.TEXT,
                        "fcntl dotlock",
                        "The locks to take, in the order of the site's other programs: fcntl and"
                                + " dotlock, separated by a space."),
                Setting.withDefault(
                        "lock-wait",
                        Setting.Kind.DURATION,
                        "PT10S",
                        "How long another program may hold a lock before the login is refused."),
                Setting.choice(
                        "missing",
                        List.of("empty", "refuse"),
                        "Whether a user without a file has an empty maildrop or none."),
                Setting.withDefault(
                        "links-outside",
                        Setting.Kind.FLAG,
                        "false",
                        "Whether a symbolic link may lead out of root."),
                Setting.optional(
                        "state-folder",
                        Setting.Kind.PATH,
                        "Where tokens, commit results and indexes are; servers that share files"
                                + " share it."));
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        layout(config)
                .trouble()
                .ifPresent(trouble ->
                        findings.warning(
                                new SettingException("root", trouble, MaildropLayout.REMEDY)));
        var _ = ways(config);
    }

    private static MaildropLayout layout(PluginConfig config) {
        return new MaildropLayout(
                config.path("root"), config.text("layout"), config.flag("links-outside"));
    }

    private static MboxFile.Ways ways(PluginConfig config) {
        return new MboxFile.Ways(
                MboxFormat.of(config.text("format")),
                order(config.text("locks")),
                config.duration("lock-wait"));
    }

    @Override
    public void start(PluginConfig config) {
        state = config.optionalPath("state-folder").orElseGet(config::stateFolder);
        layout = layout(config);
        // Not refused: the disk may be mounted later, and logins fail until then.
        layout.trouble()
                .ifPresent(trouble ->
                        LOG.warn(
                                "<root> of an mbox store: {}. {}", trouble, MaildropLayout.REMEDY));
        ways = ways(config);
        refuseMissing = config.text("missing").equals("refuse");
    }

    @Override
    public FenceMode fenceMode() {
        return FenceMode.VERIFY;
    }

    @Override
    public Optional<String> trouble() {
        return layout.trouble();
    }

    @Override
    public MaildropId locate(User user) throws Fault, InterruptedException {
        return layout.id(PREFIX, user);
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault, InterruptedException {
        var path = layout.path(PREFIX, id);
        layout.check(path);
        var maildropState = new MaildropState(state, id);
        maildropState.raise(token);
        var file = new MboxFile(path, ways, maildropState);
        try {
            var maildrop = new MboxMaildrop(file, list(file));
            file = null;
            return maildrop;
        } catch (IOException e) {
            throw IoFaults.fault("cannot read", path, e);
        } finally {
            if (file != null) {
                file.close();
            }
        }
    }

    @Override
    public String deliver(User user, InputStream content, Optional<String> uniqueId)
            throws Fault, IOException, InterruptedException {
        var id = locate(user);
        var path = layout.path(PREFIX, id);
        try (var draft = Draft.of(state.resolve("drafts"), ways.format(), content, uniqueId)) {
            delivering.lockInterruptibly();
            try (var file = new MboxFile(path, ways, new MaildropState(state, id))) {
                return deliver(file, draft, uniqueId);
            } catch (IOException e) {
                throw IoFaults.fault("cannot deliver to", path, e);
            } finally {
                delivering.unlock();
            }
        }
    }

    private String deliver(MboxFile file, Draft draft, Optional<String> uniqueId)
            throws IOException, Fault, InterruptedException {
        if (!file.exists()) {
            if (refuseMissing) {
                throw Fault.permanent("there is no file " + file.path(), null);
            }
            make(file.path());
            if (!file.exists()) {
                throw Fault.temporary(file.path() + " was removed meanwhile", null);
            }
        }
        try (var _ = file.lock()) {
            var now = file.fingerprint();
            if (present == null || !present.path.equals(file.path()) || !present.is(now)) {
                var listing = file.readOrRecall();
                var ids = new HashSet<String>();
                for (var number = 1; number <= listing.count(); number++) {
                    ids.add(listing.uniqueId(number));
                }
                present = new Present(file.path(), now, ids);
            }
            if (uniqueId.isPresent() && present.ids.contains(uniqueId.get())) {
                throw Fault.permanent(
                        file.path() + " has a message " + uniqueId.get() + " already", null);
            }
            file.append(draft);
            present.ids.add(draft.uniqueId());
            present = new Present(file.path(), file.fingerprint(), present.ids);
            return draft.uniqueId();
        }
    }

    private static void make(Path file) throws IOException {
        var folder = file.getParent();
        Files.createDirectories(folder);
        var posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
        try {
            var _ = posix ? Files.createFile(file, OWNER_ONLY) : Files.createFile(file);
            try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        } catch (FileAlreadyExistsException e) {
            LOG.debug("{} was made meanwhile", file, e);
        }
    }

    private MboxListing list(MboxFile file) throws IOException, Fault, InterruptedException {
        if (!file.exists()) {
            if (refuseMissing) {
                throw Fault.permanent("there is no file " + file.path(), null);
            }
            return MboxListing.EMPTY;
        }
        if (!Files.isRegularFile(file.path())) {
            throw Fault.permanent(file.path() + " is not a file", null);
        }
        try (var _ = file.lock()) {
            var listing = file.readOrRecall();
            return listing;
        }
    }

    private static List<FileLocks.Kind> order(String words) {
        var order = new ArrayList<FileLocks.Kind>();
        for (var word : words.strip().split(" +", -1)) {
            switch (word.toLowerCase(Locale.ROOT)) {
                case "fcntl" -> order.add(FileLocks.Kind.FCNTL);
                case "dotlock" -> order.add(FileLocks.Kind.DOTLOCK);
                default ->
                        throw new SettingException(
                                "locks",
                                "\"" + word + "\" is no kind of lock",
                                "Give fcntl, dotlock, or both in the site's order.");
            }
        }
        if (order.size() != order.stream().distinct().count()) {
            throw new SettingException(
                    "locks", "\"" + words + "\" takes a lock twice", "Name each lock once.");
        }
        return order;
    }
}
