package io.postern.distribution;

import static io.postern.distribution.ConfigurationCase.DIRECTORY;
import static io.postern.distribution.ConfigurationCase.GOOD;
import static io.postern.distribution.ConfigurationCase.LISTENER;
import static io.postern.distribution.ConfigurationCase.MECHANISM;
import static io.postern.distribution.ConfigurationCase.STORE;

import io.postern.distribution.ConfigurationCase.Verdict;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The rows of {@link ConfigurationTableIT}. */
final class ConfigurationCases {
    private static final String PASSWD =
            "<directory plugin=\"passwd-file\"><file>passwd</file>%s</directory>";

    /** Taken for as long as the tests run. */
    private static final ServerSocket OTHER = other();

    private ConfigurationCases() {}

    private static ServerSocket other() {
        try {
            return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException("no free port", e);
        }
    }

    private static ConfigurationCase refused(String name, String good, String bad, String words) {
        return ConfigurationCase.of(Verdict.REFUSED, name, good, bad, words);
    }

    private static ConfigurationCase told(String name, String good, String bad, String words) {
        return ConfigurationCase.of(Verdict.TOLD, name, good, bad, words);
    }

    private static ConfigurationCase atStart(String name, String good, String bad, String words) {
        return ConfigurationCase.of(Verdict.REFUSED_AT_START, name, good, bad, words);
    }

    private static ConfigurationCase good(String name, String good, String bad) {
        return ConfigurationCase.of(Verdict.GOOD, name, good, bad, "");
    }

    /** What is no XML, or not this one. */
    static Stream<ConfigurationCase> xml() {
        var rows = new ArrayList<ConfigurationCase>();
        for (var element : List.of("listeners", "authentication", "realm", "realms", "gateway")) {
            rows.add(
                    refused(
                            "no </" + element + ">",
                            "</" + element + ">\n",
                            "\n",
                            "<" + element + "> is not closed .*Write </" + element + "> where"));
            rows.add(
                    refused(
                            "</" + element + "> typed wrong",
                            "</" + element + ">",
                            "</" + element + "x>",
                            "</" + element + "x> ends nothing.* Write </" + element + ">"));
        }
        for (var file : Map.of("users.xml", 10, "<root>mail", 11).entrySet()) {
            var at = file.getKey();
            rows.add(
                    refused(
                            "& in " + at,
                            at,
                            at + "&b",
                            ":" + file.getValue() + ": .*Write \"&amp;"));
            rows.add(
                    refused("< in " + at, at, at + " < 5", ":" + file.getValue() + ": .*\"&lt;\""));
            rows.add(refused("an entity in " + at, at, at + "&auml;", "\"&auml;\" is not known"));
        }
        rows.add(
                refused(
                        "no quotation marks",
                        "\"127.0.0.1\"",
                        "127.0.0.1",
                        "address is not in quot"));
        rows.add(
                refused(
                        "an attribute twice",
                        "port=\"0\"",
                        "port=\"0\" port=\"0\"",
                        "port stands in one"));
        rows.add(
                refused("an empty file", GOOD, "", "gateway.xml: the file is empty\\. Begin with"));
        rows.add(refused("only a comment", GOOD, "<!-- a -->", "the file has no element\\. Begin"));
        rows.add(
                refused(
                        "text before",
                        "<gateway>",
                        "hello<gateway>",
                        "text stands before the first"));
        rows.add(refused("another document", GOOD, "<users/>", "does not start with <gateway>"));
        rows.add(
                refused("a namespace", "<gateway>", "<gateway xmlns=\"urn:x\">", "gateway\\.xml:"));
        rows.add(
                refused(
                        "a document type",
                        "<gateway>",
                        "<!DOCTYPE gateway><gateway>",
                        "DOCTYPE.*Remove it"));
        rows.add(
                refused(
                        "a comment with --",
                        "<gateway>",
                        "<!-- a -- b --><gateway>",
                        "\"--\" stands in the"));
        rows.add(
                refused(
                        "an unknown encoding",
                        "<gateway>",
                        "<?xml version=\"1.0\" encoding=\"UTF-9\"?><gateway>",
                        "UTF-9.*Save the file as UTF-8"));
        rows.add(
                refused(
                                "Latin-1",
                                "main",
                                "main",
                                ":9: this line is not in UTF-8: .*Save the file as UTF-8")
                        .with(home ->
                                Files.write(
                                        home.resolve("conf/gateway.xml"),
                                        GOOD.replace("main", "m\u00e4in")
                                                .getBytes(StandardCharsets.ISO_8859_1))));
        rows.add(good("a byte order mark", "<gateway>", "\uFEFF<gateway>"));
        rows.add(good("windows' line ends", "\n", "\r\n"));
        rows.add(
                refused(
                        "attributes on several lines",
                        LISTENER,
                        "<listener\n address=\"127.0.0.1\"\n port=\"x\"\n/>",
                        ":5: port: \"x\" is not a port"));
        return rows.stream();
    }

    static Stream<ConfigurationCase> listeners() {
        var rows = new ArrayList<ConfigurationCase>();
        for (var port : List.of("", "x", "-1", "65536", "1e3", " 110")) {
            rows.add(
                    refused(
                            "port \"" + port + "\"",
                            "port=\"0\"",
                            "port=\"" + port + "\"",
                            ":3: port: .*is not a port"));
        }
        for (var address : List.of("", "all", "*", "127.0.0.1:110", "[::1]")) {
            rows.add(
                    ConfigurationCase.of(
                            address.equals("all") ? Verdict.REFUSED_AT_START : Verdict.TOLD,
                            "address \"" + address + "\"",
                            "127.0.0.1",
                            address,
                            "(:3: address: |cannot listen on all:0: unknown host; name an address)"));
        }
        for (var pair :
                List.of("0.0.0.0 ::", ":: 0.0.0.0", "0.0.0.0 127.0.0.1", ":: ::1", "::1 ::")) {
            var one = "<listener address=\"%s\" port=\"1110\" allow-plaintext=\"true\"/>";
            rows.add(
                    refused(
                            pair + " on one port",
                            LISTENER,
                            one.formatted(pair.split(" ", -1)[0])
                                    + "\n"
                                    + one.formatted(pair.split(" ", -1)[1]),
                            ":4: listener: it and the listener at line 3 cannot both have port 1110"));
        }
        rows.add(
                refused(
                        "a listener twice",
                        LISTENER,
                        LISTENER.replace("\"0\"", "\"1110\"").repeat(2),
                        "it is the same as at line 3"));
        rows.add(
                refused(
                        "tls typed wrong",
                        "port=\"0\"",
                        "port=\"0\" tls=\"ssl\"",
                        "tls: \"ssl\" is no way to use TLS"));
        rows.add(
                refused(
                        "TLS without a certificate",
                        "allow-plaintext=\"true\"",
                        "tls=\"implicit\"",
                        "tls: there is no certificate"));
        rows.add(
                refused(
                        "in the clear without a word",
                        " allow-plaintext=\"true\"",
                        "",
                        "nobody can log in here"));
        rows.add(
                refused(
                        "allow-plaintext typed wrong",
                        "\"true\"",
                        "\"yes\"",
                        "allow-plaintext: \"yes\" is neither"));
        rows.add(
                refused(
                        "an attribute typed wrong",
                        "allow-plaintext",
                        "allow-plain-text",
                        "no such attribute"));
        rows.add(
                refused(
                        "client certificates without TLS",
                        "port=\"0\"",
                        "port=\"0\" client-certificates=\"required\"",
                        "there are no certificates without TLS"));
        rows.add(
                refused(
                        "a proxy from nowhere",
                        "allow-plaintext=\"true\"/>",
                        "allow-plaintext=\"true\"><proxy-protocol from=\"\"/></listener>",
                        "from: it is missing"));
        rows.add(
                refused(
                        "a proxy from a name",
                        "allow-plaintext=\"true\"/>",
                        "allow-plaintext=\"true\"><proxy-protocol from=\"lb\"/></listener>",
                        "is not a list of networks"));
        rows.add(refused("no listener", LISTENER, "", "listeners: it is empty"));
        rows.add(
                atStart(
                        "a port in use",
                        "port=\"0\"",
                        "port=\"" + OTHER.getLocalPort() + "\"",
                        "cannot listen on 127\\.0\\.0\\.1:\\d+: .*in use; stop the program"));
        rows.add(
                atStart(
                        "an address of another host",
                        "127.0.0.1",
                        "192.0.2.1",
                        "it is not an address of this host"));
        rows.add(
                atStart(
                        "a host that is not there",
                        "127.0.0.1",
                        "nowhere.invalid",
                        "name an address of this host"));
        for (var identity :
                Map.of(
                                "certificate=\"no.pem\" key=\"no.pem\"",
                                        "there is no file .*no\\.pem",
                                "certificate=\"users.xml\" key=\"users.xml\"",
                                        "has no certificate in PEM",
                                "certificate=\"no.pem\"", "key: it is missing",
                                "pkcs12=\"users.xml\" password=\"x\"", "users\\.xml",
                                "pkcs12=\"users.xml\"", "password: it is missing",
                                "self-signed=\"true\" key=\"x\"", "it is one of three",
                                "certificate=\"mail\" key=\"mail\"", "mail",
                                "", "it is one of three")
                        .entrySet()) {
            rows.add(
                    refused(
                            "identity " + identity.getKey(),
                            LISTENER + "\n  </listeners>",
                            LISTENER.replace("allow-plaintext=\"true\"", "tls=\"implicit\"")
                                    + "</listeners><tls><identity "
                                    + identity.getKey()
                                    + "/></tls>",
                            identity.getValue()));
        }
        return rows.stream();
    }

    /** Every limit: no value, one of another kind, too little, too much. */
    static Stream<ConfigurationCase> limits() {
        var rows = new ArrayList<ConfigurationCase>();
        var durations =
                Map.of(
                        "idle-timeout", "PT0S P2D",
                        "login-timeout", "PT0S PT2H",
                        "write-stall", "PT0S PT2H",
                        "lock-wait", "PT-1S PT11S",
                        "commit-limit", "PT0.5S PT2H",
                        "drain", "PT-1S PT2H",
                        "handshake-timeout", "PT0S PT3M",
                        "plugin-start", "PT0S P1D",
                        "plugin-answer", "PT0S P1D",
                        "failure-delay", "PT-5S PT2M");
        durations.forEach((name, values) -> {
            for (var value : (values + " 10 10s pt1m P1Y").split(" ", -1)) {
                rows.add(limit(name, value, "is (not a duration|out of range)\\. Give "));
            }
        });
        for (var name :
                List.of(
                        "connections",
                        "connections-per-address",
                        "sessions-per-user",
                        "sessions-per-user-and-address",
                        "logins",
                        "bad-commands",
                        "lines-before-login",
                        "octets-before-login")) {
            for (var value : List.of("0", "-1", "many", "9999999999", "")) {
                rows.add(
                        limit(name, value, "is (not a (whole number|size)|out of range)\\. Give "));
            }
        }
        rows.add(limit("trusted-networks", "10.0.0.0/33", "is not a list of networks"));
        rows.add(limit("trusted-networks", "office", "is not a list of networks"));
        rows.add(limit("idle-timout", "PT10M", "there is no such element in <limits>"));
        rows.add(limit("idle-timeout", "PT1M", "shorter than the 10 minutes"));
        return rows.stream();
    }

    private static ConfigurationCase limit(String name, String value, String words) {
        return refused(
                "<" + name + ">" + value,
                "<listeners>",
                "<limits><" + name + ">" + value + "</" + name + "></limits><listeners>",
                ":2: " + name + ": .*" + words);
    }

    /** Realms, mechanisms and plugins. */
    static Stream<ConfigurationCase> structure() {
        var realm = GOOD.substring(GOOD.indexOf("<realm "), GOOD.indexOf("</realms>"));
        return Stream.of(
                refused(
                        "a plugin that is not there",
                        "\"maildir\"",
                        "\"maildirs\"",
                        ":11: store: there is no plugin \"maildirs\""),
                refused(
                        "a plugin of another kind",
                        "\"maildir\"",
                        "\"xml-users\"",
                        "it is a <directory>"),
                refused(
                        "a plugin without a name",
                        " plugin=\"maildir\"",
                        "",
                        "plugin: it is missing"),
                refused("no store", STORE, "", "it has no <store>"),
                refused("two stores", STORE, STORE + STORE, "a realm has one <store>"),
                refused("no directory", DIRECTORY, "", "it has no <directory>"),
                refused("no mechanism", MECHANISM, "", "authentication: it is empty"),
                refused("a mechanism twice", MECHANISM, MECHANISM + MECHANISM, "mechanism"),
                refused(
                        "a mechanism nobody serves",
                        MECHANISM,
                        "<mechanism plugin=\"oauth-bearer\"/>",
                        "no directory of any realm can serve"),
                refused("no realm name", " name=\"main\"", "", "name: it is missing"),
                refused(
                        "a realm name with blanks",
                        "\"main\"",
                        "\"my realm\"",
                        "is not a realm's name"),
                refused("a realm twice", realm, realm + realm, "is the name of the realm at line"),
                refused(
                        "two realms and no default",
                        realm,
                        realm + realm.replace("main", "more"),
                        "no realm is the default"),
                refused(
                        "two defaults",
                        realm,
                        realm.replace("\"main\"", "\"main\" default=\"true\"")
                                + realm.replace("\"main\"", "\"more\" default=\"true\""),
                        "is the default"),
                refused(
                        "a domain twice",
                        DIRECTORY,
                        "<domain>a.example</domain><domain>A.example</domain>" + DIRECTORY,
                        "stands at line 10 already"),
                refused(
                        "a domain with @",
                        DIRECTORY,
                        "<domain>@a.example</domain>" + DIRECTORY,
                        "is not a domain"),
                refused(
                        "on-unknown typed wrong",
                        "\"xml-users\"",
                        "\"xml-users\" on-unknown=\"go\"",
                        "is neither next nor stop"),
                refused(
                        "expire in words",
                        DIRECTORY,
                        "<expire>soon</expire>" + DIRECTORY,
                        "is no time to keep mail"),
                refused(
                        "login-delay in minutes",
                        DIRECTORY,
                        "<login-delay>5</login-delay>" + DIRECTORY,
                        "is not a duration"),
                refused(
                        "kept deletions in the store",
                        DIRECTORY,
                        "<kept-deletions folder=\"mail\" days=\"3\"/>" + DIRECTORY,
                        "where a store has its files"),
                refused(
                        "kept deletions in a file",
                        DIRECTORY,
                        "<kept-deletions folder=\"users.xml\" days=\"3\"/>" + DIRECTORY,
                        "kept-deletions: .*is not a folder\\. Let"),
                refused(
                        "kept deletions for ever",
                        DIRECTORY,
                        "<kept-deletions folder=\"kept\" days=\"ever\"/>" + DIRECTORY,
                        "is not a number of days"),
                refused(
                        "text in a list",
                        "<realms>",
                        "<realms>mine",
                        "text stands in <realms>.*Remove \"mine\""),
                refused(
                        "text in a plugin",
                        "<root>mail</root>",
                        "root=mail",
                        "text stands in <store>"),
                refused(
                        "an element in a setting",
                        "<root>mail</root>",
                        "<root><b>mail</b></root>",
                        "a plugin's setting is a plain text"),
                refused(
                        "an unknown element",
                        "<listeners>",
                        "<listener/><listeners>",
                        "there is no such element in <gateway>"),
                refused("realms twice", "<realms>", "<realms/><realms>", "realms"),
                refused(
                        "utf8 with yes",
                        "<realms>",
                        "<utf8>yes</utf8><realms>",
                        "is neither true nor false"),
                refused(
                        "a server name with blanks",
                        "<listeners>",
                        "<server name=\"my host\"/><listeners>",
                        "is not a host name"),
                refused(
                        "a variable that is not set",
                        "<root>mail",
                        "<root>${env:POSTERN_NO_SUCH}",
                        "is not set in the environment"),
                refused(
                        "a variable of another kind",
                        "<root>mail",
                        "<root>${sys:user.home}",
                        "is not known\\. Use"),
                refused(
                        "a secret file that is not there",
                        "<root>mail",
                        "<root>${file:UTF-8:none}",
                        "names a file that is not there"),
                refused(
                        "a secret file that is a folder",
                        "<root>mail",
                        "<root>${file:UTF-8:mail}",
                        "names a folder"),
                refused(
                                "a secret file in Latin-1",
                                "<root>mail",
                                "<root>${file:UTF-8:secret}",
                                "names a file in another encoding")
                        .with(home ->
                                Files.write(home.resolve("secret"), new byte[] {(byte) 0xE4})),
                good(
                                "a secret file with a byte order mark",
                                "<root>mail",
                                "<root>${file:UTF-8:secret}")
                        .with("secret", "\uFEFFmail\n"),
                ConfigurationCase.of(
                        Verdict.WARNED,
                        "the same directory twice",
                        DIRECTORY,
                        DIRECTORY + DIRECTORY,
                        "directory: it is the same as at line 10"),
                refused(
                        "a policy that is not there",
                        MECHANISM,
                        "<policy plugin=\"none\"/>" + MECHANISM,
                        "policy: there is no plugin \"none\""),
                good("nothing wrong", "main", "main"),
                good("another order", "<listeners>", "<utf8>false</utf8><listeners>"));
    }

    /** Settings of the shipped plugins: names, kinds, choices and ranges. */
    static Stream<ConfigurationCase> settings() {
        var rows = new ArrayList<ConfigurationCase>();
        for (var wrong :
                List.of(
                        "unique-ids=uidl",
                        "missing=create",
                        "links-outside=maybe",
                        "trust-size-hints=1",
                        "mark-seen=on")) {
            rows.add(setting("maildir", STORE, STORE, "</root>", "</root>", wrong));
        }
        var mbox = STORE.replace("maildir", "mbox");
        for (var wrong : List.of("format=mbx", "missing=create", "lock-wait=10", "locks=flock")) {
            rows.add(setting("mbox", STORE, mbox, "</root>", "</root>", wrong));
        }
        var jdbc = "<store plugin=\"jdbc\"><url>jdbc:h2:./db</url></store>";
        for (var wrong : List.of("pool-size=1", "pool-size=9999", "pool-size=two")) {
            rows.add(setting("jdbc", STORE, jdbc, "</url>", "</url>", wrong));
        }
        var sql =
                "<directory plugin=\"sql-users\"><url>jdbc:h2:./db</url><query>SELECT name, password"
                        + " FROM users WHERE name = :user</query></directory>";
        for (var wrong :
                List.of(
                        "timeout=PT0S",
                        "timeout=PT2M",
                        "pool-size=0",
                        "cache-time=P2D",
                        "cache-entries=0")) {
            rows.add(setting("sql-users", DIRECTORY, sql, "</url>", "</url>", wrong));
        }
        var ldap =
                "<directory plugin=\"ldap\"><server>ldap://127.0.0.1:1</server><base>dc=example</base>"
                        + "<filter>(uid={user})</filter></directory>";
        for (var wrong : List.of("timeout=PT0S", "pool-size=0", "check=maybe", "start-tls=yes")) {
            rows.add(setting("ldap", DIRECTORY, ldap, "</server>", "</server>", wrong));
        }
        var http = "<directory plugin=\"http-users\"><url>http://127.0.0.1:1/</url></directory>";
        for (var wrong :
                List.of(
                        "timeout=PT0S",
                        "timeout=5",
                        "dialect=xml",
                        "cache-time=PT-1S",
                        "ca-file=no.pem",
                        "ca-file=users.xml",
                        "unknown-status=x")) {
            rows.add(setting("http-users", DIRECTORY, http, "</url>", "</url>", wrong));
        }
        var oauth =
                "<directory plugin=\"oauth\"><issuer>https://login.example</issuer>"
                        + "<audience>mail</audience></directory>";
        for (var wrong :
                List.of(
                        "timeout=PT0S",
                        "clock-skew=PT1H",
                        "jwks-url=http://x.example/",
                        "introspection-url=x",
                        "ca-file=no.pem",
                        "client-id=x",
                        "attribute=mail")) {
            rows.add(
                    setting("oauth", DIRECTORY, oauth, "</audience>", "</audience>", wrong)
                            .mechanism("<mechanism plugin=\"oauth-bearer\"/>"));
        }
        var locks = "<locks plugin=\"file\"><folder>locks</folder></locks><realms>";
        for (var wrong : List.of("ttl=PT1S", "ttl=P9D", "folder=other")) {
            rows.add(setting("file locks", "<realms>", locks, "</folder>", "</folder>", wrong));
        }
        var sqlLocks = "<locks plugin=\"jdbc\"><url>jdbc:h2:./db</url></locks><realms>";
        for (var wrong : List.of("lease=PT1S", "lease=PT1H", "lease=30")) {
            rows.add(setting("jdbc locks", "<realms>", sqlLocks, "</url>", "</url>", wrong));
        }
        rows.add(
                refused(
                        "file locks in a file",
                        "<realms>",
                        locks.replace(">locks<", ">users.xml<"),
                        "folder: the folder of lock files, .*users\\.xml, cannot be used"));
        rows.add(
                refused(
                        "file locks below a file",
                        "<realms>",
                        locks.replace(">locks<", ">users.xml/a<"),
                        "folder: .* cannot be (made|used)"));
        rows.add(good("file locks", "<realms>", locks));
        for (var url : List.of("ftp://x", "x", "https://", "http://a:b@x/")) {
            rows.add(
                    refused(
                            "http-users at " + url,
                            DIRECTORY,
                            http.replace("http://127.0.0.1:1/", url),
                            ":10: url: \".*\" is not the address of a service"));
        }
        for (var issuer : List.of("hello", "http://login.example", "https://a:b@login.example")) {
            rows.add(
                    refused(
                                    "issuer " + issuer,
                                    DIRECTORY,
                                    oauth.replace("https://login.example", issuer),
                                    ":10: issuer: \".*\" is not an https:// address")
                            .mechanism("<mechanism plugin=\"oauth-bearer\"/>"));
        }
        rows.add(
                refused(
                        "memory without its folder",
                        STORE,
                        "<store plugin=\"memory\"><load>none</load></store>",
                        "load: .*none is not a folder"));
        return rows.stream();
    }

    /** One more setting, which is wrong; or the same one again. */
    private static ConfigurationCase setting(
            String plugin, String good, String bad, String before, String after, String wrong) {
        var name = wrong.substring(0, wrong.indexOf('='));
        var value = wrong.substring(wrong.indexOf('=') + 1);
        return refused(
                plugin + " with " + wrong,
                good,
                bad.replace(before, after + "<" + name + ">" + value + "</" + name + ">"),
                ":\\d+: (" + name + "|client-secret): .*[a-z].*\\. [A-Z<]");
    }

    /** Files of users, and folders of mail. */
    static Stream<ConfigurationCase> files() {
        var rows = new ArrayList<ConfigurationCase>();
        var passwd = PASSWD.formatted("");
        for (var entry :
                Map.of(
                                "yescrypt with a strange cost",
                                        "new:$y$j99T$abcdefgh$abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
                                "no scheme", "new:secret",
                                "an unknown scheme", "new:{FOO}secret",
                                "a user twice", "new:{PLAIN}a\nnew:{PLAIN}b",
                                "a line without a colon", "new")
                        .entrySet()) {
            rows.add(
                    told("passwd-file: " + entry.getKey(), DIRECTORY, passwd, "passwd.*[23]")
                            .with("passwd", "anna:{PLAIN}secret\n" + entry.getValue() + "\n"));
        }
        rows.add(
                refused(
                        "passwd-file that is not there",
                        DIRECTORY,
                        passwd.replace(">passwd<", ">nothing<"),
                        ":10: file: .*nothing"));
        rows.add(
                refused(
                        "passwd-file that is a folder",
                        DIRECTORY,
                        passwd.replace(">passwd<", ">mail<"),
                        ":10: file: .*mail"));
        rows.add(told("an empty passwd-file", DIRECTORY, passwd, "passwd").with("passwd", ""));
        rows.add(
                refused(
                        "passwd-file with a strange maildrop",
                        DIRECTORY,
                        PASSWD.formatted("<maildrop>{usr}</maildrop>"),
                        "maildrop: "));
        rows.add(
                refused(
                        "users.xml that is not there",
                        "users.xml",
                        "nothing.xml",
                        ":10: file: .*nothing\\.xml"));
        rows.add(refused("users.xml that is a folder", "users.xml", "mail", ":10: file: .*mail"));
        for (var users :
                Map.of(
                                "torn", "<users><user name=\"anna\"",
                                "empty", "",
                                "another document", "<people/>")
                        .entrySet()) {
            rows.add(
                    refused(
                                    "users.xml: " + users.getKey(),
                                    "main",
                                    "main",
                                    ":10: file: .*users\\.xml")
                            .with("users.xml", users.getValue()));
        }
        for (var user :
                Map.of(
                                "an unknown scheme", "name=\"new\" password=\"{FOO}x\"",
                                "no password", "name=\"new\"",
                                "a user twice", "name=\"anna\" password=\"{PLAIN}y\"",
                                "an unknown attribute", "name=\"new\" pasword=\"{PLAIN}x\"")
                        .entrySet()) {
            rows.add(
                    told("users.xml: " + user.getKey(), "main", "main", "users\\.xml")
                            .with(
                                    "users.xml",
                                    "<users>\n<user name=\"anna\" password=\"{PLAIN}x\"/>\n<user "
                                            + user.getValue()
                                            + "/>\n</users>"));
        }
        for (var layout : List.of("{usr}", "{domain}/{user}/%u", "all", "../{user}", "/{user}")) {
            rows.add(
                    told(
                            "layout " + layout,
                            "</root>",
                            "</root><layout>" + layout + "</layout>",
                            ":11: layout: "));
            rows.add(
                    told(
                            "mbox layout " + layout,
                            STORE,
                            "<store plugin=\"mbox\"><root>mail</root><layout>"
                                    + layout
                                    + "</layout></store>",
                            ":11: layout: "));
        }
        for (var store : List.of("maildir", "mbox")) {
            var other = STORE.replace("maildir", store);
            rows.add(
                    told(
                            store + " root that is not there",
                            STORE,
                            other.replace(">mail<", ">none<"),
                            ":11: root: .*none"));
            rows.add(
                    told(
                            store + " root that is a file",
                            STORE,
                            other.replace(">mail<", ">users.xml<"),
                            ":11: root: .*users\\.xml"));
        }
        return rows.stream();
    }

    /** Databases and directories that are asked over the network. */
    static Stream<ConfigurationCase> servers() {
        var rows = new ArrayList<ConfigurationCase>();
        var sql = "<directory plugin=\"sql-users\"><url>%s</url><query>%s</query></directory>";
        var query = "SELECT name, password FROM users WHERE name = :user";
        rows.add(
                refused(
                        "query without :user",
                        DIRECTORY,
                        sql.formatted(
                                "jdbc:postgresql://127.0.0.1:1/x",
                                "SELECT name, password FROM users"),
                        ":10: query: .*:user"));
        rows.add(
                refused(
                        "sql-users without a driver",
                        DIRECTORY,
                        sql.formatted("jdbc:mysql://127.0.0.1:1/x", query),
                        ":10: url: .*driver"));
        rows.add(
                refused(
                        "sql-users with no URL",
                        DIRECTORY,
                        sql.formatted("127.0.0.1/x", query),
                        ":10: url: "));
        rows.add(
                refused(
                        "the jdbc store without a driver",
                        STORE,
                        "<store plugin=\"jdbc\"><url>jdbc:mysql://127.0.0.1:1/x</url></store>",
                        ":11: url: "));
        rows.add(
                atStart(
                        "the jdbc store's server is away",
                        STORE,
                        "<store plugin=\"jdbc\"><url>jdbc:postgresql://127.0.0.1:1/x</url></store>",
                        "127\\.0\\.0\\.1"));
        var ldap =
                "<directory plugin=\"ldap\"><server>%s</server><base>%s</base><filter>%s</filter></directory>";
        rows.add(
                refused(
                        "ldap filter that is open",
                        DIRECTORY,
                        ldap.formatted("ldap://127.0.0.1:1", "dc=example", "(uid={user}"),
                        ":10: filter: \"\\(uid=\\{user}\" is not a filter"));
        rows.add(
                refused(
                        "ldap filter with an unknown variable",
                        DIRECTORY,
                        ldap.formatted("ldap://127.0.0.1:1", "dc=example", "(uid={usr})"),
                        ":10: filter: "));
        rows.add(
                refused(
                        "ldap base that is no name",
                        DIRECTORY,
                        ldap.formatted("ldap://127.0.0.1:1", "example", "(uid={user})"),
                        ":10: base: "));
        rows.add(
                refused(
                        "ldap server that is no URL",
                        DIRECTORY,
                        ldap.formatted("127.0.0.1", "dc=example", "(uid={user})"),
                        ":10: server: "));
        return rows.stream();
    }
}
