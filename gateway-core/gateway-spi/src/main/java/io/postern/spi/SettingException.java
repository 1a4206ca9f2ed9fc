package io.postern.spi;

import java.util.Objects;

/**
 * A setting of {@code gateway.xml} that cannot be used. The server adds the file and the line, and
 * shows it with all the others before it refuses to start.
 */
public final class SettingException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String setting;
    private final String remedy;

    /**
     * @param setting the name of the setting
     * @param problem what is wrong with its value, without the value if that is a secret
     * @param remedy what to do, as a sentence
     */
    public SettingException(String setting, String problem, String remedy) {
        super(problem);
        this.setting = Objects.requireNonNull(setting);
        this.remedy = Objects.requireNonNull(remedy);
    }

    public String setting() {
        return setting;
    }

    public String remedy() {
        return remedy;
    }
}
