package io.postern.store.memory;

import io.postern.spi.Fault;
import io.postern.spi.Findings;
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

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Maildrops that live as long as this object does. Every user has one, empty until something is
 * delivered. Safe for use by any number of threads; never blocks for long.
 *
 * <p>With the setting {@code load}, mail is there from the start: each folder below it is named
 * after a user, and each {@code .eml} file in there is one message.
 */
public final class MemoryStore implements MaildropStore, Delivery {
    private static final String LOAD = "load";

    /** Parts this store's maildrops and unique-ids from those of any other, also before it. */
    private final String life = Long.toString(UUID.randomUUID().getMostSignificantBits(), 36);

    private final ConcurrentMap<MaildropId, Mail> maildrops = new ConcurrentHashMap<>();

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public List<Setting> settings() {
        return List.of(
                Setting.optional(
                        LOAD,
                        Setting.Kind.PATH,
                        "a folder with one folder for each user, of .eml files that are there at"
                                + " the start"));
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        var _ = folder(config);
    }

    private static Optional<Path> folder(PluginConfig config) {
        var folder = config.optionalPath(LOAD);
        if (folder.isPresent() && !Files.isDirectory(folder.get())) {
            throw new SettingException(
                    LOAD,
                    folder.get() + " is not a folder",
                    "Make it, with one folder for each user, or remove the setting.");
        }
        if (folder.isPresent() && !Files.isReadable(folder.get())) {
            throw new SettingException(
                    LOAD,
                    folder.get() + " cannot be read",
                    "Give the user that runs Postern the right to read it.");
        }
        return folder;
    }

    @Override
    public void start(PluginConfig config) throws Fault {
        var folder = folder(config);
        if (folder.isEmpty()) {
            return;
        }
        try {
            for (var user : children(folder.get())) {
                if (Files.isDirectory(user)) {
                    load(user);
                }
            }
        } catch (IOException e) {
            throw Fault.permanent("mail below " + folder.get() + " cannot be read: " + e, e);
        }
    }

    @Override
    public FenceMode fenceMode() {
        return FenceMode.REGISTERED;
    }

    @Override
    public MaildropId locate(User user) {
        return new MaildropId("memory:" + life + "/" + user.name());
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault {
        return mail(id).open(token);
    }

    @Override
    public String deliver(User user, InputStream content, Optional<String> uniqueId)
            throws Fault, IOException {
        return mail(locate(user)).deliver(content.readAllBytes(), uniqueId);
    }

    /**
     * Delivers one message.
     *
     * @param stored its octets, copied
     */
    public void deliver(User user, byte[] stored) {
        try {
            var _ = mail(locate(user)).deliver(stored.clone(), Optional.empty());
        } catch (Fault e) {
            throw new IllegalStateException("a unique-id came twice", e);
        }
    }

    /**
     * Removes a message as if another program had done it.
     *
     * @param stored its octets
     * @return false if no message has these octets
     */
    public boolean vanish(User user, byte[] stored) {
        return mail(locate(user)).vanish(stored);
    }

    /** Copies of the octets of all messages that are there now, the oldest first. */
    public List<byte[]> stored(User user) {
        return mail(locate(user)).stored();
    }

    private Mail mail(MaildropId id) {
        return maildrops.computeIfAbsent(id, key -> new Mail(key, life));
    }

    private void load(Path folder) throws IOException {
        var user = new User(folder.getFileName().toString());
        for (var file : children(folder)) {
            if (file.getFileName().toString().endsWith(".eml")) {
                deliver(user, Files.readAllBytes(file));
            }
        }
    }

    private static List<Path> children(Path folder) throws IOException {
        try (var children = Files.list(folder)) {
            return children.sorted().toList();
        }
    }
}
