package io.postern.testkit.auth;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.Verdict;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/**
 * Stands for the server and its directories before a mechanism under test. It keeps what it was
 * shown, so that a test can say whether the mechanism wiped it. Safe for any number of threads.
 */
public final class MemoryRealm implements AuthContext {
    private static final String STAMP = "<1896.697170952@dbc.mtview.ca.us>";

    private final Map<String, String> secrets;
    private final String stamp;
    private final Optional<Fault> fault;
    private final List<Secret> shown = new CopyOnWriteArrayList<>();
    private final List<Verdict> verdicts = new CopyOnWriteArrayList<>();

    private MemoryRealm(Map<String, String> secrets, String stamp, Optional<Fault> fault) {
        this.secrets = secrets;
        this.stamp = stamp;
        this.fault = fault;
    }

    /** A realm of these names and secrets, on a connection with the stamp of RFC 1939 §7. */
    public static MemoryRealm of(Map<String, String> secrets) {
        return new MemoryRealm(Map.copyOf(secrets), STAMP, Optional.empty());
    }

    /** The same realm on a connection whose greeting had no stamp. */
    public MemoryRealm withoutStamp() {
        return new MemoryRealm(secrets, "", fault);
    }

    /** The same realm with a directory that is broken. */
    public MemoryRealm failing(Fault how) {
        return new MemoryRealm(secrets, stamp, Optional.of(how));
    }

    /** Every password that it was given, in order; the mechanism's to wipe. */
    public List<Secret> shown() {
        return List.copyOf(shown);
    }

    /** Every answer that it gave, in order. */
    public List<Verdict> verdicts() {
        return List.copyOf(verdicts);
    }

    @Override
    public Verdict checkPassword(String name, Secret password) throws Fault {
        shown.add(password);
        return answer(
                name,
                secret ->
                        password.length() > 0
                                && password.matches(secret.getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public Verdict checkShared(String name, Predicate<Secret> check) throws Fault {
        return answer(
                name,
                text -> {
                    try (var secret = Secret.of(text)) {
                        return check.test(secret);
                    }
                });
    }

    @Override
    public String stamp() {
        return stamp;
    }

    @Override
    public boolean encrypted() {
        return true;
    }

    @Override
    public InetAddress clientAddress() {
        return InetAddress.getLoopbackAddress();
    }

    private Verdict answer(String name, Predicate<String> fits) throws Fault {
        if (fault.isPresent()) {
            throw fault.get();
        }
        var known = secrets.get(name);
        var fitting = fits.test(known == null ? "nobody's secret" : known);
        Verdict verdict;
        if (known == null) {
            verdict = new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
        } else if (fitting) {
            verdict = new Verdict.Accepted(new User(name));
        } else {
            verdict = new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
        }
        verdicts.add(verdict);
        return verdict;
    }
}
