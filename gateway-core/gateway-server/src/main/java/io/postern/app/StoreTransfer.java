package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.lock.LocalLocks;
import io.postern.plugin.PluginException;
import io.postern.plugin.Plugins;
import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.User;
import io.postern.spi.store.MaildropStore;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code postern import} and {@code postern export}: copies one user's mail between the realm's
 * store and one that is made for this run. Nothing is removed on either side.
 */
abstract class StoreTransfer extends Transfer {
    /** The attribute through which a store's layout is led to one path. */
    private static final String PATH = "transfer-path";

    @Parameters(
            index = "0",
            paramLabel = "<store>",
            description = "The plugin of the other store: maildir, mbox, or any other.")
    private String plugin;

    @Parameters(
            index = "1",
            paramLabel = "<path>",
            description = "The user's own Maildir or mbox file there.")
    private String path;

    @Option(
            names = "--set",
            paramLabel = "<setting=value>",
            description = "A setting of the other store, any number of times: format=mboxcl2.")
    private Map<String, String> given = new LinkedHashMap<>();

    @Option(
            names = "--sizes-only",
            description = "Of messages that are there already compare the sizes, not the octets.")
    private boolean sizesOnly;

    /** {@code postern import}. */
    @Command(
            name = "import",
            description = {
                "Copy a user's mail from a Maildir, an mbox or another store into the realm's store.",
                "Messages keep their unique-ids. Those that are there already are left out, so a"
                        + " run that was stopped goes on when it is started again."
            })
    static final class Import extends StoreTransfer {
        Import() {
            super(true);
        }
    }

    /** {@code postern export}. */
    @Command(
            name = "export",
            description = {
                "Copy a user's mail from the realm's store into a Maildir, an mbox or another store.",
                "Messages keep their unique-ids. Those that are there already are left out, so a"
                        + " run that was stopped goes on when it is started again."
            })
    static final class Export extends StoreTransfer {
        Export() {
            super(false);
        }
    }

    private final boolean intoRealm;

    private StoreTransfer(boolean intoRealm) {
        this.intoRealm = intoRealm;
    }

    @Override
    int transfer(Plugins plugins)
            throws BadConfiguration, PluginException, Fault, Refused, InterruptedException {
        var side = realm(plugins, true);
        var other = other(plugins, side.end().user(), state().resolve(plugin));
        var source = intoRealm ? other : side.end();
        var target = intoRealm ? side.end() : other;
        var privately = new LocalLocks();
        privately.start(
                new PluginConfig(
                        privately.settings(), Map.of(), state(), state().resolve("locks")));
        try (var lease = lock(intoRealm ? privately : side.locks(), source);
                var from = open(source, lease)) {
            return copy(
                    new Copying(from, ways(sizesOnly), err(), this::stopped),
                    target,
                    intoRealm ? side.locks() : privately);
        }
    }

    /** The store of this run alone. */
    private End other(Plugins plugins, User user, Path state)
            throws PluginException, Fault, Refused, InterruptedException {
        var loaded = plugins.make(MaildropStore.class, plugin);
        var names = loaded.settings().stream().map(Setting::name).toList();
        var values = new LinkedHashMap<String, List<String>>();
        given.forEach((name, value) -> values.put(name, List.of(value)));
        var whole = Path.of(path).toAbsolutePath().normalize();
        var known = user;
        if (names.contains("root") && names.contains("layout") && !given.containsKey("layout")) {
            if (whole.getParent() == null) {
                throw usage(path + " is no Maildir or mbox file.");
            }
            if (!Files.isDirectory(whole.getParent())) {
                throw new Refused(
                        "there is no folder "
                                + whole.getParent()
                                + ". Make it first, or name another path.");
            }
            if (plugin.equals("mbox") && Files.isDirectory(whole)) {
                throw new Refused(whole + " is a folder. An mbox is a file: name that.");
            }
            if (plugin.equals("maildir") && Files.isRegularFile(whole)) {
                throw new Refused(whole + " is a file. A Maildir is a folder: name that.");
            }
            values.put("root", List.of(whole.getParent().toString()));
            values.put("layout", List.of("{attribute:" + PATH + "}"));
            values.putIfAbsent("links-outside", List.of("true"));
            known = new User(user.name(), Map.of(PATH, whole.getFileName().toString()));
        } else {
            var at =
                    loaded.settings().stream()
                            .filter(one -> one.kind() == Setting.Kind.PATH)
                            .map(Setting::name)
                            .findFirst()
                            .orElse("url");
            if (!names.contains(at)) {
                throw usage("The store " + plugin + " takes no path.");
            }
            values.putIfAbsent(at, List.of(at.equals("url") ? path : whole.toString()));
        }
        if (names.contains("missing") && intoRealm) {
            // Nothing to read is no empty maildrop here: it is a path that was typed wrong.
            values.putIfAbsent("missing", List.of("refuse"));
        }
        var config =
                new PluginConfig(loaded.settings(), values, Path.of("").toAbsolutePath(), state);
        start(loaded, config);
        return new End(loaded.plugin(), known);
    }
}
