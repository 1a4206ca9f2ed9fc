package io.postern.store.mbox;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How a site's mbox files keep a line of a message that looks like the start of the next one. It
 * cannot be found out from a file, so the operator says it.
 */
enum MboxFormat {
    /** {@code >*From } got one more {@code >}, which is taken off again. */
    MBOXRD,
    /** {@code From } got a {@code >}; nobody can tell whether a {@code >From } had it before. */
    MBOXO,
    /** The same, but {@code From } got it behind a blank line only. */
    MBOXO_BLANK_LINE,
    /** Nothing is quoted; Content-Length says how long a message is. */
    MBOXCL2;

    static List<String> names() {
        return Arrays.stream(values()).map(MboxFormat::word).toList();
    }

    static MboxFormat of(String word) {
        return Arrays.stream(values())
                .filter(format -> format.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(word));
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Whether a From_ line begins a message wherever it stands, because in a message it would have
     * been quoted. Otherwise there has to be a blank line before it.
     */
    boolean everyFromLineSeparates() {
        return this == MBOXRD || this == MBOXO;
    }

    /** Whether a quote can be taken off again. */
    boolean unquotes() {
        return this == MBOXRD;
    }
}
