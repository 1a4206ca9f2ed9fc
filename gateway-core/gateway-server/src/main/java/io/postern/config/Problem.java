package io.postern.config;

import java.nio.file.Path;

/**
 * One thing that is wrong with a configuration file.
 *
 * @param line from 1; 0 where the whole file is meant
 * @param setting the element or attribute, as the operator sees it in the file
 * @param what what is wrong with it; no secret. A full stop at its end is not said twice
 * @param remedy what to do, as one or more sentences
 */
public record Problem(Path file, int line, String setting, String what, String remedy) {

    /** {@code file:line: setting: what is wrong. Remedy.} */
    @Override
    public String toString() {
        return file
                + ":"
                + (line > 0 ? line + ":" : "")
                + (setting.isEmpty() ? "" : " " + setting + ":")
                + " "
                + what
                + (what.endsWith(".") ? " " : ". ")
                + remedy;
    }
}
