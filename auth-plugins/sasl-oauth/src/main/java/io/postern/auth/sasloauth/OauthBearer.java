package io.postern.auth.sasloauth;

import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * SASL OAUTHBEARER (RFC 7628): a GS2 header, which may name the user, and pairs of key and value,
 * of which one has the bearer token. Keys that are not known here are ignored (§3.1).
 */
public final class OauthBearer extends BearerMechanism {
    private static final Setting HOST =
            Setting.optional(
                            "host",
                            Setting.Kind.TEXT,
                            "A name by which clients know this server. A token that a client sends"
                                    + " to another name is refused; without this setting, none is.")
                    .anyNumber();

    /** No channel binding is offered, so that "p" is none of the flags (RFC 5801 §4). */
    private static final Pattern HEADER = Pattern.compile("[ny],(?:a=([^,\\x00-\\x1f]+))?,");

    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");
    private static final int MAX_PORT = 65_535;

    private volatile Set<String> hosts = Set.of();

    @Override
    public List<Setting> settings() {
        var all = new ArrayList<>(super.settings());
        all.add(HOST);
        return List.copyOf(all);
    }

    @Override
    public void start(PluginConfig config) {
        super.start(config);
        hosts = Set.copyOf(config.allTexts(HOST.name()));
    }

    @Override
    public String mechanism() {
        return "OAUTHBEARER";
    }

    @Override
    Message parse(byte[] response) {
        var pairs = new Pairs(response);
        var header = HEADER.matcher(pairs.header());
        if (!header.matches()) {
            throw new IllegalArgumentException("not a GS2 header");
        }
        var identity = header.group(1);
        pairs.text("port")
                .ifPresent(port -> {
                    if (!PORT.matcher(port).matches() || Integer.parseInt(port) > MAX_PORT) {
                        throw new IllegalArgumentException("not a port");
                    }
                });
        var elsewhere =
                !hosts.isEmpty()
                        && pairs.text("host")
                                .filter(host -> hosts.stream().noneMatch(host::equalsIgnoreCase))
                                .isPresent();
        return new Message(identity == null ? "" : unescaped(identity), pairs.token(), elsewhere);
    }

    /**
     * There is no "=" but in "=2C" and "=3D" (RFC 5801 §4). Not for a regular expression, which
     * takes a place on the stack for each turn of a group: a message may be long.
     */
    private static String unescaped(String identity) {
        for (var at = identity.indexOf('='); at >= 0; at = identity.indexOf('=', at + 1)) {
            if (!identity.startsWith("2C", at + 1) && !identity.startsWith("3D", at + 1)) {
                throw new IllegalArgumentException("not an escaped identity");
            }
        }
        return identity.replace("=2C", ",").replace("=3D", "=");
    }

    /** RFC 7628 §3.2.2. */
    @Override
    byte[] error(String scope, String discovery) {
        var json = new StringBuilder("{\"status\":\"invalid_token\"");
        if (!scope.isEmpty()) {
            json.append(",\"scope\":\"").append(scope).append('"');
        }
        if (!discovery.isEmpty()) {
            json.append(",\"openid-configuration\":\"").append(discovery).append('"');
        }
        return json.append('}').toString().getBytes(StandardCharsets.US_ASCII);
    }
}
