package io.postern.auth.ldap;

import com.unboundid.ldap.sdk.CompareRequest;
import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.FailoverServerSet;
import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPConnectionOptions;
import com.unboundid.ldap.sdk.LDAPConnectionPool;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.LDAPSearchException;
import com.unboundid.ldap.sdk.PostConnectProcessor;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SearchRequest;
import com.unboundid.ldap.sdk.SearchResult;
import com.unboundid.ldap.sdk.SearchResultEntry;
import com.unboundid.ldap.sdk.SearchScope;
import com.unboundid.ldap.sdk.SimpleBindRequest;
import com.unboundid.ldap.sdk.SingleServerSet;
import com.unboundid.ldap.sdk.StartTLSPostConnectProcessor;

import io.postern.auth.remote.Authorities;
import io.postern.auth.remote.Outage;
import io.postern.auth.stored.Users;
import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;

/**
 * Connections to one directory on one server or several, of which the first that can be reached is
 * asked, and is asked again soon after it was down. Some of them search, others try passwords. Any
 * number of threads.
 */
final class Servers implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Servers.class);

    private static final Setting SERVER =
            Setting.required(
                            "server",
                            Setting.Kind.TEXT,
                            "ldap://host:port or ldaps://host:port; with several, each is asked when"
                                    + " those before it cannot be reached.")
                    .anyNumber();

    private static final Setting START_TLS =
            Setting.withDefault(
                    "start-tls",
                    Setting.Kind.FLAG,
                    "false",
                    "Whether an ldap:// connection is encrypted before it is used.");

    private static final Setting CA_FILE =
            Setting.optional(
                    "ca-file",
                    Setting.Kind.PATH,
                    "The certificates, in PEM, that a server's must lead to; else those of Java.");

    private static final Setting BIND_DN =
            Setting.optional(
                    "bind-dn",
                    Setting.Kind.TEXT,
                    "Who searches; without it, nobody in particular.");

    private static final Setting BIND_PASSWORD =
            Setting.optional("bind-password", Setting.Kind.SECRET, "And what proves it.");

    private static final Setting POOL_SIZE =
            Setting.withDefault(
                            "pool-size",
                            Setting.Kind.NUMBER,
                            "8",
                            "How many connections at most that search, and as many that try passwords.")
                    .between("1", "1000");

    private static final int LDAP_PORT = 389;
    private static final int LDAPS_PORT = 636;

    /**
     * With these words Active Directory says why somebody whom it knows may not log in, although
     * the result code is that of a wrong password: not at this time, not from here, password
     * expired, disabled, not this kind of logon, account expired, password to be changed, locked
     * out.
     */
    private static final Pattern BARRED_IN_ACTIVE_DIRECTORY =
            Pattern.compile(
                    "AcceptSecurityContext error, data (530|531|532|533|534|701|773|775)\\b");

    /** The SDK tells of what it caught within what caught that; only the innermost says why. */
    private static final Pattern CAUGHT =
            Pattern.compile(
                    ".*to server [^ ]*?/?([^ /]+:\\d+): .*Exception\\(([^()]*)\\).*",
                    Pattern.DOTALL);

    /** With these a server answers a bind, or a search by somebody who has to bind before. */
    private static final Set<ResultCode> REFUSED =
            Set.of(
                    ResultCode.INVALID_CREDENTIALS,
                    ResultCode.INAPPROPRIATE_AUTHENTICATION,
                    ResultCode.STRONG_AUTH_REQUIRED,
                    ResultCode.CONFIDENTIALITY_REQUIRED,
                    ResultCode.AUTH_METHOD_NOT_SUPPORTED);

    private final LDAPConnectionPool searching;
    private final LDAPConnectionPool binding;

    /** By whose name the searching ones are bound; empty for nobody in particular. */
    private final Optional<String> searcher;

    /** What came of a password. */
    enum Proof {
        RIGHT,
        WRONG,
        /** The server names another reason, such as a locked account. */
        BARRED
    }

    /** One entry that a search found. */
    record Entry(String dn, Map<String, List<String>> attributes) {
        /** Sorted, because a server gives them in any order. */
        List<String> values(String attribute) {
            return attributes.getOrDefault(attribute, List.of());
        }

        /**
         * The one value of an attribute that names the entry: the one in the entry's own name, the
         * DN, if there is one; else the first of all in the order of their octets, without regard
         * to the case of ASCII letters. A server gives values in any order.
         */
        Optional<String> name(String attribute) {
            var values = values(attribute);
            return values.stream()
                    .filter(value -> isInDn(attribute, value))
                    .findFirst()
                    .or(() ->
                            values.stream()
                                    .min(
                                            Comparator.comparing((String value) -> fold(value))
                                                    .thenComparing(Comparator.naturalOrder())));
        }

        private boolean isInDn(String attribute, String value) {
            try {
                var rdn = new DN(dn).getRDN();
                return rdn != null && rdn.hasAttributeValue(attribute, value);
            } catch (LDAPException e) {
                log.debug("{} is no name of an entry", dn, e);
                return false;
            }
        }

        private static String fold(String value) {
            return Users.fold(value);
        }
    }

    private Servers(
            LDAPConnectionPool searching, LDAPConnectionPool binding, Optional<String> searcher) {
        this.searching = searching;
        this.binding = binding;
        this.searcher = searcher;
    }

    static List<Setting> settings() {
        return List.of(SERVER, START_TLS, CA_FILE, BIND_DN, BIND_PASSWORD, POOL_SIZE);
    }

    /**
     * Looks at the settings, and asks nobody.
     *
     * @return the servers, in the order in which they are asked
     */
    static List<SingleServerSet> check(PluginConfig config, Duration timeout) {
        if (config.has(BIND_DN.name()) != config.has(BIND_PASSWORD.name())) {
            throw new SettingException(
                    config.has(BIND_DN.name()) ? BIND_PASSWORD.name() : BIND_DN.name(),
                    "it is missing",
                    "<bind-dn> and <bind-password> go together.");
        }
        return servers(config, tls(config), config.flag(START_TLS.name()), timeout);
    }

    /**
     * Makes the pools, which connect when they are asked.
     *
     * @param lookAgain between two looks at whether a server that was down is well again
     */
    static Servers open(PluginConfig config, Duration timeout, Duration lookAgain) {
        var servers = check(config, timeout);
        var processor =
                config.flag(START_TLS.name())
                        ? new StartTLSPostConnectProcessor(tls(config))
                        : null;
        var anybody = new SimpleBindRequest();
        var searcher = anybody;
        if (config.has(BIND_DN.name())) {
            try (var secret = config.secret(BIND_PASSWORD.name())) {
                // The pool keeps it: it connects again and again.
                searcher = new SimpleBindRequest(config.text(BIND_DN.name()), secret.octets());
            }
        }
        var many = (int) config.number(POOL_SIZE.name());
        return new Servers(
                pool(servers, searcher, many, processor, timeout, lookAgain),
                pool(servers, anybody, many, processor, timeout, lookAgain),
                config.optionalText(BIND_DN.name()));
    }

    /**
     * The one entry that a filter finds.
     *
     * @throws Outage if no server can be asked
     * @throws Fault if there are several, or the search is refused
     */
    Optional<Entry> one(String base, String filter, List<String> attributes) throws Outage, Fault {
        var found = search(base, filter, attributes).getSearchEntries();
        if (found.size() > 1) {
            throw new Fault(
                    Fault.Kind.PERMANENT, "the filter finds more than one entry for one name");
        }
        return found.stream().findFirst().map(it -> entry(it, attributes));
    }

    /** Whether a filter finds anything. */
    boolean any(String base, String filter) throws Outage, Fault {
        return !search(base, filter, List.of(SearchRequest.NO_ATTRIBUTES))
                .getSearchEntries()
                .isEmpty();
    }

    /**
     * @param password not empty, which would be a bind as nobody (RFC 4513 §5.1.2)
     */
    Proof bind(String dn, byte[] password) throws Outage, Fault {
        try {
            var _ = binding.bind(new SimpleBindRequest(dn, password));
            return Proof.RIGHT;
        } catch (LDAPException e) {
            return proof(e);
        }
    }

    Proof compare(String dn, String attribute, byte[] password) throws Outage, Fault {
        try {
            return searching.compare(new CompareRequest(dn, attribute, password)).compareMatched()
                    ? Proof.RIGHT
                    : Proof.WRONG;
        } catch (LDAPException e) {
            if (REFUSED.contains(e.getResultCode())) {
                throw refused(e); // it is not the user who binds here
            }
            return proof(e);
        }
    }

    @Override
    public void close() {
        searching.close();
        binding.close();
    }

    private SearchResult search(String base, String filter, List<String> attributes)
            throws Outage, Fault {
        try {
            var request =
                    new SearchRequest(
                            base,
                            SearchScope.SUB,
                            Filter.create(filter),
                            attributes.toArray(String[]::new));
            request.setSizeLimit(2);
            return searching.search(request);
        } catch (LDAPSearchException e) {
            if (e.getResultCode().equals(ResultCode.SIZE_LIMIT_EXCEEDED)
                    && e.getSearchEntries() != null) {
                return e.getSearchResult();
            }
            throw unanswered(e);
        } catch (LDAPException e) {
            throw unanswered(e);
        }
    }

    private Outage unanswered(LDAPException e) throws Fault {
        return REFUSED.contains(e.getResultCode()) ? refused(e) : broken(e);
    }

    /** The server does not take this server's own bind, or wants one. */
    private Outage refused(LDAPException e) {
        return new Outage(
                new SettingException(
                        searcher.isPresent() ? BIND_PASSWORD.name() : BIND_DN.name(),
                        "the LDAP server refuses the bind of "
                                + searcher.orElse("nobody in particular")
                                + ": "
                                + words(e),
                        "Give the <bind-dn> and <bind-password> that it knows."));
    }

    private static Proof proof(LDAPException e) throws Outage, Fault {
        return switch (e.getResultCode().intValue()) {
            case ResultCode.INVALID_CREDENTIALS_INT_VALUE ->
                    BARRED_IN_ACTIVE_DIRECTORY
                                    .matcher(String.valueOf(e.getDiagnosticMessage()))
                                    .find()
                            ? Proof.BARRED
                            : Proof.WRONG;
            case ResultCode.NO_SUCH_OBJECT_INT_VALUE,
                    ResultCode.NO_SUCH_ATTRIBUTE_INT_VALUE,
                    ResultCode.INVALID_DN_SYNTAX_INT_VALUE,
                    ResultCode.INAPPROPRIATE_AUTHENTICATION_INT_VALUE ->
                    Proof.WRONG;
            case ResultCode.UNWILLING_TO_PERFORM_INT_VALUE,
                    ResultCode.CONSTRAINT_VIOLATION_INT_VALUE ->
                    Proof.BARRED;
            default -> throw broken(e);
        };
    }

    /** What stands behind an error that is no answer about a user. */
    private static Outage broken(LDAPException e) throws Fault {
        var code = e.getResultCode();
        if (code.isConnectionUsable()
                && !code.equals(ResultCode.BUSY)
                && !code.equals(ResultCode.UNAVAILABLE)
                && !code.equals(ResultCode.TIME_LIMIT_EXCEEDED)) {
            throw Fault.permanent("the LDAP server refuses what it is asked: " + words(e), null);
        }
        return new Outage(words(e), code.equals(ResultCode.SERVER_DOWN), null);
    }

    /** The result code's name, and what the server says besides. */
    private static String words(LDAPException e) {
        log.debug("no answer of the LDAP server", e);
        var says = e.getDiagnosticMessage() == null ? Fault.words(e) : e.getDiagnosticMessage();
        var caught = CAUGHT.matcher(says);
        return e.getResultCode().getName()
                + " ("
                + (caught.matches() ? caught.group(1) + ": " + caught.group(2) : says)
                + ")";
    }

    private static Entry entry(SearchResultEntry found, List<String> wanted) {
        var attributes = new TreeMap<String, List<String>>(String.CASE_INSENSITIVE_ORDER);
        for (var name : wanted) {
            var values = found.getAttributeValues(name);
            if (values != null) {
                attributes.put(name, Arrays.stream(values).sorted().toList());
            }
        }
        return new Entry(found.getDN(), attributes);
    }

    private static LDAPConnectionPool pool(
            List<SingleServerSet> servers,
            SimpleBindRequest bind,
            int size,
            PostConnectProcessor afterConnect,
            Duration timeout,
            Duration lookAgain) {
        LDAPConnectionPool pool;
        try {
            pool =
                    new LDAPConnectionPool(
                            new FailoverServerSet(List.copyOf(servers)),
                            bind,
                            0,
                            size,
                            afterConnect,
                            false);
        } catch (LDAPException e) {
            throw new IllegalStateException("a pool that connects later has nothing to fail at", e);
        }
        pool.setCreateIfNecessary(false);
        pool.setMaxWaitTimeMillis(timeout.toMillis());
        // A server that was restarted leaves connections behind that are found dead when used.
        pool.setRetryFailedOperationsDueToInvalidConnections(true);
        pool.setConnectionPoolName("postern-ldap");
        pool.setHealthCheck(new Failback(servers, bind, afterConnect));
        pool.setHealthCheckIntervalMillis(lookAgain.toMillis());
        return pool;
    }

    private static List<SingleServerSet> servers(
            PluginConfig config, SSLSocketFactory tls, boolean startTls, Duration timeout) {
        var options = new LDAPConnectionOptions();
        options.setConnectTimeoutMillis((int) timeout.toMillis());
        options.setResponseTimeoutMillis(timeout.toMillis());
        options.setUseSynchronousMode(true);
        options.setFollowReferrals(false);
        var all = new ArrayList<SingleServerSet>();
        for (var text : config.allTexts(SERVER.name())) {
            var at = uri(text);
            var ldaps = at.getScheme().equals("ldaps");
            if (ldaps && startTls) {
                throw new SettingException(
                        START_TLS.name(),
                        "it does not go with " + text,
                        "Remove it: ldaps:// is encrypted from the beginning.");
            }
            if (!ldaps && !startTls) {
                log.warn("passwords go to {} unencrypted: use ldaps:// or <start-tls>", text);
            }
            int port = at.getPort() >= 0 ? at.getPort() : ldaps ? LDAPS_PORT : LDAP_PORT;
            var host = at.getHost().replaceAll("[\\[\\]]", "");
            all.add(
                    new SingleServerSet(
                            host, port, ldaps ? tls : SocketFactory.getDefault(), options));
        }
        return all;
    }

    private static URI uri(String text) {
        try {
            var at = new URI(text);
            if (List.of("ldap", "ldaps").contains(String.valueOf(at.getScheme()))
                    && at.getHost() != null
                    && at.getPath().matches("/?")
                    && at.getUserInfo() == null
                    && at.getQuery() == null) {
                return at;
            }
        } catch (URISyntaxException e) {
            // Told below, in the operator's words.
        }
        throw new SettingException(
                SERVER.name(),
                "\"" + text + "\" is not a server",
                "Write one like ldaps://ldap.example.org or ldap://127.0.0.1:389.");
    }

    private static SSLSocketFactory tls(PluginConfig config) {
        try {
            return new Tls(
                    Authorities.context(config.optionalPath(CA_FILE.name())).getSocketFactory());
        } catch (IOException | GeneralSecurityException e) {
            throw (SettingException)
                    new SettingException(
                                    CA_FILE.name(),
                                    "the certificates cannot be used: " + Fault.words(e),
                                    "Name a file of certificates in PEM.")
                            .initCause(e);
        }
    }
}
