package io.postern.auth.sasloauth;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.TokenDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;

import java.util.Arrays;
import java.util.List;

/**
 * A login with a bearer token. Who reads it can use it, so that it counts as plaintext. A token
 * that is refused is answered with an error in JSON, as a challenge; whatever the client says to
 * that is the end (RFC 7628 §3.2.3).
 */
abstract class BearerMechanism implements AuthMechanism {
    private static final Setting SCOPE =
            Setting.optional(
                    "scope",
                    Setting.Kind.TEXT,
                    "What a client whose token was refused is told to ask the issuer for.");
    private static final Setting DISCOVERY =
            Setting.optional(
                    "openid-configuration",
                    Setting.Kind.TEXT,
                    "The URL where a client whose token was refused finds the issuer.");

    private volatile String scope = "";
    private volatile String discovery = "";

    @Override
    public List<Setting> settings() {
        return List.of(SCOPE, DISCOVERY);
    }

    @Override
    public void start(PluginConfig config) {
        scope = json(config, SCOPE);
        discovery = json(config, DISCOVERY);
    }

    @Override
    public boolean plaintext() {
        return true;
    }

    @Override
    public boolean servedBy(UserDirectory directory) {
        return directory instanceof TokenDirectory;
    }

    @Override
    public AuthExchange begin(AuthContext context) {
        return new Exchange(context);
    }

    /**
     * Takes the client's message apart.
     *
     * @throws IllegalArgumentException if it is none
     */
    abstract Message parse(byte[] response);

    /** What a client is told whose token was refused. */
    abstract byte[] error(String forScope, String atDiscovery);

    /** A text that stands in JSON as it is. */
    private static String json(PluginConfig config, Setting setting) {
        var text = config.optionalText(setting.name()).orElse("");
        if (text.chars().anyMatch(c -> c < ' ' || c > '~' || c == '"' || c == '\\')) {
            throw new SettingException(
                    setting.name(),
                    "it holds a quote, a backslash, or what is not ASCII",
                    "Take those out.");
        }
        return text;
    }

    private final class Exchange implements AuthExchange {
        private final AuthContext context;
        private Verdict refusal;

        Exchange(AuthContext context) {
            this.context = context;
        }

        @Override
        public AuthStep next(byte[] response) throws Fault, InterruptedException {
            Message message;
            try {
                if (refusal != null) {
                    return refusal;
                }
                message = parse(response);
            } catch (IllegalArgumentException e) {
                return new Verdict.Refused(Verdict.Reason.MALFORMED);
            } finally {
                Arrays.fill(response, (byte) 0);
            }
            Verdict verdict;
            try (var token = message.token()) {
                verdict =
                        message.elsewhere()
                                ? new Verdict.Refused(Verdict.Reason.NOT_ALLOWED)
                                : context.checkToken(message.name(), token);
            }
            if (verdict instanceof Verdict.Accepted) {
                return verdict;
            }
            refusal = verdict;
            return new AuthStep.Challenge(error(scope, discovery));
        }
    }
}
