package org.example.template.store;

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

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * A store that keeps mail in memory, and reads what is there at the start from a folder: below it
 * each folder is named after a user, and each {@code .eml} file in there is one message. Your own
 * mail takes the place of {@link TemplateMail}.
 */
public final class Template implements MaildropStore {
    private static final Setting LOAD =
            Setting.optional(
                    "load",
                    Setting.Kind.PATH,
                    "A folder with one folder of .eml files for each user.");

    /** Parts the unique-ids of this start from those of any other. */
    private final String life = Long.toString(UUID.randomUUID().getMostSignificantBits(), 36);

    private final ConcurrentMap<MaildropId, TemplateMail> maildrops = new ConcurrentHashMap<>();

    @Override
    public List<Setting> settings() {
        return List.of(LOAD);
    }

    @Override
    public void start(PluginConfig config) throws Fault {
        var folder = config.optionalPath(LOAD.name());
        if (folder.isEmpty()) {
            return;
        }
        if (!Files.isDirectory(folder.get())) {
            throw new SettingException(
                    LOAD.name(),
                    folder.get() + " is not a folder",
                    "Make it, or remove the setting.");
        }
        try {
            for (var user : children(folder.get())) {
                for (var file : children(user)) {
                    if (file.toString().endsWith(".eml")) {
                        mail(locate(new User(user.getFileName().toString())))
                                .deliver(Files.readAllBytes(file));
                    }
                }
            }
        } catch (IOException e) {
            throw Fault.permanent("mail below " + folder.get() + " cannot be read: " + e, e);
        }
    }

    /** It keeps the highest token of each maildrop, and compares it within the commit. */
    @Override
    public FenceMode fenceMode() {
        return FenceMode.REGISTERED;
    }

    /** One name for one maildrop, whatever the user may be called. */
    @Override
    public MaildropId locate(User user) {
        return new MaildropId("template:" + life + "/" + user.name());
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault {
        return mail(id).open(token);
    }

    TemplateMail mail(MaildropId id) {
        return maildrops.computeIfAbsent(id, key -> new TemplateMail(key, life));
    }

    private static List<Path> children(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (var children = Files.list(folder)) {
            return children.sorted().toList();
        }
    }
}
