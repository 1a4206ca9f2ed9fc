package io.postern.auth.ldap;

import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.LDAPException;

import io.postern.auth.remote.AnswerCache;
import io.postern.auth.remote.Circuit;
import io.postern.auth.remote.LoginName;
import io.postern.auth.remote.Outage;
import io.postern.auth.remote.Pace;
import io.postern.auth.stored.PasswordCheck;
import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.Health;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Users and their passwords in an LDAP directory, Active Directory among them (RFC 4511). The
 * user's entry is searched for, and then the password is tried by a bind as that entry, or by a
 * comparison; or there is a bind at once, under a name that is made from what the client typed.
 *
 * <p>The canonical name is the one in the entry, whatever spelling led to it.
 */
public final class Ldap implements PasswordDirectory, Health {
    private static final Logger log = LoggerFactory.getLogger(Ldap.class);

    private static final Setting USER_DN =
            Setting.optional(
                    "user-dn",
                    Setting.Kind.TEXT,
                    "Whom to bind as at once, like uid={user},ou=people,dc=example,dc=org, or"
                            + " {user} for Active Directory. In place of a search first.");

    private static final Setting BASE =
            Setting.required(
                    "base", Setting.Kind.TEXT, "The entry below which the users' entries are.");

    private static final Setting FILTER =
            Setting.withDefault(
                    "filter",
                    Setting.Kind.TEXT,
                    "(uid={user})",
                    "The filter that finds a user's entry; {user}, {local}, {domain}.");

    private static final Setting CHECK =
            Setting.choice(
                    "check",
                    List.of("bind", "compare"),
                    "How the password is tried: a bind as the user, or a comparison.");

    private static final Setting PASSWORD_ATTRIBUTE =
            Setting.withDefault(
                    "password-attribute",
                    Setting.Kind.TEXT,
                    "userPassword",
                    "What compare looks at.");

    private static final Setting NAME_ATTRIBUTE =
            Setting.withDefault(
                    "name-attribute",
                    Setting.Kind.TEXT,
                    "uid",
                    "The attribute with the canonical name.");

    private static final Setting ATTRIBUTE =
            Setting.optional(
                            "attribute",
                            Setting.Kind.TEXT,
                            "maildrop=mailMessageStore gives the user the attribute maildrop.")
                    .anyNumber();

    private static final Setting DEVICE_ATTRIBUTE =
            Setting.optional(
                    "device-attribute",
                    Setting.Kind.TEXT,
                    "The attribute with the passwords of a user's devices: values like"
                            + " phone={PBKDF2-SHA512}... They are tried before the user's own.");

    private static final Setting GROUP_BASE =
            Setting.optional(
                    "group-base", Setting.Kind.TEXT, "The entry below which the groups are.");

    private static final Setting GROUP_FILTER =
            Setting.optional(
                    "group-filter",
                    Setting.Kind.TEXT,
                    "Who has no group that it finds may not log in; {dn} is the user's entry, like"
                            + " (&(cn=mail)(member={dn})).");

    private static final Setting TIMEOUT =
            Setting.withDefault(
                            "timeout",
                            Setting.Kind.DURATION,
                            "PT5S",
                            "How long a login may take here.")
                    .between("PT1S", "PT1M");

    /** Between two looks at whether a server that was down is well again. */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(30);

    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);
    private static final Verdict BARRED = new Verdict.Refused(Reason.NOT_ALLOWED);

    private final Duration lookAgain;
    private final DeviceLogins devices;
    private final Pace pace = new Pace();
    private final Map<String, String> attributes = new LinkedHashMap<>();
    private Servers servers;
    private Circuit circuit;
    private AnswerCache cache;
    private Optional<Template> userDn;
    private String base;
    private Template filter;
    private Optional<Template> groupFilter;
    private String groupBase;
    private String nameAttribute;
    private Optional<String> compared;
    private Optional<String> deviceAttribute;

    public Ldap() {
        this(LOOK_AGAIN, new PasswordCheck());
    }

    /**
     * @param lookAgain as {@link #LOOK_AGAIN}; more than zero
     */
    Ldap(Duration lookAgain, PasswordCheck check) {
        this.lookAgain = lookAgain;
        this.devices = new DeviceLogins(check);
    }

    @Override
    public List<Setting> settings() {
        var settings = new ArrayList<>(Servers.settings());
        settings.addAll(
                List.of(
                        BASE,
                        FILTER,
                        USER_DN,
                        CHECK,
                        PASSWORD_ATTRIBUTE,
                        NAME_ATTRIBUTE,
                        ATTRIBUTE,
                        DEVICE_ATTRIBUTE,
                        GROUP_BASE,
                        GROUP_FILTER,
                        TIMEOUT));
        settings.addAll(AnswerCache.settings());
        return settings;
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        read(config);
        var _ = Servers.check(config, config.duration(TIMEOUT.name()));
    }

    @Override
    public void start(PluginConfig config) throws Fault, InterruptedException {
        read(config);
        var timeout = config.duration(TIMEOUT.name());
        circuit = new Circuit("the LDAP server", timeout);
        servers = Servers.open(config, timeout, lookAgain);
        if (userDn.isEmpty()) {
            circuit.first(() -> find("postern"));
        }
    }

    /** Takes what the settings say, and asks nobody. */
    private void read(PluginConfig config) {
        userDn = config.optionalText(USER_DN.name()).map(it -> Template.dn(USER_DN.name(), it));
        compared =
                config.text(CHECK.name()).equals("compare")
                        ? Optional.of(config.text(PASSWORD_ATTRIBUTE.name()))
                        : Optional.empty();
        if (userDn.isPresent() && compared.isPresent()) {
            throw new SettingException(
                    USER_DN.name(), "it binds, and <check> says compare", "Keep one of them.");
        }
        base = dn(BASE, config.text(BASE.name()));
        filter = Template.filter(FILTER.name(), config.text(FILTER.name()));
        nameAttribute = config.text(NAME_ATTRIBUTE.name());
        groups(config);
        for (var pair : config.allTexts(ATTRIBUTE.name())) {
            if (!pair.matches("[^=\\s]+=[A-Za-z0-9.;-]+")) {
                throw new SettingException(
                        ATTRIBUTE.name(),
                        "\"" + pair + "\" is not two names with an equals sign between",
                        "Write one like maildrop=mailMessageStore.");
            }
            attributes.put(
                    pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
        }
        deviceAttribute = config.optionalText(DEVICE_ATTRIBUTE.name());
        if (deviceAttribute.isPresent() && userDn.isPresent()) {
            throw new SettingException(
                    DEVICE_ATTRIBUTE.name(),
                    "it has to be read before anybody binds, and <user-dn> binds at once",
                    "Remove one of them.");
        }
        cache = AnswerCache.of(config);
    }

    @Override
    public Optional<String> trouble() {
        return circuit.trouble();
    }

    @Override
    public void close() {
        if (servers != null) {
            servers.close();
        }
    }

    @Override
    public Verdict verify(String name, Secret password) throws Fault, InterruptedException {
        return cache.verify(name, password, () -> pace.even(() -> ask(name, password)));
    }

    private Verdict ask(String name, Secret password) throws Fault, InterruptedException {
        var octets = password.octets();
        try {
            if (userDn.isPresent()) {
                return circuit.call(() -> bindFirst(name, octets));
            }
            if (deviceAttribute.isEmpty()) {
                return circuit.call(() -> prove(search(name), octets));
            }
            // Before the bind: too many that fail may lock the user's account in the server.
            var found = circuit.call(() -> search(name));
            var device = devices.verdict(name, found.entry, deviceAttribute.get(), password);
            if (device.isPresent()) {
                return found.member ? accepted(found.entry.orElseThrow(), device.get()) : BARRED;
            }
            return circuit.call(() -> prove(found, octets));
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    private void groups(PluginConfig config) {
        groupFilter =
                config.optionalText(GROUP_FILTER.name())
                        .map(it -> Template.filter(GROUP_FILTER.name(), it));
        groupBase = config.optionalText(GROUP_BASE.name()).map(it -> dn(GROUP_BASE, it)).orElse("");
        if (groupFilter.isPresent() != config.has(GROUP_BASE.name())) {
            throw new SettingException(
                    groupFilter.isPresent() ? GROUP_BASE.name() : GROUP_FILTER.name(),
                    "it is missing",
                    "<group-base> and <group-filter> go together.");
        }
    }

    /**
     * What a search found of a user.
     *
     * @param dn nobody's entry, where there is none: the server is asked about it all the same
     */
    private record Found(Optional<Servers.Entry> entry, String dn, boolean member) {}

    private Found search(String name) throws Outage, Fault {
        var entry = find(name);
        var dn = entry.map(Servers.Entry::dn).orElse("cn=nobody," + base);
        return new Found(entry, dn, member(name, dn));
    }

    /** The same questions in the same number, whoever it is about. */
    private Verdict prove(Found found, byte[] password) throws Outage, Fault {
        var proven =
                compared.isPresent()
                        ? servers.compare(found.dn, compared.get(), password)
                        : servers.bind(found.dn, password);
        if (found.entry.isEmpty()) {
            return UNKNOWN;
        }
        return verdict(proven, found.member, found.entry.get());
    }

    private Verdict bindFirst(String name, byte[] password) throws Outage, Fault {
        if (!LoginName.fit(name)) {
            return new Verdict.Refused(Reason.WRONG_PROOF);
        }
        var dn = userDn.orElseThrow().fill(name, "");
        var proven = servers.bind(dn, password);
        if (proven != Servers.Proof.RIGHT) {
            return refused(proven);
        }
        var found = find(name);
        if (found.isEmpty() || !same(dn, found.get().dn())) {
            log.warn("<filter> does not find the entry of {}, who has bound", dn);
            return BARRED;
        }
        return verdict(proven, member(name, found.get().dn()), found.get());
    }

    /** Whether who has bound is who was found, as far as the names are names of entries. */
    private static boolean same(String bound, String found) {
        try {
            return !bound.contains("=") || DN.equals(bound, found);
        } catch (LDAPException e) {
            return false;
        }
    }

    private Optional<Servers.Entry> find(String name) throws Outage, Fault {
        var wanted = new ArrayList<>(attributes.values());
        wanted.add(nameAttribute);
        deviceAttribute.ifPresent(wanted::add);
        // A server takes "alice" and "alice " for the same: it is asked for nobody instead.
        var fit = LoginName.fit(name);
        var found = servers.one(base, filter.fill(fit ? name : "\u0001", ""), wanted);
        return fit ? found : Optional.empty();
    }

    private boolean member(String name, String dn) throws Outage, Fault {
        return groupFilter.isEmpty()
                || servers.any(
                        groupBase,
                        groupFilter.get().fill(LoginName.fit(name) ? name : "\u0001", dn));
    }

    private Verdict verdict(Servers.Proof proven, boolean member, Servers.Entry entry)
            throws Fault {
        if (proven != Servers.Proof.RIGHT) {
            return refused(proven);
        }
        return member ? accepted(entry, Map.of()) : BARRED;
    }

    /**
     * @param more attributes that the user has besides
     */
    private Verdict accepted(Servers.Entry entry, Map<String, String> more) throws Fault {
        var facts = new LinkedHashMap<String, String>();
        attributes.forEach((ours, theirs) -> {
            var values = entry.values(theirs);
            if (!values.isEmpty()) {
                facts.put(ours, values.getFirst());
            }
        });
        facts.putAll(more);
        var name =
                entry.name(nameAttribute)
                        .orElseThrow(() ->
                                new Fault(
                                        Fault.Kind.PERMANENT,
                                        entry.dn()
                                                + " has no value of "
                                                + nameAttribute
                                                + ". Give it one, or name another attribute in"
                                                + " <name-attribute>"));
        try {
            return new Verdict.Accepted(new User(name, facts));
        } catch (IllegalArgumentException e) {
            throw Fault.permanent(entry.dn() + " has a name that cannot be one", e);
        }
    }

    private static Verdict refused(Servers.Proof proof) {
        return new Verdict.Refused(
                proof == Servers.Proof.BARRED ? Reason.NOT_ALLOWED : Reason.WRONG_PROOF);
    }

    private static String dn(Setting setting, String text) {
        if (!DN.isValidDN(text) || text.isEmpty()) {
            throw new SettingException(
                    setting.name(),
                    "\"" + text + "\" is not the name of an entry",
                    "Write one like ou=people,dc=example,dc=org.");
        }
        return text;
    }
}
