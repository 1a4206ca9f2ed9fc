package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.config.GatewayConfig;
import io.postern.config.PluginPlace;
import io.postern.lock.LocalLocks;
import io.postern.plugin.Loaded;
import io.postern.plugin.PluginException;
import io.postern.plugin.Plugins;
import io.postern.session.Realms;
import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropStore;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * {@code postern import} and {@code postern export}: copies one user's mail between the realm's
 * store and one that is made for this run. Nothing is removed on either side.
 *
 * <p>It may run beside a server. What is read is read with the maildrop's lock held, as far as the
 * configured coordinator reaches; deliveries need none. With locks of one server only, which cannot
 * be seen from here, a store that keeps its fencing tokens in a folder gets a folder of its own, so
 * that no session of the server is fenced off.
 */
abstract class Transfer implements Callable<Integer> {
    private static final Duration LOCK_WAIT = Duration.ofSeconds(10);

    /** The attribute through which a store's layout is led to one path. */
    private static final String PATH = "transfer-path";

    @Spec private CommandSpec spec;
    @Mixin private ConfiguredInstallation installation;

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
            names = "--user",
            required = true,
            paramLabel = "<name>",
            description = "Whose mail: the name as for a login. No password is needed.")
    private String login;

    @Option(
            names = "--realm",
            paramLabel = "<realm>",
            description = "The realm, where the name does not lead to it.")
    private Optional<String> realmName;

    @Option(
            names = "--set",
            paramLabel = "<setting=value>",
            description = "A setting of the other store, any number of times: format=mboxcl2.")
    private Map<String, String> given = new LinkedHashMap<>();

    @Option(names = "--dry-run", description = "Copy nothing, say what would be copied.")
    private boolean dryRun;

    @Option(
            names = "--sizes-only",
            description = "Of messages that are there already compare the sizes, not the octets.")
    private boolean sizesOnly;

    @Option(names = "--quiet", description = "No progress on standard error.")
    private boolean quiet;

    /** What was started, the last one first. */
    private final Deque<Loaded<?>> started = new ArrayDeque<>();

    private final AtomicBoolean stop = new AtomicBoolean();

    /** {@code postern import}. */
    @Command(
            name = "import",
            description = {
                "Copy a user's mail from a Maildir, an mbox or another store into the realm's store.",
                "Messages keep their unique-ids. Those that are there already are left out, so a"
                        + " run that was stopped goes on when it is started again."
            })
    static final class Import extends Transfer {
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
    static final class Export extends Transfer {
        Export() {
            super(false);
        }
    }

    private final boolean intoRealm;

    private Transfer(boolean intoRealm) {
        this.intoRealm = intoRealm;
    }

    /** A store, and the user as it knows them. */
    private record End(MaildropStore store, User user) {}

    /** What keeps the copy from beginning. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    @Override
    public Integer call() {
        var err = spec.commandLine().getErr();
        var ended = new CountDownLatch(1);
        var code = new int[] {ExitCode.STOPPED};
        var hook =
                Thread.ofPlatform()
                        .name("postern-stop")
                        .unstarted(() -> {
                            stop.set(true);
                            Run.await(ended);
                            Runtime.getRuntime().halt(code[0]);
                        });
        Runtime.getRuntime().addShutdownHook(hook);
        try (var plugins = installation.plugins()) {
            code[0] = transfer(plugins, err);
            return code[0];
        } catch (BadConfiguration e) {
            return Check.refuse(e, err);
        } catch (PluginException e) {
            err.println("postern: " + e.sentence());
            return ExitCode.CONFIGURATION;
        } catch (SettingException e) {
            err.println("postern: " + e.setting() + ": " + e.getMessage() + ". " + e.remedy());
            return ExitCode.CONFIGURATION;
        } catch (Fault | Refused e) {
            err.println("postern: " + e.getMessage());
            return ExitCode.START;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.STOPPED;
        } finally {
            while (!started.isEmpty()) {
                started.pop().close();
            }
            ended.countDown();
            Run.forget(hook);
        }
    }

    private int transfer(Plugins plugins, PrintWriter err)
            throws BadConfiguration, PluginException, Fault, Refused, InterruptedException {
        var assembly = installation.assemble(plugins);
        var place = place(assembly.realms());
        var realm =
                assembly.config().realms().stream()
                        .filter(one -> one.name().equals(place.realm().name()))
                        .findFirst()
                        .orElseThrow();
        var apart = apart(assembly, place.realm().store());
        var state = installation.home().resolve("state").resolve("transfer");
        var locks = assembly.locks();
        start(assembly, assembly.config().locks(), apart, state.resolve("locks"));
        start(assembly, realm.store(), apart, state.resolve(realm.name()));
        for (var directory : realm.directories()) {
            start(assembly, directory, false, state);
        }
        var user = user(assembly, realm, place.name(), err);
        var inRealm = new End(place.realm().store(), user);
        var other = other(plugins, user, state.resolve(plugin));
        var source = intoRealm ? other : inRealm;
        var target = intoRealm ? inRealm : other;
        if (!(target.store instanceof Delivery delivery)) {
            throw new Refused("the store " + target.store.name() + " takes no deliveries");
        }
        var privately = new LocalLocks();
        privately.start(
                new PluginConfig(privately.settings(), Map.of(), state, state.resolve("locks")));
        try (var lease = lock(intoRealm ? privately : locks, source);
                var from = open(source, lease)) {
            var copying =
                    new Copying(from, new Copying.Ways(dryRun, sizesOnly, quiet), err, stop::get);
            try (var brief = lock(intoRealm ? locks : privately, target);
                    var to = open(target, brief)) {
                copying.compare(to);
            }
            try {
                copying.copy(delivery, target.user);
            } catch (Fault e) {
                err.println("postern: the target takes no more: " + e.getMessage());
                var _ = copying.finish(spec.commandLine().getOut());
                return ExitCode.START;
            }
            return copying.finish(spec.commandLine().getOut());
        }
    }

    private Realms.Place place(Realms realms) throws Refused {
        if (realmName.isPresent()) {
            return realms.all().stream()
                    .filter(one -> one.name().equals(realmName.get()))
                    .findFirst()
                    .map(one -> new Realms.Place(one, login))
                    .orElseThrow(() -> usage("There is no realm " + realmName.get() + "."));
        }
        return realms.place(login)
                .orElseThrow(() -> new Refused("no realm takes the name " + login));
    }

    /**
     * Whether a running server must not see the tokens of this run. A fence that is kept with the
     * mail cannot be put anywhere else.
     */
    private static boolean apart(Assembly assembly, MaildropStore store) {
        return assembly.locks().scope() == LockCoordinator.Scope.JVM
                && store.fenceMode() == FenceMode.VERIFY;
    }

    private void start(Assembly assembly, PluginPlace place, boolean apart, Path state)
            throws Fault, InterruptedException, PluginException {
        var loaded = assembly.at(place);
        started.push(loaded);
        loaded.start(
                apart
                        ? place.configApart(loaded.settings(), state)
                        : place.config(loaded.settings()));
    }

    /** Asks the directories that can be asked without a password, as at a login. */
    private static User user(
            Assembly assembly, GatewayConfig.Realm realm, String name, PrintWriter err)
            throws Fault, Refused, InterruptedException {
        var mute = new ArrayList<String>();
        for (var place : realm.directories()) {
            var directory = (UserDirectory) assembly.at(place).plugin();
            if (!(directory instanceof NameDirectory names)) {
                mute.add(directory.name());
                continue;
            }
            switch (names.lookUp(name)) {
                case Verdict.Accepted accepted -> {
                    return accepted.user();
                }
                case Verdict.Refused(var reason) -> {
                    if (reason != Verdict.Reason.UNKNOWN_USER) {
                        throw new Refused(
                                directory.name() + " does not let " + name + " in: " + reason);
                    }
                }
            }
        }
        if (mute.isEmpty()) {
            throw new Refused("the realm " + realm.name() + " has no user " + name);
        }
        err.println(
                "note: "
                        + String.join(", ", mute)
                        + " knows users by their passwords only; "
                        + name
                        + " is taken as it is typed");
        return new User(name);
    }

    /** The store of this run alone. */
    private End other(Plugins plugins, User user, Path state)
            throws PluginException, Fault, InterruptedException {
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
        started.push(loaded);
        loaded.start(config);
        return new End(loaded.plugin(), known);
    }

    private static Maildrop open(End end, Lease lease) throws Fault, InterruptedException {
        return end.store.open(lease.maildrop(), lease.token());
    }

    private static Lease lock(LockCoordinator locks, End end)
            throws Fault, Refused, InterruptedException {
        var id = end.store.locate(end.user);
        var owner =
                new LockOwner(
                        "postern-transfer",
                        Long.toString(ProcessHandle.current().pid()),
                        end.user.name());
        return switch (locks.tryAcquire(id, owner, LOCK_WAIT)) {
            case Acquisition.Acquired(var lease) -> lease;
            case Acquisition.Busy(var holder) ->
                    throw new Refused(
                            id + " is in use by " + holder.user() + " on " + holder.node());
            case Acquisition.Unavailable(var problem, _) ->
                    throw new Refused("the lock of " + id + " cannot be had: " + problem);
        };
    }

    private ParameterException usage(String words) {
        return new ParameterException(spec.commandLine(), words);
    }
}
