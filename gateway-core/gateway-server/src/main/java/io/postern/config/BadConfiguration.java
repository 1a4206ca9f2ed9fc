package io.postern.config;

import java.util.List;
import java.util.stream.Collectors;

/** The configuration cannot be used. Says all that is wrong with it, one problem on each line. */
public final class BadConfiguration extends Exception {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // nobody serializes it; the list is immutable
    private final List<Problem> problems;

    /**
     * @param problems at least one, in the order in which they are shown
     */
    public BadConfiguration(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    public List<Problem> problems() {
        return problems;
    }
}
