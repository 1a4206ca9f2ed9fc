package io.postern.auth.sqlusers;

import io.postern.auth.remote.AnswerCache;
import io.postern.auth.remote.Circuit;
import io.postern.auth.remote.LoginName;
import io.postern.auth.stored.Account;
import io.postern.auth.stored.DevicePasswords;
import io.postern.auth.stored.PasswordCheck;
import io.postern.auth.stored.ScramCheck;
import io.postern.auth.stored.StoredPassword;
import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.Health;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.User;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.PasswordHasher;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Verdict;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Users and their passwords in an SQL database, found by a query of the operator's. The database
 * decides which spellings of a name are the same; the query says which one is canonical.
 */
public final class SqlUsers
        implements PasswordDirectory,
                SecretDirectory,
                ScramDirectory,
                NameDirectory,
                PasswordHasher,
                Health {
    private static final Setting QUERY =
            Setting.required(
                    "query",
                    Setting.Kind.TEXT,
                    "A SELECT with :user, :local or :domain that gives the columns name (canonical),"
                            + " password, and perhaps enabled; any other becomes an attribute.");

    private static final Setting DEVICE_QUERY =
            Setting.optional(
                    "device-query",
                    Setting.Kind.TEXT,
                    "A SELECT with :user, the canonical name, that gives a row for each device with"
                            + " the columns label and password.");

    private static final Setting SCHEME =
            Setting.choice(
                    "scheme",
                    StoredPassword.UNNAMED,
                    "The scheme of a password that names none in braces.");

    private static final Setting TIMEOUT =
            Setting.withDefault(
                            "timeout",
                            Setting.Kind.DURATION,
                            "PT5S",
                            "How long the database may take to answer.")
                    .between("PT1S", "PT1M");

    /** Most forms of passwords that are remembered for the time of strangers. */
    private static final int MAX_FORMS = 16;

    private final PasswordCheck check;
    private final Map<String, StoredPassword> forms = new ConcurrentHashMap<>();
    private Rows rows;
    private Circuit circuit;
    private AnswerCache cache;
    private ScramCheck scram;
    private String scheme;

    public SqlUsers() {
        this(new PasswordCheck());
    }

    SqlUsers(PasswordCheck check) {
        this.check = check;
    }

    @Override
    public List<Setting> settings() {
        var settings = new ArrayList<>(Rows.settings());
        settings.addAll(List.of(QUERY, DEVICE_QUERY, SCHEME, TIMEOUT));
        settings.addAll(AnswerCache.settings());
        return settings;
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        var _ = query(config);
        var _ = deviceQuery(config);
        var _ = Rows.access(config);
        var _ = AnswerCache.of(config);
    }

    @Override
    public void start(PluginConfig config) throws Fault, InterruptedException {
        var timeout = config.duration(TIMEOUT.name());
        scheme = config.text(SCHEME.name());
        scram = ScramCheck.keyedIn(config.stateFolder(), check);
        cache = AnswerCache.of(config);
        circuit = new Circuit("the database of sql-users", timeout);
        rows = Rows.open(config, query(config), deviceQuery(config), timeout);
        circuit.first(() -> rows.find(""));
    }

    @Override
    public Optional<String> trouble() {
        return circuit.trouble();
    }

    @Override
    public void close() {
        if (rows != null) {
            rows.close();
        }
    }

    @Override
    public Verdict verify(String name, Secret password) throws Fault, InterruptedException {
        return cache.verify(
                name, password, () -> check.verdict(name, account(name), seen(), password));
    }

    @Override
    public Shared shared(String name) throws Fault, InterruptedException {
        return Account.shared(account(name));
    }

    @Override
    public Entry scram(String name, ScramHash hash) throws Fault, InterruptedException {
        return scram.entry(name, account(name), seen(), hash);
    }

    @Override
    public Verdict lookUp(String name) throws Fault, InterruptedException {
        return account(name)
                .<Verdict>map(account ->
                        account.enabled()
                                ? new Verdict.Accepted(account.user())
                                : new Verdict.Refused(Verdict.Reason.NOT_ALLOWED))
                .orElse(new Verdict.Refused(Verdict.Reason.UNKNOWN_USER));
    }

    @Override
    public List<String> schemes() {
        return StoredPassword.SCHEMES;
    }

    /**
     * {@inheritDoc}
     *
     * @return the text for the column {@code password}
     * @throws IllegalArgumentException if there is no such scheme, or it cannot keep this password
     */
    @Override
    public String hash(String scheme, Secret password) {
        return StoredPassword.make(scheme, password);
    }

    private static Query query(PluginConfig config) {
        return Query.parse(QUERY.name(), config.text(QUERY.name()));
    }

    private static Optional<Query> deviceQuery(PluginConfig config) {
        return config.optionalText(DEVICE_QUERY.name())
                .map(text -> Query.parse(DEVICE_QUERY.name(), text));
    }

    private Collection<StoredPassword> seen() {
        return List.copyOf(forms.values());
    }

    private Optional<Account> account(String name) throws Fault, InterruptedException {
        var fit = LoginName.fit(name);
        // The database is asked for nobody where it must not see the name: it takes as long.
        var row = circuit.call(() -> rows.find(fit ? name : ""));
        if (!fit || row.isEmpty()) {
            return Optional.empty();
        }
        var account = account(row.get());
        if (forms.size() < MAX_FORMS) {
            forms.putIfAbsent(account.password().form(), account.password());
        }
        return Optional.of(account);
    }

    private Account account(Rows.Row row) throws Fault {
        User user;
        try {
            user = new User(row.name(), row.attributes());
        } catch (IllegalArgumentException e) {
            throw Fault.permanent(
                    "the query gives a name that cannot be one: " + e.getMessage(), e);
        }
        if ((row.password().isEmpty() && row.devices().isEmpty())
                || row.password().orElse("").matches("[*!].*")) {
            return new Account(user, StoredPassword.none(), false);
        }
        try {
            var devices = new DevicePasswords(scheme);
            row.devices().forEach(device -> devices.add(device.label(), device.password()));
            return new Account(user, devices.with(own(row)), row.enabled());
        } catch (IllegalArgumentException e) {
            throw Fault.permanent('"' + user.name() + "\" " + e.getMessage(), e);
        }
    }

    private Optional<StoredPassword> own(Rows.Row row) {
        try {
            return row.password().map(text -> StoredPassword.parse(text, scheme));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("has a password that " + e.getMessage(), e);
        }
    }
}
