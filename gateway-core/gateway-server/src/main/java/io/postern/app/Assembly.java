package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.config.Draft;
import io.postern.config.GatewayConfig;
import io.postern.config.PluginPlace;
import io.postern.config.Problem;
import io.postern.engine.Terms;
import io.postern.kept.KeptDeletions;
import io.postern.plugin.Found;
import io.postern.plugin.Loaded;
import io.postern.plugin.PluginException;
import io.postern.plugin.PluginKind;
import io.postern.plugin.Plugins;
import io.postern.session.LoginPolicy;
import io.postern.session.Mechanisms;
import io.postern.session.Realm;
import io.postern.session.Realms;
import io.postern.session.Ways;
import io.postern.spi.SettingException;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.store.MaildropStore;
import io.postern.tls.IdentitySource;
import io.postern.tls.ServerTls;
import io.postern.tls.TlsMode;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Everything that the configuration asks for, made and fitted together but not started. Immutable.
 */
final class Assembly {
    private final GatewayConfig config;
    private final Map<PluginPlace, Loaded<?>> loaded;
    private final Realms realms;
    private final Mechanisms mechanisms;
    private final List<String> warnings;

    private Assembly(
            GatewayConfig config,
            Map<PluginPlace, Loaded<?>> loaded,
            Realms realms,
            Mechanisms mechanisms,
            List<String> warnings) {
        this.config = config;
        this.loaded = loaded;
        this.realms = realms;
        this.mechanisms = mechanisms;
        this.warnings = warnings;
    }

    /**
     * Makes an object for every place that names a plugin, and looks at its settings.
     *
     * @throws BadConfiguration with all that is wrong with the file and with the plugins it names
     */
    static Assembly of(Draft draft, Plugins plugins) throws BadConfiguration {
        return of(draft, plugins, Optional.empty());
    }

    /**
     * As {@link #of(Draft, Plugins)}, beside one that runs.
     *
     * @param running whose objects are taken over where nothing has changed for them
     */
    static Assembly of(Draft draft, Plugins plugins, Optional<Assembly> running)
            throws BadConfiguration {
        try {
            return fit(draft, plugins, running);
        } catch (LinkageError e) {
            // A method of the interface that one of the mechanisms does not have, or not yet.
            var problem =
                    draft.config()
                            .orElseThrow()
                            .mechanisms()
                            .getFirst()
                            .problem(
                                    "a mechanism is built for another version of Postern's plugin"
                                            + " interface ("
                                            + e.getMessage()
                                            + ")",
                                    "Take builds of the plugins for this version of Postern.");
            throw new BadConfiguration(List.of(problem));
        }
    }

    private static Assembly fit(Draft draft, Plugins plugins, Optional<Assembly> running)
            throws BadConfiguration {
        var problems = new ArrayList<>(draft.problems());
        var loaded = new IdentityHashMap<PluginPlace, Loaded<?>>();
        for (var place : draft.places()) {
            try {
                var plugin = plugins.make(kind(place).service(), place.plugin());
                problems.addAll(place.problems(plugin.settings()));
                loaded.put(
                        place,
                        running.flatMap(it -> it.same(place, plugin.from(), loaded.values()))
                                .orElse(plugin));
            } catch (PluginException e) {
                problems.add(place.problem(e.getMessage(), e.remedy()));
            }
        }
        var warnings = new ArrayList<String>();
        draft.config().ifPresent(it -> problems.addAll(certificates(it, warnings)));
        draft.config().ifPresent(it -> problems.addAll(keptInStores(it, loaded)));
        draft.config().ifPresent(it -> problems.addAll(notWritable(it)));
        if (draft.config().isPresent() && loaded.size() == draft.places().size()) {
            problems.addAll(notServed(draft.places(), loaded));
            problems.addAll(shut(draft.config().get(), loaded));
        }
        problems.sort(Comparator.comparingInt(Problem::line));
        if (!problems.isEmpty() || draft.config().isEmpty()) {
            throw new BadConfiguration(problems);
        }
        var config = draft.config().get();
        var realms = realms(config, loaded);
        try {
            var mechanisms =
                    new Mechanisms(
                            config.mechanisms().stream()
                                    .map(place -> (AuthMechanism) loaded.get(place).plugin())
                                    .toList(),
                            realms,
                            config.utf8());
            return new Assembly(config, loaded, realms, mechanisms, List.copyOf(warnings));
        } catch (IllegalArgumentException e) {
            var problem =
                    config.mechanisms()
                            .getFirst()
                            .problem(e.getMessage(), "Change the list of mechanisms.");
            throw new BadConfiguration(List.of(problem));
        }
    }

    GatewayConfig config() {
        return config;
    }

    /** What works today and may not tomorrow, or should not be so: sentences. */
    List<String> warnings() {
        return warnings;
    }

    Loaded<?> at(PluginPlace place) {
        return loaded.get(place);
    }

    /** Every plugin's object. */
    List<Loaded<?>> all() {
        return config.places().stream().<Loaded<?>>map(loaded::get).toList();
    }

    /** Whether it has this very object. */
    @SuppressWarnings("ReferenceEquality") // two objects of one class may be equal by its own words
    boolean has(Loaded<?> one) {
        return loaded.values().stream().anyMatch(it -> it.plugin() == one.plugin());
    }

    /** The object that another reading of the file can go on with. */
    @SuppressWarnings("ReferenceEquality")
    private Optional<Loaded<?>> same(PluginPlace place, Found from, Collection<Loaded<?>> taken) {
        return config.places().stream()
                .filter(place::asksForTheSameAs)
                .<Loaded<?>>map(loaded::get)
                .filter(it -> it.from() == from)
                .filter(it -> taken.stream().noneMatch(other -> other.plugin() == it.plugin()))
                .findFirst();
    }

    /** How clients log in. */
    Ways ways() {
        return new Ways(mechanisms, realms, policy());
    }

    Optional<LoginPolicy> policy() {
        return config.policy()
                .map(it ->
                        new LoginPolicy(
                                (AuthPolicy) loaded.get(it.place()).plugin(),
                                it.timeLimit(),
                                it.allowOnFailure()));
    }

    LockCoordinator locks() {
        return (LockCoordinator) loaded.get(config.locks()).plugin();
    }

    Realms realms() {
        return realms;
    }

    static PluginKind kind(PluginPlace place) {
        for (var kind : PluginKind.values()) {
            if (kind.element().equals(place.element())) {
                return kind;
            }
        }
        throw new IllegalStateException("<" + place.element() + "> names no kind of plugin");
    }

    /** Reads every key and certificate. */
    private static List<Problem> certificates(GatewayConfig config, List<String> warnings) {
        var problems = new ArrayList<Problem>();
        for (var identity : config.identities()) {
            if (identity.source() instanceof IdentitySource.SelfSigned own && !own.made()) {
                continue; // the first start makes it
            }
            try {
                warnings.addAll(identity.source().load().warnings(Instant.now()));
            } catch (SettingException e) {
                problems.add(config.problem(identity.line(), e));
            }
        }
        for (var listener : config.listeners()) {
            listener.warning().ifPresent(warnings::add);
            try {
                listener.clients().ifPresent(ServerTls::authorities);
            } catch (SettingException e) {
                problems.add(config.problem(listener.line(), e));
            }
        }
        return problems;
    }

    /** Removed mail that would be kept among a store's files, and be taken for mail. */
    private static List<Problem> keptInStores(
            GatewayConfig config, Map<PluginPlace, Loaded<?>> loaded) {
        var places = new TreeSet<Path>();
        for (var realm : config.realms()) {
            if (loaded.get(realm.store()) != null) {
                places.addAll(realm.store().paths(loaded.get(realm.store()).settings()));
            }
        }
        // A store whose users are all over the disk says nothing of where they are.
        places.removeIf(place -> place.getNameCount() == 0);
        var problems = new ArrayList<Problem>();
        for (var realm : config.realms()) {
            realm.kept().stream()
                    .flatMap(kept -> places.stream().filter(kept.folder()::startsWith))
                    .findFirst()
                    .ifPresent(place ->
                            problems.add(
                                    new Problem(
                                            config.file(),
                                            realm.kept().orElseThrow().line(),
                                            "kept-deletions",
                                            "it is in " + place + ", where a store has its files",
                                            "Name a folder outside of it.")));
        }
        return problems;
    }

    /** Folders that the start would make, and cannot. */
    private static List<Problem> notWritable(GatewayConfig config) {
        var problems = new ArrayList<Problem>();
        for (var realm : config.realms()) {
            realm.kept()
                    .ifPresent(kept ->
                            obstacle(config, kept.line(), "kept-deletions", kept.folder())
                                    .ifPresent(problems::add));
        }
        for (var identity : config.identities()) {
            if (identity.source() instanceof IdentitySource.SelfSigned own && !own.made()) {
                obstacle(config, identity.line(), "self-signed", own.folder())
                        .ifPresent(problems::add);
            }
        }
        return problems;
    }

    private static Optional<Problem> obstacle(
            GatewayConfig config, int line, String setting, Path folder) {
        return Folders.obstacle(folder)
                .map(words ->
                        new Problem(
                                config.file(),
                                line,
                                setting,
                                folder + " " + words,
                                "Let the server's user write there, or name another folder."));
    }

    /** The listeners where nobody could log in. */
    private static List<Problem> shut(GatewayConfig config, Map<PluginPlace, Loaded<?>> loaded) {
        var problems = new ArrayList<Problem>();
        var plaintextOnly =
                config.mechanisms().stream()
                        .map(place -> loaded.get(place).plugin())
                        .allMatch(it -> it instanceof AuthMechanism way && way.plaintext());
        for (var listener : config.listeners()) {
            // Where clients come through a proxy, TLS may end there.
            if (plaintextOnly
                    && listener.tls() == TlsMode.NONE
                    && listener.proxy().isEmpty()
                    && !listener.allowPlaintext()) {
                problems.add(
                        new Problem(
                                config.file(),
                                listener.line(),
                                "listener",
                                "nobody can log in here: all mechanisms would show the password"
                                        + " to whoever reads the line",
                                "Add tls=\"implicit\" or tls=\"starttls\"; on a line that you"
                                        + " trust, allow-plaintext=\"true\" does without."));
            }
        }
        return problems;
    }

    /** The mechanisms that no directory can serve, which nobody could use to log in. */
    private static List<Problem> notServed(
            List<PluginPlace> places, Map<PluginPlace, Loaded<?>> loaded) {
        var problems = new ArrayList<Problem>();
        var directories = new ArrayList<UserDirectory>();
        for (var place : places) {
            if (loaded.get(place).plugin() instanceof UserDirectory directory) {
                directories.add(directory);
            }
        }
        for (var place : places) {
            if (loaded.get(place).plugin() instanceof AuthMechanism mechanism
                    && !directories.isEmpty()
                    && directories.stream().noneMatch(mechanism::servedBy)) {
                problems.add(
                        place.problem(
                                "no directory of any realm can serve \"" + place.plugin() + '"',
                                "Remove it, or add a directory that has what it needs."));
            }
        }
        return problems;
    }

    private static Terms terms(GatewayConfig.Realm realm) {
        // Announced in whole seconds, and so kept to.
        var delay = (int) realm.loginDelay().plusNanos(999_999_999).toSeconds();
        var expire = realm.expire();
        return new Terms(
                delay == 0 ? OptionalInt.empty() : OptionalInt.of(delay),
                expire.isPresent() && expire.getAsInt() == 0
                        ? OptionalInt.of(Terms.NEVER)
                        : expire);
    }

    private static Realms realms(GatewayConfig config, Map<PluginPlace, Loaded<?>> loaded) {
        var realms = new ArrayList<Realm>();
        var fallback = Optional.<Realm>empty();
        for (var one : config.realms()) {
            var realm =
                    new Realm(
                            one.name(),
                            Set.copyOf(one.domains()),
                            one.directories().stream()
                                    .map(place -> directory(loaded, place))
                                    .toList(),
                            (MaildropStore) loaded.get(one.store()).plugin(),
                            one.stripDomain(),
                            one.stopOnUnknown().stream()
                                    .map(place -> directory(loaded, place))
                                    .collect(Collectors.toSet()),
                            one.nextOnFailure().stream()
                                    .map(place -> directory(loaded, place))
                                    .collect(Collectors.toSet()),
                            terms(one),
                            kept(one));
            realms.add(realm);
            if (one.byDefault()) {
                fallback = Optional.of(realm);
            }
        }
        return new Realms(realms, fallback);
    }

    /** The realm's removed mail, where it is kept. */
    private static Optional<KeptDeletions> kept(GatewayConfig.Realm realm) {
        return realm.kept()
                .map(it ->
                        new KeptDeletions(
                                it.folder(), Duration.ofDays(it.days()), InstantSource.system()));
    }

    private static UserDirectory directory(Map<PluginPlace, Loaded<?>> loaded, PluginPlace place) {
        return (UserDirectory) loaded.get(place).plugin();
    }
}
