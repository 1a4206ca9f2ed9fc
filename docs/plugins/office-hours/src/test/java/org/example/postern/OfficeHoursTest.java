package org.example.postern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.AuthPolicy.Allow;
import io.postern.spi.auth.AuthPolicy.Attempt;
import io.postern.spi.auth.AuthPolicy.Refuse;
import io.postern.spi.auth.Verdict;
import io.postern.testkit.auth.AuthPolicyContract;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/** The contract of policies, and what is this one's own. */
class OfficeHoursTest implements AuthPolicyContract {
    private static final Attempt ATTEMPT =
            new Attempt("session", "anna", InetAddress.ofLiteral("192.0.2.7"), "PLAIN", true);

    @Override
    public OfficeHours policy() {
        return at("2026-11-02T10:00:00Z", Map.of("hours", List.of("MON-FRI 07:00-19:00")));
    }

    @Override
    public Attempt welcome() {
        return ATTEMPT;
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-02T06:59:59Z, false", // a Monday
        "2026-11-02T07:00:00Z, true",
        "2026-11-02T18:59:59Z, true",
        "2026-11-02T19:00:00Z, false",
        "2026-11-06T12:00:00Z, true",
        "2026-11-07T08:59:00Z, false",
        "2026-11-07T09:00:00Z, true", // a Saturday
        "2026-11-08T10:00:00Z, false"
    })
    void loginsAreAllowedWithinTheHours(String now, boolean allowed) {
        var hours = List.of("MON-FRI 07:00-19:00", "SAT 09:00-12:00");
        var policy = at(now, Map.of("hours", hours, "zone", List.of("UTC")));
        assertEquals(allowed, policy.before(ATTEMPT) instanceof Allow);
        assertEquals(allowed, policy.after(ATTEMPT, accepted("anna")) instanceof Allow);
    }

    @Test
    void aWeekMayBeginOnAnyDayAndInAnyZone() {
        var hours = Map.of("hours", List.of("SAT-MON 00:00-12:00"), "zone", List.of("Asia/Tokyo"));
        assertInstanceOf(Allow.class, at("2026-11-01T23:00:00Z", hours).before(ATTEMPT));
        assertInstanceOf(Refuse.class, at("2026-11-02T23:00:00Z", hours).before(ATTEMPT));
    }

    @Test
    void whoIsAlwaysLetInIsWhomTheDirectoryHasConfirmed() {
        var policy =
                at(
                        "2026-11-08T10:00:00Z",
                        Map.of("hours", List.of("MON 07:00-19:00"), "always", List.of("Bela")));
        assertInstanceOf(Allow.class, policy.before(ATTEMPT)); // it may be Bela by another name
        assertInstanceOf(Allow.class, policy.after(ATTEMPT, accepted("bela")));
        assertInstanceOf(Refuse.class, policy.after(ATTEMPT, accepted("anna")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"MOO 07:00-19:00", "MON 19:00-07:00", "MON 24:30-25:00", "MON"})
    void hoursThatCannotBeAreToldAtTheStart(String hours) {
        var refused =
                assertThrows(
                        SettingException.class,
                        () -> at("2026-11-02T10:00:00Z", Map.of("hours", List.of(hours))));
        assertEquals("hours", refused.setting());
    }

    private static Verdict accepted(String name) {
        return new Verdict.Accepted(new User(name));
    }

    private static OfficeHours at(String now, Map<String, List<String>> settings) {
        var policy = new OfficeHours(Clock.fixed(Instant.parse(now), ZoneOffset.UTC));
        var here = Path.of("target");
        policy.start(new PluginConfig(policy.settings(), settings, here, here));
        return policy;
    }
}
