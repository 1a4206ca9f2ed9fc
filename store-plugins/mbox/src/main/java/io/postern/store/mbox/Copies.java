package io.postern.store.mbox;

import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The ordinals of messages that are in a file more than once. Of two copies the first may go; the
 * second then keeps its ordinal, and so its unique-id (RFC 1939 §7).
 *
 * <p>Immutable. Its text form is a line for each digest: the digest in hex, the next free ordinal,
 * and the ordinals that are in use, in the order of the file.
 */
final class Copies {
    private static final Logger LOG = LoggerFactory.getLogger(Copies.class);

    static final Copies NONE = new Copies(Map.of());

    private static final Pattern LINE =
            Pattern.compile("([0-9a-f]{32}) ([0-9]{1,9})((?: [0-9]{1,9})*)");

    private record Known(int next, List<Integer> ordinals) {}

    private final Map<String, Known> known;

    private Copies(Map<String, Known> known) {
        this.known = known;
    }

    /**
     * Reads a file of {@link #text}. A line that is damaged is left out, and the log says so: the
     * copies that it was about are numbered anew, and clients may download one of them again.
     *
     * @throws IOException if there is a file, and it cannot be read
     */
    static Copies read(Path file) throws IOException {
        String text;
        try {
            text = new String(MaildropState.octets(file), StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            return NONE;
        }
        var known = new TreeMap<String, Known>();
        var damaged = 0;
        for (var line : text.lines().toList()) {
            var match = LINE.matcher(line);
            var copies = match.matches() ? known(match) : Optional.<Known>empty();
            if (copies.isPresent()) {
                known.put(match.group(1), copies.get());
            } else {
                damaged++;
            }
        }
        if (damaged > 0) {
            LOG.warn("{} is damaged: {} of its lines are not looked at", file, damaged);
        }
        return new Copies(known);
    }

    /** Empty where the numbers do not fit together: two copies would have one unique-id. */
    private static Optional<Known> known(Matcher line) {
        var next = Integer.parseInt(line.group(2));
        var ordinals = new ArrayList<Integer>();
        for (var word : line.group(3).strip().split(" ", -1)) {
            if (!word.isEmpty()) {
                ordinals.add(Integer.valueOf(word));
            }
        }
        var good =
                new HashSet<>(ordinals).size() == ordinals.size()
                        && ordinals.stream().allMatch(ordinal -> ordinal > 0 && ordinal < next);
        return good ? Optional.of(new Known(next, ordinals)) : Optional.empty();
    }

    /**
     * Gives every message its ordinal, 1 or more.
     *
     * @param digests one after the other, in the order of the file
     * @param ordinals the answer
     */
    void number(byte[] digests, int[] ordinals) {
        var seen = new HashMap<String, Integer>();
        for (var index = 0; index < ordinals.length; index++) {
            var from = index * MboxContent.DIGEST;
            var digest = HexFormat.of().formatHex(digests, from, from + MboxContent.DIGEST);
            var before = seen.merge(digest, 1, Integer::sum) - 1;
            var copies = known.get(digest);
            if (copies == null) {
                ordinals[index] = before + 1;
            } else if (before < copies.ordinals.size()) {
                ordinals[index] = copies.ordinals.get(before);
            } else {
                ordinals[index] = copies.next + before - copies.ordinals.size();
            }
        }
    }

    /** What is to be remembered once only the messages that {@code stays} accepts are left. */
    Copies after(MboxListing listing, IntPredicate stays) {
        var left = new TreeMap<String, Known>();
        var highest = new HashMap<String, Integer>();
        for (var number = 1; number <= listing.count(); number++) {
            highest.merge(listing.digest(number), listing.ordinal(number), Math::max);
        }
        for (var number = 1; number <= listing.count(); number++) {
            var digest = listing.digest(number);
            var next = highest.get(digest) + 1;
            var copies = known.get(digest);
            if (copies != null) {
                next = Math.max(next, copies.next);
            }
            if (next > 2 && stays.test(number)) {
                left.computeIfAbsent(digest, _ -> new Known(0, new ArrayList<>()));
                var ordinals = left.get(digest).ordinals;
                ordinals.add(listing.ordinal(number));
                left.put(digest, new Known(next, ordinals));
            }
        }
        return new Copies(left);
    }

    String text() {
        var text = new StringBuilder();
        known.forEach((digest, copies) -> {
            text.append(digest).append(' ').append(copies.next);
            copies.ordinals.forEach(ordinal -> text.append(' ').append(ordinal));
            text.append('\n');
        });
        return text.toString();
    }
}
