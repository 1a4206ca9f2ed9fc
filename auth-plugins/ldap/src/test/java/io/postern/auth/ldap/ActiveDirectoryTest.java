package io.postern.auth.ldap;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.InMemoryListenerConfig;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSimpleBindRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryOperationInterceptor;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SimpleBindRequest;

import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What is Active Directory's own, shown with the SDK's server: names, a bind by the user principal
 * name, and the reasons behind a refusal.
 */
class ActiveDirectoryTest {
    private static final Verdict ANNA =
            new Verdict.Accepted(new User("anna", Map.of("maildrop", "anna@corp.example.org")));
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);
    private static final Verdict BARRED = new Verdict.Refused(Reason.NOT_ALLOWED);

    private static final String BASE = "DC=corp,DC=example,DC=org";
    private static final String ANNAS_DN = "CN=Anna Abel,OU=Staff," + BASE;

    /** What the next bind of a user is refused with, as the code in the server's words. */
    private final AtomicReference<String> code = new AtomicReference<>();

    private InMemoryDirectoryServer server;

    @BeforeEach
    void startServer() throws Exception {
        var config = new InMemoryDirectoryServerConfig(BASE);
        config.setSchema(null); // Active Directory's is its own
        config.setListenerConfigs(
                InMemoryListenerConfig.createLDAPConfig(
                        "plain", InetAddress.getLoopbackAddress(), 0, null));
        config.addInMemoryOperationInterceptor(new Binds());
        server = new InMemoryDirectoryServer(config);
        server.add("dn: " + BASE, "objectClass: domain", "dc: corp");
        server.add("dn: OU=Staff," + BASE, "objectClass: organizationalUnit", "ou: Staff");
        server.add(
                "dn: CN=Postern,OU=Staff," + BASE,
                "objectClass: user",
                "cn: Postern",
                "userPassword: geheim");
        person("Anna Abel", "anna");
        person("Bela Bohm", "bela");
        server.add(
                "dn: CN=Mail,OU=Staff," + BASE,
                "objectClass: group",
                "cn: Mail",
                "member: " + ANNAS_DN);
        server.startListening();
    }

    @AfterEach
    void stopServer() {
        server.shutDown(true);
    }

    @Test
    void theAccountNameFindsTheUser() throws Exception {
        try (var ldap = start("filter", "(&(objectCategory=person)(sAMAccountName={user}))")) {
            assertEquals(ANNA, Fixture.ask(ldap, "ANNA", "geheim"));
            assertEquals(WRONG, Fixture.ask(ldap, "anna", "x"));
            assertEquals(UNKNOWN, Fixture.ask(ldap, "mallory", "geheim"));
            assertEquals(BARRED, Fixture.ask(ldap, "bela", "geheim"), "not in the group");
        }
    }

    @Test
    void thePrincipalNameFindsTheUser() throws Exception {
        try (var ldap = start("filter", "(userPrincipalName={user})")) {
            assertEquals(ANNA, Fixture.ask(ldap, "Anna@corp.example.org", "geheim"));
            assertEquals(UNKNOWN, Fixture.ask(ldap, "anna", "geheim"));
        }
    }

    @Test
    void whoBindsByThePrincipalNameIsFoundByIt() throws Exception {
        for (var dn : List.of("{user}", "{local}@corp.example.org")) {
            try (var ldap =
                    start(
                            "user-dn",
                            dn,
                            "filter",
                            "(userPrincipalName={local}@corp.example.org)")) {
                assertEquals(ANNA, Fixture.ask(ldap, "anna@corp.example.org", "geheim"), dn);
                assertEquals(WRONG, Fixture.ask(ldap, "anna@corp.example.org", "x"), dn);
                assertEquals(WRONG, Fixture.ask(ldap, "mallory@corp.example.org", "x"), dn);
                assertEquals(BARRED, Fixture.ask(ldap, "bela@corp.example.org", "geheim"), dn);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "530, NOT_ALLOWED", // not at this time
        "531, NOT_ALLOWED", // not from this computer
        "532, NOT_ALLOWED", // password expired
        "533, NOT_ALLOWED", // disabled
        "534, NOT_ALLOWED", // not this kind of logon
        "701, NOT_ALLOWED", // account expired
        "773, NOT_ALLOWED", // password to be changed
        "775, NOT_ALLOWED", // locked out
        "52e, WRONG_PROOF",
        "525, WRONG_PROOF", // no such user
        "5330, WRONG_PROOF"
    })
    void anAccountThatMayNotLogInIsNoWrongPassword(String said, Reason reason) throws Exception {
        for (var settings :
                List.of(
                        new String[] {"filter", "(sAMAccountName={user})"},
                        new String[] {
                            "user-dn",
                            "{user}@corp.example.org",
                            "filter",
                            "(sAMAccountName={user})"
                        })) {
            try (var ldap = start(settings)) {
                code.set(said);
                assertEquals(new Verdict.Refused(reason), Fixture.ask(ldap, "anna", "geheim"));
                code.set(null);
                assertEquals(ANNA, Fixture.ask(ldap, "anna", "geheim"));
            }
        }
    }

    private void person(String name, String account) throws Exception {
        server.add(
                "dn: CN=" + name + ",OU=Staff," + BASE,
                "objectClass: user",
                "objectCategory: person",
                "cn: " + name,
                "sAMAccountName: " + account,
                "userPrincipalName: " + account + "@corp.example.org",
                "userPassword: geheim");
    }

    private Ldap start(String... more) throws Exception {
        var pairs =
                new ArrayList<>(
                        List.of(
                                "base", BASE,
                                "bind-dn", "CN=Postern,OU=Staff," + BASE,
                                "bind-password", "geheim",
                                "name-attribute", "sAMAccountName",
                                "attribute", "maildrop=userPrincipalName",
                                "group-base", "OU=Staff," + BASE,
                                "group-filter", "(&(cn=Mail)(member={dn}))"));
        pairs.addAll(List.of(more));
        var url = "ldap://127.0.0.1:" + server.getListenPort("plain");
        return Fixture.start(Fixture.search(url, pairs.toArray(String[]::new)));
    }

    /** Takes the principal name for a user's entry, and refuses in Active Directory's words. */
    private final class Binds extends InMemoryOperationInterceptor {
        @Override
        public void processSimpleBindRequest(InMemoryInterceptedSimpleBindRequest request)
                throws LDAPException {
            var asked = request.getRequest();
            var name = asked.getBindDN();
            if (code.get() != null && name.toLowerCase(Locale.ROOT).contains("anna")) {
                throw new LDAPException(
                        ResultCode.INVALID_CREDENTIALS,
                        "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error,"
                                + " data "
                                + code.get()
                                + ", v4563");
            }
            var password = asked.getPassword().getValue();
            switch (name) {
                case "anna@corp.example.org" ->
                        request.setRequest(new SimpleBindRequest(ANNAS_DN, password));
                case "bela@corp.example.org" ->
                        request.setRequest(
                                new SimpleBindRequest("CN=Bela Bohm,OU=Staff," + BASE, password));
                default -> {
                    if (name.contains("@")) {
                        throw new LDAPException(
                                ResultCode.INVALID_CREDENTIALS,
                                "80090308: LdapErr: DSID-0C09044E, comment:"
                                        + " AcceptSecurityContext error, data 525, v4563");
                    }
                }
            }
        }
    }
}
