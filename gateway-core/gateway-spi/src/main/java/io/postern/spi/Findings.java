package io.postern.spi;

/**
 * Takes what {@link Plugin#check} finds. Used by the one thread that runs the check, until the
 * check returns. The server adds file and line of {@code gateway.xml} to each finding.
 */
public interface Findings {

    /** Something for which {@link Plugin#start} would refuse. {@code postern check} fails. */
    void problem(SettingException problem);

    /**
     * Something that does not keep the plugin from starting and is hardly what the operator wants:
     * a user who is barred because his entry is not understood, a file of users that is empty.
     * {@code postern check} shows it and succeeds.
     */
    void warning(SettingException warning);
}
