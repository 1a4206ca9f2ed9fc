package io.postern.auth.stored;

import java.util.List;

/** A file of users that cannot be used, with everything that is wrong with it. */
public final class BrokenFile extends Exception {
    private static final long serialVersionUID = 1L;

    /** More would hide the first ones. */
    private static final int MOST_SHOWN = 20;

    /**
     * @param problems each with its line and a remedy, without any password
     */
    public BrokenFile(List<String> problems) {
        super(text(problems));
    }

    private static String text(List<String> problems) {
        var shown = problems.stream().limit(MOST_SHOWN).toList();
        var text = String.join("\n  ", shown);
        return problems.size() == shown.size()
                ? text
                : text + "\n  and " + (problems.size() - shown.size()) + " more";
    }
}
