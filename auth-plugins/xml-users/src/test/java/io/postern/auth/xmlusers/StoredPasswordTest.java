package io.postern.auth.xmlusers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Secret;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

class StoredPasswordTest {
    private static final String PASSWORD = "tän staaf";

    /** Made for {@link #PASSWORD} by other software, named beside each. */
    static final List<String> MADE_ELSEWHERE =
            List.of(
                    // openssl passwd -6 (OpenSSL 3.0.19)
                    "{SHA512-CRYPT}$6$abcdefgh$bbAOGGNt2H0pC2TMPFsQ9P9QXyCssBNJrwCzvaJSNs8sTQ0hveqy"
                            + "/aL4E83TSIGfDfMrAWiWUICE4izgk1g6p/",
                    // crypt(3) of Debian 12, by Perl
                    "{SHA512-CRYPT}$6$rounds=1000$saltstringSALT16$wyKm2SJEfwyOJnnGgAOmcvLqPyrK3sX5"
                            + "RMGG/byYLaNEsJFXVcjM4vOWZxQ.BSAzdC7wY9MlghwCsTjCxdcQ01",
                    // openssl passwd -5 (OpenSSL 3.0.19)
                    "{SHA256-CRYPT}$5$x./Z$1znZYNvRvC6hMYHTact7sz2IEbK1cXnU4ukHyD2gJ57",
                    // crypt(3) of Debian 12, by Perl
                    "{SHA256-CRYPT}$5$rounds=12345$q$gFQ9AqDCa2JqE7VVu/WMfYgjXxordxehOlhnwAVV7AB",
                    // hashlib.pbkdf2_hmac of Python 3.11
                    "{PBKDF2-SHA512}$1000$AAECAwQFBgcICQoLDA0ODw==$zpcXl4Hg2JGO41DHNqtncKOteYzbstsRA"
                            + "ozZ2EoIRwDn0coH51kY6W/J5pvouqbqy8tDDo2uivLoVkLLst8H0g==",
                    "{PBKDF2-SHA512}$210000$AAECAwQFBgcICQoLDA0ODw==$nrKWJD6Ul2uBQIeCG61GQ2nQbkuiSz"
                            + "ecB8RvTMnAoxKeos/yE1JSto1g6Nkp6lF0GJPo8WxhlNNTh+3apL+aIA==",
                    "{PBKDF2-SHA256}$1500$AAECAwQFBgcICQoLDA0ODw==$qLb+MiSMQn3ejOekwoufPOYsNnL5dt6D"
                            + "B/+bJU+jh1k=",
                    "{PLAIN}" + PASSWORD);

    @ParameterizedTest
    @FieldSource("MADE_ELSEWHERE")
    void whatOtherSoftwareMadeMatchesItsPasswordOnly(String text) {
        var stored = StoredPassword.parse(text);
        assertTrue(matches(stored, PASSWORD));
        for (var wrong : List.of("tan staaf", "tän staa", "tän staafx", "x", "t", PASSWORD + " ")) {
            assertFalse(matches(stored, wrong), wrong);
        }
    }

    @Test
    void aPasswordLongerThanTheDigestsBlockMatches() {
        assertTrue(
                matches(
                        // crypt(3) of Debian 12, by Perl
                        StoredPassword.parse(
                                "{SHA512-CRYPT}$6$rounds=1000$abc$5ejynR5HS9F7PP2DhZDDZ2gaP8BiHFAOQ"
                                        + "bTEwDmTM7Si9a0ECjFMOMC9Nc0qqm6ZafZUJT.XbERS23ocz7cjq1"),
                        "x".repeat(300)));
        assertTrue(
                matches(
                        // hashlib.pbkdf2_hmac of Python 3.11
                        StoredPassword.parse(
                                "{PBKDF2-SHA256}$1000$MTIzNDU2Nzg=$xo7VTeYuvre/19b0SY9XTUsUCyQJRPlS"
                                        + "u/KnoHdYlts="),
                        "p".repeat(200)));
    }

    @ParameterizedTest
    @FieldSource("SCHEMES")
    void whatIsMadeHereMatchesItsPasswordAndIsDifferentEachTime(String scheme) {
        try (var password = Secret.of(PASSWORD)) {
            var text = StoredPassword.make(scheme, password);
            assertTrue(text.startsWith("{" + scheme + "}"), text);
            assertTrue(StoredPassword.parse(text).matches(password));
            assertFalse(matches(StoredPassword.parse(text), PASSWORD + "x"));
            if (!scheme.equals("PLAIN")) {
                assertFalse(text.contains(PASSWORD));
                assertNotEquals(text, StoredPassword.make(scheme, password), "the salt is old");
            }
        }
    }

    static final List<String> SCHEMES = StoredPassword.SCHEMES;

    @Test
    void aPlainPasswordIsWrittenAsXmlWantsIt() {
        try (var password = Secret.of("a&b<c>\"d'")) {
            assertEquals("{PLAIN}a&amp;b&lt;c>&quot;d'", StoredPassword.make("PLAIN", password));
        }
    }

    @Test
    void octetsThatAreNotUtf8AreNotTakenForOthersOfTheirKind() {
        try (var one = Secret.of(new byte[] {'a', (byte) 0xe4});
                var other = Secret.of(new byte[] {'a', (byte) 0xf6});
                var replacement = Secret.of("a\ufffd")) {
            var stored = StoredPassword.parse(StoredPassword.make("PBKDF2-SHA512", replacement));
            assertTrue(stored.matches(replacement));
            assertFalse(stored.matches(one));
            assertFalse(stored.matches(other));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> StoredPassword.make("PBKDF2-SHA256", one));
            assertThrows(IllegalArgumentException.class, () -> StoredPassword.make("PLAIN", one));
            var crypt = StoredPassword.parse(StoredPassword.make("SHA512-CRYPT", one));
            assertTrue(crypt.matches(one));
            assertFalse(crypt.matches(other));
        }
    }

    @Test
    void aPasswordThatNoSchemeCanKeepIsNotMade() {
        for (var text : List.of("", "a\0", "x".repeat(513))) {
            try (var password = Secret.of(text)) {
                for (var scheme : SCHEMES) {
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> StoredPassword.make(scheme, password));
                }
            }
        }
        try (var password = Secret.of("a\tb")) {
            assertThrows(
                    IllegalArgumentException.class, () -> StoredPassword.make("PLAIN", password));
        }
        try (var password = Secret.of("fine")) {
            var e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> StoredPassword.make("MD5", password));
            assertTrue(e.getMessage().contains("PBKDF2-SHA512"), e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "geheim",
                "{geheim",
                "{geheim}x",
                "{plain}geheim",
                "{PLAIN}",
                "{SHA512-CRYPT}",
                "{SHA512-CRYPT}geheim",
                "{SHA512-CRYPT}$6$geheim",
                "{SHA512-CRYPT}$5$x./Z$1znZYNvRvC6hMYHTact7sz2IEbK1cXnU4ukHyD2gJ57",
                "{SHA256-CRYPT}$5$$1znZYNvRvC6hMYHTact7sz2IEbK1cXnU4ukHyD2gJ57",
                "{SHA256-CRYPT}$5$12345678901234567$1znZYNvRvC6hMYHTact7sz2IEbK1cXnU4ukHyD2gJ57",
                "{SHA256-CRYPT}$5$rounds=999$q$gFQ9AqDCa2JqE7VVu/WMfYgjXxordxehOlhnwAVV7AB",
                "{SHA256-CRYPT}$5$rounds=1000001$q$gFQ9AqDCa2JqE7VVu/WMfYgjXxordxehOlhnwAVV7AB",
                "{SHA256-CRYPT}$5$rounds=999999999$q$gFQ9AqDCa2JqE7VVu/WMfYgjXxordxehOlhnwAVV7AB",
                "{SHA256-CRYPT}$5$rounds=9999999999$q$gFQ9AqDCa2JqE7VVu/WMfYgjXxordxehOlhnwAVV7AB",
                "{PBKDF2-SHA256}geheim",
                "{PBKDF2-SHA256}$1000$geheim$geheim",
                "{PBKDF2-SHA256}$1000$MTIzNDU2Nzg=$",
                "{PBKDF2-SHA256}$999$MTIzNDU2Nzg=$xo7VTeYuvre/19b0SY9XTUsUCyQJRPlSu/KnoHdYlts=",
                "{PBKDF2-SHA256}$1000001$MTIzNDU2Nzg=$xo7VTeYuvre/19b0SY9XTUsUCyQJRPlSu/KnoHdYlts=",
                "{PBKDF2-SHA256}$1000$MTIz$xo7VTeYuvre/19b0SY9XTUsUCyQJRPlSu/KnoHdYlts=",
                "{PBKDF2-SHA512}$1000$MTIzNDU2Nzg=$xo7VTeYuvre/19b0SY9XTUsUCyQJRPlSu/KnoHdYlts=",
                "{MD5}geheim",
                "{ARGON2ID}geheim"
            })
    void whatCannotBeUsedIsRefusedWithoutShowingIt(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> StoredPassword.parse(text));
        assertFalse(e.getMessage().contains("geheim"), e.getMessage());
        assertFalse(e.getMessage().isBlank());
    }

    @ParameterizedTest
    @FieldSource("MADE_ELSEWHERE")
    void itsTextFormShowsNothing(String text) {
        var stored = StoredPassword.parse(text);
        var hash = text.substring(text.length() - 8);
        assertFalse(stored.toString().contains(hash), stored.toString());
        assertFalse(stored.form().contains(hash), stored.form());
    }

    private static boolean matches(StoredPassword stored, String text) {
        try (var password = Secret.of(text)) {
            return stored.matches(password);
        }
    }
}
