package org.example.template.directory;

import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;

import java.util.Arrays;
import java.util.List;

/**
 * Checks passwords. It knows one user, whose name and password stand in {@code gateway.xml}; your
 * own check takes the place of {@link #verify}.
 */
public final class Template implements PasswordDirectory {
    private static final Setting USER =
            Setting.required("user", Setting.Kind.TEXT, "The name of the one user.");
    private static final Setting PASSWORD =
            Setting.required("password", Setting.Kind.SECRET, "That user's password.");

    private String user;
    private Secret password;

    @Override
    public List<Setting> settings() {
        return List.of(USER, PASSWORD);
    }

    @Override
    public void start(PluginConfig config) {
        user = config.text(USER.name());
        password = config.secret(PASSWORD.name());
    }

    /** Called by many threads at a time; may block. An outage is a Fault, never a refusal. */
    @Override
    public Verdict verify(String name, Secret given) {
        var octets = given.octets();
        try {
            // Compared for everybody, so that a stranger takes the same time.
            var fits = password.matches(octets);
            if (!name.equals(user)) {
                return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
            }
            return fits
                    ? new Verdict.Accepted(new User(user))
                    : new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    @Override
    public void close() {
        if (password != null) {
            password.close();
        }
    }
}
