package io.postern.config;

/** Octets that are no XML, said for an operator. */
final class NotWellFormed extends Exception {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final String remedy;

    /**
     * @param line from 1; 0 where the whole file is meant
     * @param what what is wrong, without a full stop
     * @param remedy what to do, as one or more sentences
     */
    NotWellFormed(int line, String what, String remedy) {
        super(what);
        this.line = line;
        this.remedy = remedy;
    }

    int line() {
        return line;
    }

    String remedy() {
        return remedy;
    }
}
