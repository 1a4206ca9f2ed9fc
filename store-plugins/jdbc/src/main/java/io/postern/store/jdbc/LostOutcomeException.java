package io.postern.store.jdbc;

import java.sql.SQLException;

/** The database did not say whether it committed a transaction. */
final class LostOutcomeException extends SQLException {
    private static final long serialVersionUID = 1L;

    LostOutcomeException(SQLException cause) {
        super(cause.getMessage(), cause.getSQLState(), cause.getErrorCode(), cause);
    }
}
