package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.config.GatewayConfig;
import io.postern.config.PluginPlace;
import io.postern.plugin.Loaded;
import io.postern.plugin.PluginException;
import io.postern.plugin.Plugins;
import io.postern.session.Realm;
import io.postern.session.Realms;
import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
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

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A command that copies one user's mail into or out of the store of the user's realm. Nothing is
 * removed from a maildrop.
 *
 * <p>It may run beside a server. What is read is read with the maildrop's lock held, as far as the
 * configured coordinator reaches; deliveries need none. With locks of one server only, which cannot
 * be seen from here, a store that keeps its fencing tokens in a folder gets a folder of its own, so
 * that no session of the server is fenced off.
 */
abstract class Transfer implements Callable<Integer> {
    private static final Duration LOCK_WAIT = Duration.ofSeconds(10);

    @Spec private CommandSpec spec;
    @Mixin private ConfiguredInstallation installation;

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

    @Option(names = "--dry-run", description = "Copy nothing, say what would be copied.")
    private boolean dryRun;

    @Option(
            names = "--quiet",
            description =
                    "Say nothing of what goes well: no progress, no sum at the end, no log below"
                            + " WARN.")
    private boolean quiet;

    /** What was started, the last one first. */
    private final Deque<Loaded<?>> started = new ArrayDeque<>();

    private final AtomicBoolean stop = new AtomicBoolean();

    /** A store, and the user as it knows them. */
    record End(MaildropStore store, User user) {}

    /** The realm's side of it, started. */
    record Side(Realm realm, End end, LockCoordinator locks) {}

    /** What keeps the copy from beginning. */
    static final class Refused extends Exception {
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
            code[0] = transferAndClose(plugins);
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
            ended.countDown();
            Run.forget(hook);
        }
    }

    /** What was started is closed before its jars are, which hold what a close may need yet. */
    private int transferAndClose(Plugins plugins)
            throws BadConfiguration, PluginException, Fault, Refused, InterruptedException {
        try {
            return transfer(plugins);
        } finally {
            while (!started.isEmpty()) {
                started.pop().close();
            }
        }
    }

    /**
     * Does it.
     *
     * @return what the program's exit tells the shell
     */
    abstract int transfer(Plugins plugins)
            throws BadConfiguration, PluginException, Fault, Refused, InterruptedException;

    /**
     * Starts the locks, the store and the directories of the user's realm, and asks who the user
     * is.
     *
     * @param withStore whether locks and store are needed
     */
    final Side realm(Plugins plugins, boolean withStore)
            throws BadConfiguration, PluginException, Fault, Refused, InterruptedException {
        var assembly = installation.assemble(plugins);
        var place = place(assembly.realms());
        var realm =
                assembly.config().realms().stream()
                        .filter(one -> one.name().equals(place.realm().name()))
                        .findFirst()
                        .orElseThrow();
        if (withStore) {
            var apart = apart(assembly, place.realm().store());
            start(assembly, assembly.config().locks(), apart, state().resolve("locks"));
            start(assembly, realm.store(), apart, state().resolve(realm.name()));
        }
        for (var directory : realm.directories()) {
            start(assembly, directory, false, state());
        }
        var user = user(assembly, realm, place.name(), err());
        return new Side(place.realm(), new End(place.realm().store(), user), assembly.locks());
    }

    /** Where the plugins of such a run may keep files of their own. */
    final Path state() {
        return installation.home().resolve("state").resolve("transfer");
    }

    /** Starts what this run alone needs; it is closed at the end. */
    final void start(Loaded<?> loaded, PluginConfig config)
            throws Fault, InterruptedException, PluginException {
        started.push(loaded);
        loaded.start(config);
    }

    /**
     * Copies what the target does not have.
     *
     * @param targetLocks of the target, which is opened to see what it has
     */
    final int copy(Copying copying, End target, LockCoordinator targetLocks)
            throws Fault, Refused, InterruptedException {
        if (!(target.store instanceof Delivery delivery)) {
            throw new Refused("the store " + target.store.name() + " takes no deliveries");
        }
        try (var brief = lock(targetLocks, target);
                var to = open(target, brief)) {
            copying.compare(to);
        }
        try {
            copying.copy(delivery, target.user);
        } catch (Fault e) {
            err().println("postern: the target takes no more: " + e.getMessage());
            var _ = copying.finish(out());
            return ExitCode.START;
        }
        return copying.finish(out());
    }

    final Copying.Ways ways(boolean sizesOnly) {
        return new Copying.Ways(dryRun, sizesOnly, quiet);
    }

    final boolean dryRun() {
        return dryRun;
    }

    final boolean stopped() {
        return stop.get();
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final PrintWriter err() {
        return spec.commandLine().getErr();
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
        start(
                loaded,
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

    static Maildrop open(End end, Lease lease) throws Fault, InterruptedException {
        return end.store.open(lease.maildrop(), lease.token());
    }

    static Lease lock(LockCoordinator locks, End end) throws Fault, Refused, InterruptedException {
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

    final ParameterException usage(String words) {
        return new ParameterException(spec.commandLine(), words);
    }
}
