package io.postern.store.maildir;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The file names of a maildrop's messages, in the order of delivery: by the seconds at the front of
 * the name, then by the part before the colon. Half a million of them stand in one array of octets.
 *
 * <p>Immutable. A scan that finds two names with the same part before the colon notes one message,
 * and that it was seen under more names. {@link Duplicates} finds out what it is, and may make
 * neighbours of the same unique name of it.
 */
final class Names {
    /** Stands before a name: the folder it is in. */
    private static final byte NEW = 'n';

    private static final byte CUR = 'c';

    /** Messages of this second and of later ones are sorted by name, seconds since 1970. */
    private static final long LATEST = Integer.MAX_VALUE;

    private final byte[] text;
    private final int[] ends;

    /** Where the parts before the colon end. */
    private final int[] uniqueEnds;

    private final BitSet twins;

    /** A table that {@link #text}, {@link #ends} and {@link #uniqueEnds} were asked for. */
    Names(byte[] text, int[] ends, int[] uniqueEnds, BitSet twins) {
        this.text = text;
        this.ends = ends;
        this.uniqueEnds = uniqueEnds;
        this.twins = twins;
    }

    /** All names, each behind the mark of its folder; not to be changed. */
    byte[] text() {
        return text;
    }

    /** Where in the text the names end; not to be changed. */
    int[] ends() {
        return ends;
    }

    /** Where in the text their parts before the colon end; not to be changed. */
    int[] uniqueEnds() {
        return uniqueEnds;
    }

    int count() {
        return ends.length;
    }

    /** How long all names are together, octets. */
    int octets() {
        return text.length;
    }

    /** Whether the message is in {@code new}, not in {@code cur}. */
    boolean inNew(int index) {
        return text[start(index) - 1] == NEW;
    }

    /** Whether it was seen under more than one name. */
    boolean twin(int index) {
        return twins.get(index);
    }

    /** The file name, as {@link FileName} spells it. */
    String name(int index) {
        return new String(
                text, start(index), ends[index] - start(index), StandardCharsets.ISO_8859_1);
    }

    /** The part of the name before the colon. */
    String unique(int index) {
        return new String(
                text, start(index), uniqueEnd(index) - start(index), StandardCharsets.ISO_8859_1);
    }

    /**
     * The size on the wire that the deliverer noted as {@code ,W=}, octets; it may be wrong. -1
     * where there is none. Of two, the last one.
     */
    long wireSizeHint(int index) {
        // It is mostly the last thing before the colon.
        var end = uniqueEnds[index];
        for (var at = end - 1; at >= start(index); at--) {
            if (text[at] != ',') {
                continue;
            }
            if (end - at > 3 && text[at + 1] == 'W' && text[at + 2] == '=') {
                var octets = number(at + 3, end);
                if (octets >= 0) {
                    return octets;
                }
            }
            end = at;
        }
        return -1;
    }

    /** What the digits say; -1 where there are others, or too many. */
    private long number(int from, int to) {
        var value = 0L;
        for (var at = from; at < to; at++) {
            if (text[at] < '0' || text[at] > '9' || value >= 1L << 50) {
                return -1;
            }
            value = 10 * value + text[at] - '0';
        }
        return value;
    }

    /**
     * Finds a message by the part of its name before the colon; -1 where there is none. Of several
     * the first.
     */
    int find(String unique) {
        var wanted = unique.getBytes(StandardCharsets.ISO_8859_1);
        var low = 0;
        var high = count() - 1;
        while (low <= high) {
            var middle = (low + high) >>> 1;
            var order = order(text, start(middle), uniqueEnd(middle), wanted, 0, wanted.length);
            if (order == 0) {
                while (middle > 0 && compare(middle - 1, this, middle) == 0) {
                    middle--;
                }
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    /** The order of two messages, one of them of another table. */
    int compare(int index, Names other, int otherIndex) {
        return order(
                text,
                start(index),
                uniqueEnd(index),
                other.text,
                other.start(otherIndex),
                other.uniqueEnd(otherIndex));
    }

    /** Whether any message was seen under more than one name. */
    boolean anyTwin() {
        return !twins.isEmpty();
    }

    /** The table without some of its messages. */
    Names without(BitSet gone) {
        var rest = new Builder(InfoDelimiters.STANDARD);
        for (var index = 0; index < count(); index++) {
            if (!gone.get(index)) {
                rest.copy(this, index);
            }
        }
        return rest.built();
    }

    /** The table with the messages of an earlier one that it lacks. */
    Names with(Names earlier) {
        var all = new Builder(InfoDelimiters.STANDARD); // all of them are cut already
        var other = 0;
        for (var index = 0; index < count(); index++) {
            while (other < earlier.count() && earlier.compare(other, this, index) < 0) {
                all.copy(earlier, other++);
            }
            all.copy(this, index);
            if (other < earlier.count() && earlier.compare(other, this, index) == 0) {
                all.twins.set(all.count - 1, twin(index) || earlier.twin(other));
                other++;
            }
        }
        while (other < earlier.count()) {
            all.copy(earlier, other++);
        }
        return all.sorted();
    }

    private int start(int index) {
        return (index == 0 ? 0 : ends[index - 1]) + 1;
    }

    private int uniqueEnd(int index) {
        return uniqueEnds[index];
    }

    private static int order(byte[] a, int aFrom, int aTo, byte[] b, int bFrom, int bTo) {
        var order = Long.compare(seconds(a, aFrom, aTo), seconds(b, bFrom, bTo));
        return order != 0 ? order : Arrays.compareUnsigned(a, aFrom, aTo, b, bFrom, bTo);
    }

    /** The time of delivery at the front of a name; 0 where there is none. */
    private static long seconds(byte[] text, int from, int to) {
        var value = 0L;
        var first = from < to && text[from] == '/' ? from + 1 : from; // as odd names are spelled
        for (var at = first; at < to && text[at] >= '0' && text[at] <= '9'; at++) {
            value = value < 1L << 56 ? 10 * value + text[at] - '0' : Long.MAX_VALUE;
        }
        return value;
    }

    /** Takes names in any order. */
    static final class Builder {
        private byte[] text = new byte[4096];
        private int[] ends = new int[64];
        private int[] uniqueEnds = new int[64];
        private int count;
        private final BitSet twins = new BitSet();
        private final InfoDelimiters delimiters;

        /**
         * @param delimiters where the names that are added are cut
         */
        Builder(InfoDelimiters delimiters) {
            this.delimiters = delimiters;
        }

        void add(boolean inNew, String name, boolean twin) {
            var octets = name.getBytes(StandardCharsets.ISO_8859_1);
            var unique = delimiters.uniqueLength(name);
            add(inNew ? NEW : CUR, octets, 0, octets.length, unique, twin);
        }

        Names sorted() {
            var plain = built();
            var keys = new long[count];
            var inOrder = true;
            for (var index = 0; index < count; index++) {
                keys[index] = key(plain, index);
                inOrder =
                        inOrder
                                && (index == 0
                                        || keys[index - 1] < keys[index]
                                        || plain.compare(index - 1, plain, index) < 0);
            }
            return inOrder ? plain : sort(plain, keys);
        }

        /** The table in the order in which its messages were added. */
        Names built() {
            return new Names(
                    Arrays.copyOf(text, count == 0 ? 0 : ends[count - 1]),
                    Arrays.copyOf(ends, count),
                    Arrays.copyOf(uniqueEnds, count),
                    twins);
        }

        /** The seconds of delivery, as far as there is room for them above an index. */
        private static long key(Names names, int index) {
            var seconds = seconds(names.text, names.start(index), names.uniqueEnd(index));
            return Math.min(seconds, LATEST) << Integer.SIZE;
        }

        /**
         * Most messages differ by their seconds, and numbers sort in a small part of the time that
         * names take.
         *
         * @param keys becomes the order
         */
        private static Names sort(Names plain, long[] keys) {
            for (var index = 0; index < keys.length; index++) {
                keys[index] |= index;
            }
            Arrays.sort(keys);
            for (int from = 0, to = 1; from < keys.length; from = to++) {
                while (to < keys.length && sameSecond(keys[from], keys[to])) {
                    to++;
                }
                if (to - from > 1) {
                    sortNames(plain, keys, from, to);
                }
            }
            var sorted = new Builder(InfoDelimiters.STANDARD);
            for (var at = 0; at < keys.length; at++) {
                if (at > 0
                        && sameSecond(keys[at - 1], keys[at])
                        && plain.compare((int) keys[at - 1], plain, (int) keys[at]) == 0) {
                    sorted.twins.set(sorted.count - 1);
                } else {
                    sorted.copy(plain, (int) keys[at]);
                }
            }
            return sorted.built();
        }

        /** Sorts those of one second. */
        private static void sortNames(Names plain, long[] keys, int from, int to) {
            var order = new Integer[to - from];
            Arrays.setAll(order, at -> (int) keys[from + at]);
            Arrays.sort(
                    order,
                    (a, b) -> {
                        var byMessage = plain.compare(a, plain, b);
                        return byMessage != 0 ? byMessage : preference(plain, a, b);
                    });
            var second = keys[from] >>> Integer.SIZE << Integer.SIZE;
            for (var at = from; at < to; at++) {
                keys[at] = second | order[at - from];
            }
        }

        private static boolean sameSecond(long key, long other) {
            return (key ^ other) >>> Integer.SIZE == 0;
        }

        /** Of two names of one message, the one in {@code cur}: it is the later state. */
        private static int preference(Names names, int a, int b) {
            var folders = Boolean.compare(names.inNew(a), names.inNew(b));
            return folders != 0
                    ? folders
                    : Arrays.compareUnsigned(
                            names.text,
                            names.start(a),
                            names.ends[a],
                            names.text,
                            names.start(b),
                            names.ends[b]);
        }

        void copy(Names from, int index) {
            var start = from.start(index);
            add(
                    from.text[start - 1],
                    from.text,
                    start,
                    from.ends[index],
                    from.uniqueEnds[index] - start,
                    from.twin(index));
        }

        private void add(byte folder, byte[] octets, int from, int to, int unique, boolean twin) {
            var used = count == 0 ? 0 : ends[count - 1];
            var needed = Math.addExact(used, 1 + to - from);
            if (needed > text.length) {
                text = Arrays.copyOf(text, Math.addExact(needed, needed / 2));
            }
            if (count == ends.length) {
                ends = Arrays.copyOf(ends, count + count / 2);
                uniqueEnds = Arrays.copyOf(uniqueEnds, ends.length);
            }
            text[used] = folder;
            System.arraycopy(octets, from, text, used + 1, to - from);
            if (twin) {
                twins.set(count);
            }
            uniqueEnds[count] = used + 1 + unique;
            ends[count++] = needed;
        }
    }
}
