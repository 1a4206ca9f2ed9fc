package org.example.template.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.postern.spi.PluginConfig;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.AuthPolicy.Attempt;
import io.postern.testkit.auth.AuthPolicyContract;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The contract of policies, and what this one is for. */
class TemplateTest implements AuthPolicyContract {

    @Override
    public AuthPolicy policy() {
        var policy = new Template();
        var settings = Map.of("refuse", List.of("root", "Postmaster"));
        var here = Path.of("target");
        policy.start(new PluginConfig(policy.settings(), settings, here, here));
        return policy;
    }

    @Override
    public Attempt welcome() {
        return attempt("anna", true);
    }

    @Override
    public Optional<Attempt> unwelcome() {
        return Optional.of(attempt("ROOT", true));
    }

    @Test
    void clearTextWaits() throws Exception {
        try (var policy = policy()) {
            assertEquals(
                    new AuthPolicy.Delay(Duration.ofSeconds(1)),
                    policy.before(attempt("anna", false)));
        }
    }

    private static Attempt attempt(String name, boolean encrypted) {
        return new Attempt("session", name, InetAddress.ofLiteral("192.0.2.7"), "PLAIN", encrypted);
    }
}
