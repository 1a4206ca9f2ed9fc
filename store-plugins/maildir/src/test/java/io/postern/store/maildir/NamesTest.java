package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

class NamesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "1.a,W=17 17",
                "1.a,S=16,W=17:2,S 17",
                "1.a,W=17,S=16:2,W=9 17",
                "1.a,W=0 0",
                "1.a,W=5,W=6 6",
                "1.a,W=5,W=x 5",
                "1.a,W=1125899906842623 1125899906842623",
                "1.a,W=99999999999999999999 -1",
                "1.a,W=-5 -1",
                "1.a,W= -1",
                "1.a,S=16 -1",
                "1.a,w=16 -1",
                "1.a:2,W=9 -1",
                "W=5 -1",
                ",W=5 5",
                "1.aW=5 -1"
            })
    void theSizeInANameIsRead(String name, long octets) {
        var builder = new Names.Builder(InfoDelimiters.STANDARD);
        builder.add(true, "0.before,W=1", false);
        builder.add(false, name, false);
        builder.add(true, "2.behind,W=2", false);
        var names = builder.sorted();
        assertEquals(octets, names.wireSizeHint(names.find(InfoDelimiters.STANDARD.unique(name))));
    }

    /** The order is that of the numbers in front, then that of the octets. */
    @Test
    void theyAreInOrderOfDelivery() {
        for (var seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            var uniques = new ArrayList<String>();
            for (var left = 1 + random.nextInt(60); left > 0; left--) {
                uniques.add(seconds(random) + "." + random.nextInt(20));
            }
            var expected = uniques.stream().distinct().sorted(byDelivery()).toList();
            Collections.shuffle(uniques, random);
            var builder = new Names.Builder(InfoDelimiters.STANDARD);
            for (var unique : uniques) {
                builder.add(
                        random.nextBoolean(), unique + (random.nextBoolean() ? "" : ":2,S"), false);
            }
            var names = builder.sorted();
            var found = new ArrayList<String>();
            for (var index = 0; index < names.count(); index++) {
                found.add(names.unique(index));
                assertEquals(index, names.find(names.unique(index)), "seed " + seed);
                assertEquals(
                        uniques.stream().filter(names.unique(index)::equals).count() > 1,
                        names.twin(index),
                        "seed " + seed + ", " + names.unique(index));
            }
            assertEquals(expected, found, "seed " + seed);
        }
    }

    @Test
    void ofTwoNamesOfAMessageTheOneInCurIsTheLaterState() {
        var builder = new Names.Builder(InfoDelimiters.STANDARD);
        builder.add(false, "5.a:2,S", false);
        builder.add(true, "5.a", false);
        builder.add(false, "4.b", false);
        var names = builder.sorted();
        assertEquals(2, names.count());
        assertEquals("5.a:2,S", names.name(1));
        assertTrue(names.twin(1));
    }

    private static Comparator<String> byDelivery() {
        Function<String, BigInteger> seconds =
                name -> new BigInteger("0" + name.substring(0, name.indexOf('.')));
        return Comparator.comparing(seconds).thenComparing(Comparator.naturalOrder());
    }

    /** Few of them, so that many are the same; with none, and with those of later centuries. */
    private static String seconds(Random random) {
        return List.of(
                        "",
                        "0",
                        "7",
                        "1700000000",
                        "1700000001",
                        "2147483646",
                        "2147483647",
                        "2147483648",
                        "9999999999",
                        "10000000000",
                        "99999999999999999999")
                .get(random.nextInt(11));
    }
}
