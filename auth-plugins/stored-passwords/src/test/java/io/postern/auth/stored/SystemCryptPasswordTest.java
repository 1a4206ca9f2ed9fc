package io.postern.auth.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.postern.spi.Secret;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class SystemCryptPasswordTest {
    private static final String PASSWORD = "t\u00e4n staaf";

    /**
     * Made for {@link #PASSWORD} by crypt_rn of Debian 12's libcrypt 4.4.33, by Python's ctypes.
     */
    static final List<String> MADE_BY_LIBCRYPT =
            List.of(
                    "$y$j9T$abcdefgh$pSpA75bGB18IRoOZySmEp48.FCRpgSximNPrCvfVqC3",
                    "$y$j75$$2UZk61627u3CPLeT.xBfOaareuERhJhoEThyKQWw4v0",
                    "$y$j7T.0$k2XAnEHBqQ1Ct2aMXFKNa/$ywT/QI1liNnpKgN.2/AKcP1QcLu25c17GmQOfDdSbz5",
                    "$y$/2.$abcd$d3je5/WlifAk3.3Yoqqr59e9xM3or9GBGRFWUP2wrZ2",
                    "$y$.2.$abcd$OlpUz7y4IJXtS2EXW6yVt9gcfDh2DxpypqC63YUz2xC",
                    "$gy$j75$abcdefgh$nGRpG6B/XSgKYfLzz2kzlNusEBExmB56sdkdi7OKgE2",
                    "$7$9/..../....abcd$8Tpfv.K/GsaDN5rx6l2k9uR8VN4xIrICwz9iiKzSeB8",
                    "$7$6/..../....abcd$Juak42y7M9GBcaue6NHmjyTs8gvi5akuHTckjC0d.e.",
                    "$sha1$1000$abcdefgh$dao3EBXe7pSzkhwTPllxL0qfLMHN",
                    "$md5$abcdefgh$$pqseXSUSLiLFyZRsuXHU/.",
                    "$md5,rounds=100$abcd$$nPflqrcATkxRAEtM7KwsO0",
                    "$3$$789d9f4e8f3ce2502b0567e70461f1d9",
                    "$2x$05$abcdefghijklmnopqrstuudMiZhxShZxreDkfVgmRH6gyxhSjziSy");

    @ParameterizedTest
    @FieldSource("MADE_BY_LIBCRYPT")
    void whatLibcryptMadeMatchesItsPasswordOnly(String text) {
        assumeTrue(LibCrypt.system().isPresent(), "this system has no libcrypt");
        for (var spelled : List.of(text, "{CRYPT}" + text, "{crypt}" + text + " ")) {
            var stored = StoredPassword.parse(spelled, "CRYPT");
            assertTrue(matches(stored, PASSWORD), spelled);
            for (var wrong :
                    List.of("tan staaf", "t\u00e4n staa", PASSWORD + " ", "x".repeat(512))) {
                assertFalse(matches(stored, wrong), wrong);
            }
            assertFalse((stored + stored.form()).contains(text.substring(text.length() - 8)));
        }
    }

    @Test
    void octetsAreTakenAsTheyAre() {
        assumeTrue(LibCrypt.system().isPresent(), "this system has no libcrypt");
        // As above
        var high = "$y$j75$abcd$FyLtA5.taIl3a2K0HHC//ZXFRpPso6AyHTolPjgHPq9";
        try (var password = Secret.of(new byte[] {(byte) 0xff, (byte) 0xe4})) {
            assertTrue(StoredPassword.parse(high, "CRYPT").matches(password));
        }
        var lengthy = "$y$j75$abcd$3NhLDY2le.9pdN3iHGmheAFYRkblLHEPyHDaL1Y75t2";
        assertTrue(matches(StoredPassword.parse(lengthy, "CRYPT"), "x".repeat(300)));
    }

    @Test
    void manyThreadsGetTheirOwnAnswers() throws Exception {
        assumeTrue(LibCrypt.system().isPresent(), "this system has no libcrypt");
        var stored =
                StoredPassword.parse("{CRYPT}$y$j75$$2UZk61627u3CPLeT.xBfOaareuERhJhoEThyKQWw4v0");
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var right = new ArrayList<Future<Boolean>>();
            var wrong = new ArrayList<Future<Boolean>>();
            for (int i = 0; i < 50; i++) {
                var other = "wrong" + i;
                right.add(threads.submit(() -> matches(stored, PASSWORD)));
                wrong.add(threads.submit(() -> matches(stored, other)));
            }
            for (int i = 0; i < right.size(); i++) {
                assertTrue(right.get(i).get());
                assertFalse(wrong.get(i).get());
            }
        }
    }

    @ParameterizedTest
    @FieldSource("MADE_BY_LIBCRYPT")
    void withoutTheLibraryTheRefusalNamesTheKind(String text) {
        assertEquals(Optional.empty(), LibCrypt.load(List.of("libnowhere.so.1")));
        // A library without the function, as older systems have it.
        assertEquals(Optional.empty(), LibCrypt.load(List.of("libc.so.6")));
        var e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> SystemCryptPassword.parse(text, Optional.empty()));
        assertTrue(
                e.getMessage()
                        .matches(
                                "is a hash of (yescrypt|gost-yescrypt|scrypt|sha1crypt|Sun's MD5|NT"
                                        + "|bcrypt of the kind x) \\(.*the system's libcrypt.*"),
                e.getMessage());
    }

    /** N, r, p and t as crypt_gensalt and RFC 7914 have them. */
    @ParameterizedTest
    @CsvSource({
        // What Debian and Ubuntu make: N 2^12, r 32
        "j9T, 16384, 1",
        // crypt_gensalt with counts of 1, 2, 3, 8, 11
        "j75, 1024, 1",
        "j85, 2048, 1",
        "j7T, 4096, 1",
        "jCT, 131072, 1",
        "jFT, 1048576, 1",
        // p 2; p 4; t 1; t 3; p 2 and t 2
        "j75.., 1024, 2",
        "j75.0, 1024, 4",
        "j75/., 1024, 1",
        "j75/0, 1024, 3",
        "j750./, 1024, 4",
        // r 49, which has two digits: 128 * 49 * 2^10 octets
        "j7k., 6272, 1"
    })
    void whatYescryptTakesIsToldFromItsText(String text, long memoryKib, long passes) {
        assertEquals(new ScryptCost(memoryKib, passes), ScryptCost.yescrypt(text));
    }

    @ParameterizedTest
    @CsvSource({
        // crypt_gensalt with counts of 6 and 8
        "BU..../...., 32768, 1",
        "DU..../...., 131072, 1",
        // N 2^14, r 8, p 1, as in RFC 7914 §12; p 16
        "C6..../...., 16384, 1",
        "C6....E...., 16384, 16"
    })
    void whatScryptTakesIsToldFromItsText(String text, long memoryKib, long passes) {
        assertEquals(new ScryptCost(memoryKib, passes), ScryptCost.scrypt(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // Too costly
                "$y$jFT$abcdefgh$",
                "$y$jzT$abcdefgh$",
                "$y$j9zzzz$abcdefgh$",
                "$y$jzzzzzzzzzzzzzzzzzzzzzz$abcdefgh$",
                "$y$j9T.zzzzzz$abcdefgh$",
                "$y$j9T.X$abcdefgh$",
                "$y$j9T/zz....$abcdefgh$",
                "$gy$jFT$abcdefgh$",
                "$7$FU..../....abcd$",
                "$7$zU..../....abcd$",
                "$7$9zzzzz/....abcd$",
                "$7$9/....zzzzzabcd$",
                "$7$C6....zz...abcd$",
                // Not yescrypt
                "$y$j9$abcdefgh$",
                "$y$j9T1$abcdefgh$",
                "$y$j9T5$abcdefgh$",
                "$y$j9T.$abcdefgh$",
                "$y$j9T...$abcdefgh$",
                "$y$j9T$ab:cd$",
                "$y$$abcd$",
                "$7$C6..../...$",
                "$y$j9T$abcdefgh$x",
                "$gy$j9T$abcdefgh"
            })
    void whatWouldTakeTooMuchOrIsNoneIsRefusedBeforeItIsTried(String head) {
        var text = head + "geheim".repeat(8).substring(0, 43);
        for (var library : List.of(LibCrypt.system(), Optional.<LibCrypt>empty())) {
            var e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> SystemCryptPassword.parse(text, library));
            assertFalse(e.getMessage().contains("geheim"), e.getMessage());
            assertFalse(e.getMessage().contains("the system's"), e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "$sha1$999$abcdefgh$dao3EBXe7pSzkhwTPllxL0qfLMHN",
                "$sha1$1000001$abcdefgh$dao3EBXe7pSzkhwTPllxL0qfLMHN",
                "$sha1$999999999$abcdefgh$dao3EBXe7pSzkhwTPllxL0qfLMHN",
                "$md5,rounds=1000001$abcd$$nPflqrcATkxRAEtM7KwsO0",
                "$2x$15$abcdefghijklmnopqrstuudMiZhxShZxreDkfVgmRH6gyxhSjziSy",
                "$2x$03$abcdefghijklmnopqrstuudMiZhxShZxreDkfVgmRH6gyxhSjziSy",
                "$2x$05$abc",
                "$3$789d9f4e8f3ce2502b0567e70461f1d9",
                "$md5",
                "$sha1$"
            })
    void roundsHaveALimitToo(String text) {
        assertThrows(IllegalArgumentException.class, () -> StoredPassword.parse("{CRYPT}" + text));
    }

    @Test
    void theMemoryIsCounted() {
        assumeTrue(LibCrypt.system().isPresent(), "this system has no libcrypt");
        assertEquals(
                16_384, StoredPassword.parse(MADE_BY_LIBCRYPT.getFirst(), "CRYPT").memoryKib());
        assertEquals(0, StoredPassword.parse(MADE_BY_LIBCRYPT.getLast(), "CRYPT").memoryKib());
    }

    private static boolean matches(StoredPassword stored, String text) {
        try (var password = Secret.of(text)) {
            return stored.matches(password);
        }
    }
}
