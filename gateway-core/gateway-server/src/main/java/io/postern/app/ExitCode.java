package io.postern.app;

/** What the program's exit tells the shell. {@code postern --help} lists them. */
final class ExitCode {
    static final int OK = 0;

    /** The configuration or a plugin it names cannot be used, or a plugin is unwell. */
    static final int CONFIGURATION = 1;

    /** The command line is wrong. Picocli's own code for it. */
    static final int USAGE = 2;

    /** The configuration is good, and the server could not start all the same. */
    static final int START = 3;

    /** A copy ended, and some messages were not copied. */
    static final int NOT_ALL = 4;

    /** A copy was stopped, between two messages. */
    static final int STOPPED = 5;

    /** A plugin ended the server, or interrupted its threads. {@code EX_SOFTWARE} of sysexits.h. */
    static final int ENDED_FROM_WITHIN = 70;

    private ExitCode() {}
}
