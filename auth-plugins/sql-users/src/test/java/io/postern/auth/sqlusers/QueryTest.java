package io.postern.auth.sqlusers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.postern.spi.SettingException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

class QueryTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select a from b where c = :user",
                "  SELECT (a) FROM b WHERE c IN (:user)",
                "/* ( */ SELECT ')' FROM b WHERE c = :user -- (",
                "(SELECT a FROM b WHERE c = :user) UNION (SELECT d FROM e)",
                "With x AS (SELECT :user::text) SELECT * FROM x",
                "VALUES (:user, '(')",
                "CALL who(:user)",
                "{call who(:user)}",
                "EXEC who :user",
                "SELECT \"(\" FROM b WHERE c = :user"
            })
    void whatGivesRowsIsTaken(String text) {
        assertEquals(List.of("anna"), Query.parse("query", text).values("anna"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":user",
                "DELETE FROM b WHERE c = :user",
                "UPDATE b SET c = :user",
                "SELECTED :user",
                "SELECT (a FROM b WHERE c = :user",
                "SELECT a) FROM b WHERE c = :user",
                "SELECT )a( FROM b WHERE c = :user",
                "SELECT a FROM b",
                "SELECT a FROM b WHERE c = ':user'",
                "SELECT a FROM b WHERE c = :user AND d = :pass",
                "SELECT a FROM b WHERE c = ? AND d = :user",
                "SELECT a FROM b WHERE c = 'it AND d = :user"
            })
    void whatCannotWorkIsRefusedWithoutTheDatabase(String text) {
        var refused = assertThrows(SettingException.class, () -> Query.parse("device-query", text));
        assertEquals("device-query", refused.setting());
    }
}
