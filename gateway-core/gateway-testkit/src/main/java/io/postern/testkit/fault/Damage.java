package io.postern.testkit.fault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/**
 * What can become of a file that lies on a disk for years: other octets, fewer, more, none, or a
 * folder of its name. Whoever keeps a file tests that each of these heals, or is told by the name
 * of the file.
 *
 * <pre>{@code
 * var good = Files.readAllBytes(file);
 * for (var damage : Damage.of(good, 200)) {
 *     damage.doTo(file);
 *     assertEquals(truth, opened(), damage.what());
 * }
 * }</pre>
 */
public final class Damage {
    /** Octets that text, numbers and checksums do not expect. */
    private static final int[] OCTETS = {
        0x00, 0x09, 0x0A, 0x0D, 0x20, '/', '0', '9', 'A', 'z', 0x7F, 0x80, 0xC3, 0xE9, 0xFE, 0xFF
    };

    private final String what;
    private final byte[] octets;

    /**
     * @param octets null for a folder
     */
    private Damage(String what, byte[] octets) {
        this.what = what;
        this.octets = octets;
    }

    /**
     * All that is tried on a file of these octets; always the same for the same octets.
     *
     * @param most how many octets are changed, each in a way of its own; all are if there are not
     *     as many. At the beginning and at the end none is left out
     */
    public static List<Damage> of(byte[] good, int most) {
        var all = new ArrayList<Damage>();
        all.add(new Damage("nothing is left", new byte[0]));
        all.add(new Damage("a folder stands there", null));
        var random = new Random(good.length);
        var garbage = new byte[Math.max(good.length, 1)];
        random.nextBytes(garbage);
        all.add(new Damage("the same length of garbage", garbage));
        for (var octet : OCTETS) {
            var same = new byte[Math.max(good.length, 1)];
            Arrays.fill(same, (byte) octet);
            all.add(new Damage("nothing but 0x%02X".formatted(octet), same));
            all.add(new Damage("0x%02X at the end".formatted(octet), with(good, octet)));
        }
        var twice = Arrays.copyOf(good, 2 * good.length);
        System.arraycopy(good, 0, twice, good.length, good.length);
        all.add(new Damage("all of it twice", twice));
        for (var at : places(good.length, most, random)) {
            var octet = OCTETS[at % OCTETS.length];
            all.add(changed(good, at, octet));
            all.add(changed(good, at, good[at] ^ (1 << random.nextInt(8))));
            all.add(new Damage("cut off at octet " + at, Arrays.copyOf(good, at)));
        }
        all.removeIf(damage -> Arrays.equals(damage.octets, good));
        return List.copyOf(all);
    }

    private static byte[] with(byte[] good, int octet) {
        var longer = Arrays.copyOf(good, good.length + 1);
        longer[good.length] = (byte) octet;
        return longer;
    }

    private static Damage changed(byte[] good, int at, int octet) {
        var octets = good.clone();
        octets[at] = (byte) octet;
        return new Damage("0x%02X at octet %d".formatted(octet & 0xFF, at), octets);
    }

    private static List<Integer> places(int length, int most, Random random) {
        var places = new ArrayList<Integer>();
        for (var at = 0; at < length; at++) {
            var border = at < most / 4 || at >= length - most / 4;
            if (length <= most || border || random.nextInt(length) < most / 2) {
                places.add(at);
            }
        }
        return places;
    }

    /** For the message of a failed assertion. */
    public String what() {
        return what;
    }

    /** Whether there is a folder instead of the file, which nobody heals by writing. */
    public boolean isFolder() {
        return octets == null;
    }

    /** Puts the damaged file in the place of whatever has that name. */
    public void doTo(Path file) throws IOException {
        remove(file);
        if (octets != null) {
            Files.write(file, octets);
        } else {
            Files.createDirectory(file);
            Files.writeString(file.resolve("something"), "in it");
        }
    }

    /** Removes the file, or the folder that stands there. */
    public static void remove(Path file) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        try (var inside = Files.walk(file)) {
            for (var old : inside.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(old);
            }
        }
    }

    @Override
    public String toString() {
        return what;
    }
}
