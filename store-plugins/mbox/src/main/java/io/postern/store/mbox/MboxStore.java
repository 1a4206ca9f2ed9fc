package io.postern.store.mbox;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.store.files.IoFaults;
import io.postern.store.files.MaildropLayout;
import io.postern.store.files.MaildropState;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Keeps mail in files of the mbox family, beside the delivery agents and mail programs that use the
 * same files and the same locks.
 */
public final class MboxStore implements MaildropStore {
    private static final String PREFIX = "mbox:";

    private MaildropLayout layout;
    private Path root;
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
    public void start(PluginConfig config) {
        root = config.path("root");
        state = config.optionalPath("state-folder").orElseGet(config::stateFolder);
        layout = new MaildropLayout(root, config.text("layout"), config.flag("links-outside"));
        ways =
                new MboxFile.Ways(
                        MboxFormat.of(config.text("format")),
                        order(config.text("locks")),
                        config.duration("lock-wait"));
        refuseMissing = config.text("missing").equals("refuse");
    }

    @Override
    public FenceMode fenceMode() {
        return FenceMode.VERIFY;
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
