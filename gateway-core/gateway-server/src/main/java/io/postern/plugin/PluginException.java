package io.postern.plugin;

/** A plugin that cannot be had. */
public final class PluginException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String remedy;

    /**
     * @param what which jar, and what is wrong with it, without a full stop
     * @param remedy what to do, as a sentence
     * @param cause what was caught, or null
     */
    PluginException(String what, String remedy, Throwable cause) {
        super(what, cause);
        this.remedy = remedy;
    }

    public String remedy() {
        return remedy;
    }

    /** The whole of it for an operator. */
    public String sentence() {
        return getMessage() + (getMessage().endsWith(".") ? " " : ". ") + remedy;
    }
}
