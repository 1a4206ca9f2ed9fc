package io.postern.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworksTest {

    @ParameterizedTest
    @CsvSource({
        "192.0.2.0/24, 192.0.2.255, true",
        "192.0.2.0/24, 192.0.3.0, false",
        "192.0.2.77/24, 192.0.2.1, true",
        "192.0.2.128/25, 192.0.2.127, false",
        "192.0.2.128/25, 192.0.2.128, true",
        "192.0.2.7, 192.0.2.7, true",
        "192.0.2.7, 192.0.2.6, false",
        "0.0.0.0/0, 203.0.113.9, true",
        "0.0.0.0/0, 2001:db8::1, false",
        "::/0, 2001:db8::1, true",
        "::/0, 192.0.2.1, false",
        "2001:db8::/33, 2001:db8:7fff::, true",
        "2001:db8::/33, 2001:db8:8000::, false",
        "::1, ::1, true",
        "192.0.2.0/24, ::ffff:192.0.2.9, true",
    })
    void containsByTheBitsOfThePrefix(String networks, String address, boolean inside) {
        assertEquals(inside, Networks.parse(networks).contains(Networks.address(address)));
    }

    @Test
    void aListHasSpacesAndCommasBetween() {
        var networks = Networks.parse(" 10.0.0.0/8,192.0.2.1  ::1 ");
        assertTrue(networks.contains(Networks.address("10.9.9.9")));
        assertTrue(networks.contains(Networks.address("192.0.2.1")));
        assertTrue(networks.contains(Networks.address("::1")));
        assertFalse(networks.contains(Networks.address("11.0.0.0")));
        assertTrue(Networks.parse(" ").isEmpty());
        assertEquals("10.0.0.0/8 192.0.2.1/32 0:0:0:0:0:0:0:1/128", networks.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "1.2.3",
                "1.2.3.256",
                "01.2.3.4",
                "1.2.3.4/33",
                "1.2.3.4/",
                "1.2.3.4/-1",
                "::1/129",
                "fe80::1%lo",
                "[::1]",
                ":",
                "1.2.3.4/8/9"
            })
    void whatIsNoNetworkIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> Networks.parse(text));
    }

    @Test
    void whoHasSixtyFourBitsIsOneClient() {
        assertEquals(prefix("2001:db8:0:1::1"), prefix("2001:db8:0:1:ffff::"));
        assertNotEquals(prefix("2001:db8:0:1::1"), prefix("2001:db8:0:2::1"));
        assertNotEquals(prefix("192.0.2.1"), prefix("192.0.2.2"));
        assertEquals(prefix("192.0.2.1"), prefix("::ffff:192.0.2.1"));
        assertNotEquals(prefix("0.0.0.1"), prefix("0:0:0:1::"));
    }

    private static Prefix prefix(String address) {
        return Prefix.of(Networks.address(address));
    }
}
