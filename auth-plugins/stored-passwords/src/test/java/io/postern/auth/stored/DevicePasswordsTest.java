package io.postern.auth.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Optional;

class DevicePasswordsTest {
    private final DevicePasswords devices = new DevicePasswords("CRYPT");
    private final PasswordCheck check = new PasswordCheck();

    @Test
    void eachDeviceLogsInUnderItsLabel() throws Exception {
        devices.add("phone", "{PLAIN}one");
        devices.addLabelled("old-laptop={PLAIN}t=wo");
        var all = devices.with(Optional.of(StoredPassword.parse("{PLAIN}own")));
        assertEquals("phone", ask(all, "one"));
        assertEquals("old-laptop", ask(all, "t=wo"));
        assertEquals("", ask(all, "own"));
        assertEquals("WRONG_PROOF", ask(all, "other"));
    }

    @Test
    void anAccountMayHaveDevicesOnly() throws Exception {
        devices.add("phone", "$apr1$abcdefgh$SV2cltpXm7FPZv1oFbLbo.");
        assertEquals("phone", ask(devices.with(Optional.empty()), "tän staaf"));
    }

    @Test
    void withoutDevicesThePasswordIsTheAccountsOwn() {
        var own = StoredPassword.parse("{PLAIN}own");
        assertSame(own, devices.with(Optional.of(own)));
        var e = assertThrows(IllegalArgumentException.class, () -> devices.with(Optional.empty()));
        assertEquals("has no password", e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{PLAIN}geheim",
                "geheim",
                "={PLAIN}geheim",
                "a b={PLAIN}geheim",
                "t\u00e4b={PLAIN}geheim",
                "a={geheim}x",
                "a=geheim",
                "a=",
                "taken={PLAIN}geheim",
            })
    void whatIsWrongIsToldWithoutThePassword(String text) {
        devices.add("taken", "{PLAIN}x");
        var e = assertThrows(IllegalArgumentException.class, () -> devices.addLabelled(text));
        assertTrue(e.getMessage().startsWith("has "), e.getMessage());
        assertFalse(e.getMessage().contains("geheim"), e.getMessage());
    }

    @Test
    void thereIsAMost() {
        for (int i = 0; i < DevicePasswords.MAX; i++) {
            devices.add("d" + i, "{PLAIN}x");
        }
        var e = assertThrows(IllegalArgumentException.class, () -> devices.add("one", "{PLAIN}x"));
        assertEquals("has more than 10 devices", e.getMessage());
    }

    @Test
    void whoIsBarredIsKnownAndRefusedWhateverThePassword() throws Exception {
        var barred = Account.barred("anna");
        for (var password : List.of("x", "y")) {
            try (var secret = Secret.of(password)) {
                assertEquals(
                        new Verdict.Refused(Reason.NOT_ALLOWED),
                        check.verdict("anna", Optional.of(barred), List.of(), secret));
            }
        }
    }

    /** The label, or the reason of a refusal. */
    private String ask(StoredPassword stored, String text) throws InterruptedException {
        var account = new Account(new User("anna"), stored, true);
        try (var password = Secret.of(text)) {
            return switch (check.verdict("anna", Optional.of(account), List.of(), password)) {
                case Verdict.Accepted(var user) -> user.attributes().getOrDefault(User.DEVICE, "");
                case Verdict.Refused(var reason) -> reason.name();
            };
        }
    }
}
