package io.postern.auth.ldap;

import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.RDN;

import io.postern.spi.SettingException;

import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A filter or an entry's name with variables. What is put in their place is escaped, so that it is
 * a value and nothing more (RFC 4515 §3, RFC 4514 §2.4). Immutable.
 */
final class Template {
    private static final Pattern VARIABLE = Pattern.compile("\\{([a-z]*)\\}");

    private final String text;
    private final UnaryOperator<String> escape;

    private Template(String text, UnaryOperator<String> escape) {
        this.text = text;
        this.escape = escape;
    }

    /**
     * @throws SettingException if it is no filter, or has other variables
     */
    static Template filter(String setting, String text) {
        var template = new Template(text, Filter::encodeValue);
        template.check(setting, text);
        try {
            var _ = Filter.create(template.fill("x@x", "cn=x"));
        } catch (LDAPException e) {
            throw (SettingException)
                    new SettingException(
                                    setting,
                                    "\"" + text + "\" is not a filter",
                                    "Write one like (uid={user}).")
                            .initCause(e);
        }
        return template;
    }

    /**
     * @throws SettingException if it is no entry's name, or has other variables
     */
    static Template dn(String setting, String text) {
        // Active Directory takes other names than those of entries: name@domain, DOMAIN\name.
        var named = text.contains("=");
        var template =
                new Template(
                        text,
                        named
                                ? value -> new RDN("x", value).toString().substring(2)
                                : UnaryOperator.identity());
        template.check(setting, text);
        if (named && !DN.isValidDN(template.fill("x@x", ""))) {
            throw new SettingException(
                    setting,
                    "\"" + text + "\" is not the name of an entry",
                    "Write one like uid={user},ou=people,dc=example,dc=org.");
        }
        return template;
    }

    String fill(String user, String dn) {
        int at = user.lastIndexOf('@');
        var matcher = VARIABLE.matcher(text);
        var filled = new StringBuilder();
        while (matcher.find()) {
            var value =
                    switch (matcher.group(1)) {
                        case "user" -> user;
                        case "local" -> at < 0 ? user : user.substring(0, at);
                        case "domain" -> at < 0 ? "" : user.substring(at + 1);
                        default -> dn;
                    };
            matcher.appendReplacement(filled, Matcher.quoteReplacement(escape.apply(value)));
        }
        return matcher.appendTail(filled).toString();
    }

    private void check(String setting, String whole) {
        var known = setting.equals("group-filter") ? "user|local|domain|dn" : "user|local|domain";
        var found = VARIABLE.matcher(whole).results().toList();
        if (found.isEmpty() || !found.stream().allMatch(it -> it.group(1).matches(known))) {
            throw new SettingException(
                    setting,
                    "\"" + whole + "\" has no variable, or one that is not known here",
                    "Use {" + known.replace("|", "}, {") + "}.");
        }
    }
}
