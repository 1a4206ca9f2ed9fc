package io.postern.auth.xmlusers;

import io.postern.auth.stored.BrokenFile;
import io.postern.auth.stored.PasswordCheck;
import io.postern.auth.stored.ScramCheck;
import io.postern.auth.stored.StoredPassword;
import io.postern.auth.stored.WatchedUsers;
import io.postern.spi.Findings;
import io.postern.spi.Health;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.PasswordHasher;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Verdict;

import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Users and their passwords in one XML file. Whoever uses it after the file has changed sees the
 * change, a second later at most; a file that is torn as a whole changes nothing then, and an entry
 * that is not understood bars its user alone. The log names both.
 *
 * <p>Names are the same if they differ in nothing but the case of ASCII letters; the spelling in
 * the file is the canonical one. What the file holds stays in memory while the server runs.
 */
public final class XmlUsers
        implements PasswordDirectory,
                SecretDirectory,
                ScramDirectory,
                NameDirectory,
                PasswordHasher,
                Health {
    private static final Setting FILE =
            Setting.withDefault(
                    "file",
                    Setting.Kind.PATH,
                    "conf/users.xml",
                    "The XML file of the users and their passwords.");

    private final PasswordCheck check;
    private final LongSupplier nanoTime;
    private WatchedUsers users;
    private ScramCheck scram;

    public XmlUsers() {
        this(new PasswordCheck(), System::nanoTime);
    }

    /**
     * @param nanoTime the clock, as {@link System#nanoTime}
     */
    XmlUsers(PasswordCheck check, LongSupplier nanoTime) {
        this.check = check;
        this.nanoTime = nanoTime;
    }

    @Override
    public List<Setting> settings() {
        return List.of(FILE);
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        WatchedUsers.check(FILE.name(), config.path(FILE.name()), UsersFile::read, findings);
    }

    @Override
    public void start(PluginConfig config) {
        var file = config.path(FILE.name());
        scram = ScramCheck.keyedIn(config.stateFolder(), check);
        try {
            users = new WatchedUsers(file, UsersFile::read, check, nanoTime);
        } catch (BrokenFile e) {
            throw WatchedUsers.refusal(FILE.name(), file, e);
        }
    }

    @Override
    public Verdict verify(String name, Secret password) throws InterruptedException {
        return users.verify(name, password);
    }

    @Override
    public Shared shared(String name) {
        return users.shared(name);
    }

    @Override
    public Entry scram(String name, ScramHash hash) throws InterruptedException {
        return users.scram(name, hash, scram);
    }

    @Override
    public Verdict lookUp(String name) {
        return users.lookUp(name);
    }

    @Override
    public Optional<String> trouble() {
        return users.trouble();
    }

    @Override
    public List<String> schemes() {
        return StoredPassword.SCHEMES;
    }

    /**
     * {@inheritDoc}
     *
     * @return the text for the attribute {@code password}
     * @throws IllegalArgumentException if there is no such scheme, or it cannot keep this password
     */
    @Override
    public String hash(String scheme, Secret password) {
        return StoredPassword.make(scheme, password);
    }
}
