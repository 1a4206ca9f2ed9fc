package io.postern.auth.ldap;

import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.auth.Verdict;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A directory with alice, and bob, who is not in the group; and the settings that find them. */
final class Fixture {
    static final String PASSWORD = "tän staaf";
    static final String BASE = "dc=example,dc=org";
    static final String SEARCHER = "cn=searcher,dc=example,dc=org";

    static final String GROUP_BASE = "ou=groups,dc=example,dc=org";
    static final String GROUP_FILTER = "(&(cn=mail)(member={dn}))";

    static final List<String[]> ENTRIES =
            List.of(
                    new String[] {
                        "dn: dc=example,dc=org",
                        "objectClass: dcObject",
                        "objectClass: organization",
                        "o: example",
                        "dc: example"
                    },
                    new String[] {
                        "dn: cn=searcher,dc=example,dc=org",
                        "objectClass: person",
                        "cn: searcher",
                        "sn: s",
                        "userPassword: geheim"
                    },
                    new String[] {
                        "dn: ou=people,dc=example,dc=org",
                        "objectClass: organizationalUnit",
                        "ou: people"
                    },
                    new String[] {
                        "dn: ou=groups,dc=example,dc=org",
                        "objectClass: organizationalUnit",
                        "ou: groups"
                    },
                    person("alice"),
                    person("bob"),
                    new String[] {
                        "dn: cn=mail,ou=groups,dc=example,dc=org", "objectClass: groupOfNames",
                        "cn: mail", "member: uid=alice,ou=people,dc=example,dc=org"
                    });

    private Fixture() {}

    private static String[] person(String name) {
        return new String[] {
            "dn: uid=" + name + ",ou=people,dc=example,dc=org",
            "objectClass: inetOrgPerson",
            "uid: " + name,
            "cn: " + name,
            "sn: " + name,
            "employeeNumber: team/" + name,
            "userPassword: " + PASSWORD
        };
    }

    /** Settings for a search; more, and others, by pairs of name and value. */
    static Map<String, List<String>> search(String server, String... pairs) {
        var settings = new LinkedHashMap<String, List<String>>();
        settings.put("server", List.of(server));
        settings.put("base", List.of("ou=people," + BASE));
        settings.put("bind-dn", List.of(SEARCHER));
        settings.put("bind-password", List.of("geheim"));
        settings.put("attribute", List.of("maildrop=employeeNumber", "absent=mobile"));
        settings.put("group-base", List.of(GROUP_BASE));
        settings.put("group-filter", List.of(GROUP_FILTER));
        for (int i = 0; i < pairs.length; i += 2) {
            var more = new ArrayList<String>();
            if (i > 0 && Arrays.asList(pairs).subList(0, i).contains(pairs[i])) {
                more.addAll(settings.get(pairs[i]));
            }
            more.add(pairs[i + 1]);
            settings.put(pairs[i], more);
        }
        settings.values().removeIf(it -> it.equals(List.of("")));
        return settings;
    }

    static Ldap start(Map<String, List<String>> settings) throws Exception {
        return start(new Ldap(), settings);
    }

    static Ldap start(Ldap ldap, Map<String, List<String>> settings) throws Exception {
        try {
            ldap.start(
                    new PluginConfig(
                            ldap.settings(), settings, Path.of("target"), Path.of("target/state")));
            return ldap;
        } catch (Exception e) {
            ldap.close();
            throw e;
        }
    }

    static Verdict ask(Ldap ldap, String name, String text) throws Exception {
        try (var password = Secret.of(text)) {
            return ldap.verify(name, password);
        }
    }
}
