package io.postern.sql;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Pattern;

/**
 * Where a database is and who asks there, with the driver that can. Immutable; any number of
 * threads. Its text form shows no password.
 */
public final class Access {
    /** What the settings are called: {@code url}, {@code user} and {@code password}. */
    public static final String URL = "url";

    private static final String USER = "user";
    private static final String PASSWORD = "password";

    /** The settings beside the URL. */
    public static final Setting USER_SETTING =
            Setting.optional(USER, Setting.Kind.TEXT, "Who the server is there.");

    public static final Setting PASSWORD_SETTING =
            Setting.optional(PASSWORD, Setting.Kind.SECRET, "And what proves it.");

    /** A file of H2, but for those with a prefix of another kind. */
    private static final Pattern H2_FILE =
            Pattern.compile("jdbc:h2:(?:file:)?(?![A-Za-z]{2,}:)([^;]*).*");

    /**
     * H2 has a path with a folder in front, so that it does not depend on where Java was started.
     */
    private static final Pattern DEFINITE = Pattern.compile("([/\\\\~.]|[A-Za-z]:).*");

    /** H2's code of a file that another process has opened. */
    private static final int IN_USE = 90020;

    /** Codes of MariaDB: no right to this database; no such database. */
    private static final int NO_RIGHT = 1044;

    private static final int NO_DATABASE = 1049;

    private final String url;
    private final Optional<String> user;
    private final Optional<String> password;
    private final Driver driver;

    private Access(String url, Optional<String> user, Optional<String> password, Driver driver) {
        this.url = url;
        this.user = user;
        this.password = password;
        this.driver = driver;
    }

    /**
     * As the settings say. Asks nobody.
     *
     * @param url the setting's value, or what stands for it
     * @param plugin one of whose class loader is asked for drivers
     * @throws SettingException if no driver is there, or the URL cannot be one
     */
    public static Access of(String url, PluginConfig config, Class<?> plugin) {
        var driver = driver(url, plugin.getClassLoader());
        checkFile(url);
        var password = Optional.<String>empty();
        if (config.has(PASSWORD)) {
            try (var secret = config.secret(PASSWORD)) {
                var chars = secret.chars();
                password = Optional.of(new String(chars)); // JDBC takes nothing else
                Arrays.fill(chars, '\0');
            }
        }
        return new Access(url, config.optionalText(USER), password, driver);
    }

    /** The same database by another spelling of its URL. */
    public Access at(String completeUrl) {
        return new Access(completeUrl, user, password, driver);
    }

    String url() {
        return url;
    }

    Optional<String> user() {
        return user;
    }

    Optional<String> password() {
        return password;
    }

    Driver driver() {
        return driver;
    }

    /** Whether the database runs in this process and ends with its last connection. */
    boolean embedded() {
        return url.startsWith("jdbc:h2:") && !url.matches("jdbc:h2:(tcp|ssl):.*");
    }

    /** The URL without what may hold a password. */
    public String where() {
        return url.replaceFirst("[?;].*", "").replaceFirst("//[^/@]*@", "//");
    }

    /**
     * What a failure to connect means.
     *
     * @return the setting to mend; empty if waiting may help
     */
    private Optional<SettingException> mistake(SQLException failure) {
        var state = String.valueOf(failure.getSQLState());
        int code = failure.getErrorCode();
        var words = Fault.words(failure);
        if (state.startsWith("28")
                || state.equals("42501")
                || (state.startsWith("42") && code == NO_RIGHT)) {
            return Optional.of(
                    wrong(
                            password.isPresent() ? PASSWORD : user.isPresent() ? USER : URL,
                            where()
                                    + " refuses "
                                    + user.map(it -> "the user \"" + it + '"').orElse("this server")
                                    + ": "
                                    + words,
                            "Give the name and the password that the database knows, and see"
                                    + " whether it lets them in from this host.",
                            failure));
        }
        // PostgreSQL; MariaDB; H2: not found, or what the URL says is not understood.
        if (state.startsWith("3D")
                || (state.startsWith("42") && code == NO_DATABASE)
                || state.matches("9001[13]|90021|90046|90088|90113|90146|90149")) {
            return Optional.of(
                    wrong(
                            URL,
                            where() + " cannot be used: " + words,
                            "Make the database, or name another.",
                            failure));
        }
        return Optional.empty();
    }

    /** A failure to connect, for the operator. */
    NoConnectionException explain(SQLException failure) {
        var mistake = mistake(failure);
        return new NoConnectionException(words(failure, mistake), mistake, failure);
    }

    private String words(SQLException failure, Optional<SettingException> mistake) {
        if (failure.getErrorCode() == IN_USE && embedded()) {
            return where()
                    + " is in use by another process, most likely by a running server: stop that"
                    + " first, or keep the data in PostgreSQL or MariaDB, which several processes"
                    + " can use";
        }
        return mistake.map(it -> it.getMessage() + ". " + it.remedy().replaceFirst("\\.$", ""))
                .orElseGet(() ->
                        where()
                                + " gives no connection: "
                                + Fault.words(failure)
                                + ". See whether it runs and can be reached from here");
    }

    /**
     * Whether the database has ended a connection. By the classes of SQLSTATE: connection
     * exception; PostgreSQL's operator intervention; and by H2's for a session or a database that
     * was closed.
     */
    public static boolean lost(SQLException failure) {
        return String.valueOf(failure.getSQLState()).matches("08.*|57P.*|90067|90098|90121");
    }

    @Override
    public String toString() {
        return where();
    }

    /** DriverManager looks for drivers once, before a plugin's folder is read: it is no help. */
    private static Driver driver(String url, ClassLoader loader) {
        for (var driver : ServiceLoader.load(Driver.class, loader)) {
            try {
                if (driver.acceptsURL(url)) {
                    return driver;
                }
            } catch (SQLException e) {
                throw wrong(
                        URL,
                        "the driver cannot read it: " + Fault.words(e),
                        "See the driver's documentation.",
                        e);
            }
        }
        throw wrong(
                URL,
                "no driver for it is in the plugin's folder",
                url.startsWith("jdbc:")
                        ? "Put the jar of the database's JDBC driver beside the plugin's jar."
                        : "Begin it with jdbc:, as the driver's documentation says.",
                null);
    }

    /** A file of H2 that cannot be there. */
    private static void checkFile(String url) {
        var file = H2_FILE.matcher(url);
        if (!file.matches()) {
            return;
        }
        var path = file.group(1);
        if (!DEFINITE.matcher(path).matches()) {
            throw wrong(
                    URL,
                    "\"" + path + "\" is no path that begins with a folder",
                    "Write jdbc:h2:file: and the whole path of the file.",
                    null);
        }
        if (path.startsWith("~")) {
            return;
        }
        // H2 makes folders.
        var folder = Path.of(path).toAbsolutePath().getParent();
        while (folder != null && !Files.exists(folder)) {
            folder = folder.getParent();
        }
        if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw wrong(
                    URL,
                    "no file can be made at "
                            + path
                            + ": "
                            + folder
                            + " is "
                            + (folder != null && Files.isDirectory(folder)
                                    ? "not writable for this user"
                                    : "no folder"),
                    "Name a file in a folder where the server's user may write.",
                    null);
        }
    }

    private static SettingException wrong(
            String setting, String problem, String remedy, Throwable cause) {
        return (SettingException) new SettingException(setting, problem, remedy).initCause(cause);
    }
}
