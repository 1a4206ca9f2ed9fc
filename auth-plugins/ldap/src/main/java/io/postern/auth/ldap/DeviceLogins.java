package io.postern.auth.ldap;

import io.postern.auth.stored.Account;
import io.postern.auth.stored.DevicePasswords;
import io.postern.auth.stored.PasswordCheck;
import io.postern.auth.stored.StoredPassword;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.Verdict;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Logins by the passwords of devices, which this server compares. Any number of threads. */
final class DeviceLogins {
    /** Most forms of passwords that are remembered for the time of strangers. */
    private static final int MAX_FORMS = 16;

    /** Stands for the user whose devices are compared; nobody sees it. */
    private static final User SOMEBODY = new User("somebody");

    private final PasswordCheck check;
    private final Map<String, StoredPassword> forms = new ConcurrentHashMap<>();

    DeviceLogins(PasswordCheck check) {
        this.check = check;
    }

    /**
     * Compares a password with those of all devices. For a stranger, and for a user without
     * devices, it takes the time of somebody else's.
     *
     * @param name what the client typed
     * @param attribute whose values are {@code LABEL=PASSWORD}
     * @return what the user has of the device; empty if no device has this password
     * @throws Fault if a value cannot be understood
     */
    Optional<Map<String, String>> verdict(
            String name, Optional<Servers.Entry> entry, String attribute, Secret password)
            throws Fault, InterruptedException {
        var values = entry.map(it -> it.values(attribute)).orElse(List.of());
        var account = Optional.<Account>empty();
        if (!values.isEmpty()) {
            var kept = read(entry.get().dn(), attribute, values);
            account = Optional.of(new Account(SOMEBODY, kept, true));
            if (forms.size() < MAX_FORMS) {
                forms.putIfAbsent(kept.form(), kept);
            }
        }
        return check.verdict(name, account, List.copyOf(forms.values()), password)
                        instanceof Verdict.Accepted(var user)
                ? Optional.of(user.attributes())
                : Optional.empty();
    }

    private static StoredPassword read(String dn, String attribute, List<String> values)
            throws Fault {
        var devices = new DevicePasswords("");
        try {
            values.forEach(devices::addLabelled);
            return devices.with(Optional.empty());
        } catch (IllegalArgumentException e) {
            throw Fault.permanent(
                    "the attribute " + attribute + " of " + dn + " " + e.getMessage(), null);
        }
    }
}
