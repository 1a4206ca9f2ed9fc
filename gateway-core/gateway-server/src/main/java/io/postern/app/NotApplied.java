package io.postern.app;

import io.postern.config.GatewayConfig;
import io.postern.config.GatewayConfig.Limits;
import io.postern.config.GatewayConfig.Listener;
import io.postern.config.GatewayConfig.TlsIdentity;
import io.postern.config.Problem;
import io.postern.limit.ListenerLimits;
import io.postern.spi.Secret;
import io.postern.tls.IdentitySource;
import io.postern.tls.IdentitySource.Pem;
import io.postern.tls.IdentitySource.Pkcs12;
import io.postern.tls.IdentitySource.SelfSigned;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a reload leaves as it was at the start: the server's name, listeners, keys and certificates,
 * and limits. Compares what the files come to, so that a default that is written out is no change.
 */
final class NotApplied {
    private static final String RESTART = "It holds after a restart.";

    /** Limits that a reload takes over. */
    private static final Set<String> APPLIED = Set.of("plugin-start", "drain");

    /** Whose element has another name than the component. */
    private static final Map<String, String> ELEMENTS = Map.of("trusted", "trusted-networks");

    private final GatewayConfig now;
    private final List<Problem> left = new ArrayList<>();

    private NotApplied(GatewayConfig now) {
        this.now = now;
    }

    /**
     * Compares two readings of the file.
     *
     * @param started with which the server has started
     * @return each setting that differs, with its line now; the remedy is a restart
     */
    static List<Problem> between(GatewayConfig started, GatewayConfig now) {
        var compared = new NotApplied(now);
        if (!started.serverName().equals(now.serverName())) {
            compared.left("server", "server", "the server's name has changed");
        }
        compared.listeners(started);
        compared.identities(started.identities());
        compared.limits(started.limits());
        return compared.left;
    }

    private void listeners(GatewayConfig started) {
        var gone = new ArrayList<>(started.listeners());
        for (var listener : now.listeners()) {
            if (!gone.removeIf(it -> same(started.limits(), it, listener))) {
                left.add(
                        new Problem(
                                now.file(),
                                listener.line(),
                                "listener",
                                "it is new, or has changed, and the server does not listen so",
                                RESTART));
            }
        }
        for (var listener : gone) {
            left(
                    "listeners",
                    "listener",
                    listener.address()
                            + " port "
                            + listener.port()
                            + " is not here any more as it was, and is still listened on");
        }
    }

    /** Whether only the line differs, or limits that are reported where all listeners have them. */
    private boolean same(Limits before, Listener one, Listener other) {
        return plain(one, before.usual()).equals(plain(other, now.limits().usual()));
    }

    /** A listener whose limits are only those that differ from the usual ones. */
    private static List<Object> plain(Listener listener, ListenerLimits usual) {
        var parts = new ArrayList<Object>();
        for (var component : Listener.class.getRecordComponents()) {
            switch (component.getName()) {
                case "line" -> {}
                case "limits" -> parts.add(own(listener.limits(), usual));
                default -> parts.add(value(component, listener));
            }
        }
        return parts;
    }

    private static List<String> own(ListenerLimits limits, ListenerLimits usual) {
        return Arrays.stream(ListenerLimits.class.getRecordComponents())
                .filter(it -> !value(it, limits).equals(value(it, usual)))
                .map(it -> it.getName() + "=" + value(it, limits))
                .toList();
    }

    private void identities(List<TlsIdentity> before) {
        var sources = before.stream().map(TlsIdentity::source).toList();
        var same = sources.size() == now.identities().size();
        for (var at = 0; same && at < sources.size(); at++) {
            same = same(sources.get(at), now.identities().get(at).source());
        }
        if (!same) {
            left("tls", "tls", "the keys and certificates that it names are others");
        }
    }

    private static boolean same(IdentitySource before, IdentitySource now) {
        return before.files().equals(now.files())
                && switch (before) {
                    case Pem(_, _, var password) ->
                            now instanceof Pem other && same(password, other.password());
                    case Pkcs12(_, var password) ->
                            now instanceof Pkcs12 other
                                    && same(Optional.of(password), Optional.of(other.password()));
                    case SelfSigned _ -> now instanceof SelfSigned;
                };
    }

    private static boolean same(Optional<Secret> before, Optional<Secret> now) {
        if (before.isEmpty() || now.isEmpty()) {
            return before.isEmpty() && now.isEmpty();
        }
        var octets = now.get().octets();
        try {
            return before.get().matches(octets);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    private void limits(Limits before) {
        for (var component : Limits.class.getRecordComponents()) {
            if (component.getName().equals("usual")) {
                for (var one : ListenerLimits.class.getRecordComponents()) {
                    limit(one, before.usual(), now.limits().usual());
                }
            } else {
                limit(component, before, now.limits());
            }
        }
    }

    private void limit(RecordComponent component, Record before, Record after) {
        var name = component.getName();
        var element =
                ELEMENTS.getOrDefault(
                        name, name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT));
        var old = value(component, before);
        var given = value(component, after);
        if (!old.equals(given) && !APPLIED.contains(element)) {
            left("limits", element, "it is " + given + ", and the server goes on with " + old);
        }
    }

    private static Object value(RecordComponent component, Record record) {
        try {
            return Objects.requireNonNull(component.getAccessor().invoke(record));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a public record of ours: " + component, e);
        }
    }

    /**
     * @param above whose line is taken where the element itself is not in the file any more
     */
    private void left(String above, String element, String what) {
        var line = now.lines().getOrDefault(element, now.lines().getOrDefault(above, 0));
        left.add(new Problem(now.file(), line, element, what, RESTART));
    }
}
