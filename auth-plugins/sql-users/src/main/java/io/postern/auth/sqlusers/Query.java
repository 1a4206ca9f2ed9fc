package io.postern.auth.sqlusers;

import io.postern.spi.Fault;
import io.postern.spi.SettingException;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The operator's query, with a question mark for each of its variables. What a client typed reaches
 * the database as a bound parameter and in no other way. Immutable.
 */
final class Query {
    private static final Pattern FIRST_WORD = Pattern.compile("[\\s({]*([A-Za-z]+)");

    /** What a statement that gives rows can begin with, procedures included. */
    private static final Set<String> ASKING =
            Set.of("SELECT", "WITH", "VALUES", "TABLE", "CALL", "EXEC", "EXECUTE");

    private final String setting;
    private final String sql;
    private final List<String> variables;

    private Query(String setting, String sql, List<String> variables) {
        this.setting = setting;
        this.sql = sql;
        this.variables = List.copyOf(variables);
    }

    /**
     * Reads {@code :user}, {@code :local} and {@code :domain} outside of quotes and comments; two
     * colons are PostgreSQL's cast.
     *
     * @throws SettingException if that is not what the text holds
     */
    static Query parse(String setting, String text) {
        var sql = new StringBuilder();
        var code = new StringBuilder();
        var variables = new ArrayList<String>();
        for (int i = 0; i < text.length(); ) {
            int end = passive(setting, text, i);
            code.append(end == i ? text.charAt(i) : ' ');
            if (end == i && text.charAt(i) == '?') {
                throw new SettingException(
                        setting, "it has a question mark", "Write :user, :local or :domain.");
            }
            if (end == i && text.charAt(i) == ':') {
                end = i + 1;
                while (end < text.length() && Character.isLetterOrDigit(text.charAt(end))) {
                    end++;
                }
                var name = text.substring(i + 1, end);
                if (!List.of("user", "local", "domain").contains(name)) {
                    throw new SettingException(
                            setting,
                            "\":" + name + "\" is not known here",
                            "Use :user, :local or :domain.");
                }
                variables.add(name);
                sql.append('?');
            } else {
                end = Math.max(end, i + 1);
                sql.append(text, i, end);
            }
            i = end;
        }
        checkShape(setting, code.toString());
        if (!variables.contains("user") && !variables.contains("local")) {
            throw new SettingException(
                    setting,
                    "it asks for nobody in particular",
                    "Use :user or :local in it, outside of quotes.");
        }
        return new Query(setting, sql.toString(), variables);
    }

    String sql() {
        return sql;
    }

    /** It does not work in the database; the cause has the setting to mend. */
    Fault broken(String problem) {
        return Fault.permanent(
                "<" + setting + "> does not work: " + problem,
                new SettingException(
                        setting, problem, "Try the query in the database's own client."));
    }

    /** What to bind, in order. */
    List<String> values(String user) {
        int at = user.lastIndexOf('@');
        return variables.stream()
                .map(variable ->
                        switch (variable) {
                            case "user" -> user;
                            case "local" -> at < 0 ? user : user.substring(0, at);
                            default -> at < 0 ? "" : user.substring(at + 1);
                        })
                .toList();
    }

    /**
     * What can be told of SQL without the database.
     *
     * @param code without literals, quoted names and comments
     */
    private static void checkShape(String setting, String code) {
        var first = FIRST_WORD.matcher(code);
        if (!first.lookingAt() || !ASKING.contains(first.group(1).toUpperCase(Locale.ROOT))) {
            throw new SettingException(
                    setting,
                    "it does not begin with SELECT or WITH",
                    "Write one query of the database's SQL.");
        }
        int open = 0;
        for (int i = 0; i < code.length() && open >= 0; i++) {
            open += code.charAt(i) == '(' ? 1 : code.charAt(i) == ')' ? -1 : 0;
        }
        if (open != 0) {
            throw new SettingException(
                    setting,
                    open > 0
                            ? "it has a parenthesis that is not closed"
                            : "it closes a parenthesis that is not open",
                    "Write one query of the database's SQL.");
        }
    }

    /** Where the text goes on behind a literal, a quoted name, a comment or a cast. */
    private static int passive(String setting, String text, int from) {
        for (var quote : List.of("'", "\"", "`")) {
            if (text.startsWith(quote, from)) {
                return closed(setting, text, from, quote);
            }
        }
        if (text.startsWith("/*", from)) {
            return closed(setting, text, from, "*/");
        }
        if (text.startsWith("--", from)) {
            int end = text.indexOf('\n', from);
            return end < 0 ? text.length() : end;
        }
        return text.startsWith("::", from) ? from + 2 : from;
    }

    private static int closed(String setting, String text, int from, String mark) {
        int end = text.indexOf(mark, from + mark.length());
        if (end < 0) {
            throw new SettingException(
                    setting, "it has no end for " + text.charAt(from), "Close it.");
        }
        return end + mark.length();
    }
}
