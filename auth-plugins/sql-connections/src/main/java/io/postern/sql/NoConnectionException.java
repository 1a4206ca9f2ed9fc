package io.postern.sql;

import io.postern.spi.SettingException;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Optional;

/**
 * There is no connection. The message says to the operator which database that is, why, and what to
 * do; the cause is what the driver said. No password is in it.
 */
public final class NoConnectionException extends SQLTransientConnectionException {
    private static final long serialVersionUID = 1L;

    private final transient Optional<SettingException> mistake;

    NoConnectionException(String words, Optional<SettingException> mistake, SQLException cause) {
        super(words, cause.getSQLState(), cause.getErrorCode(), cause);
        this.mistake = mistake;
    }

    /** The setting to mend; empty where waiting may help. */
    public Optional<SettingException> mistake() {
        return mistake;
    }

    /** Whether the same may be tried once more at once: the database has ended a connection. */
    public boolean again() {
        return Access.lost(this);
    }
}
