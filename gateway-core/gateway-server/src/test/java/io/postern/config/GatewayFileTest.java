package io.postern.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.config.GatewayConfig.Kept;
import io.postern.config.GatewayConfig.Listener;
import io.postern.limit.ListenerLimits;
import io.postern.limit.Networks;
import io.postern.spi.Setting;
import io.postern.tls.ClientCertificates;
import io.postern.tls.TlsMode;
import io.postern.tls.TlsProfile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Reading {@code gateway.xml}: what it comes to, and every way in which it can be wrong. */
class GatewayFileTest {
    /** The smallest file that is right. The tests break one line of it. */
    private static final String GOOD =
            """
            <gateway>
              <listeners>
                <listener address="127.0.0.1" port="1100"/>
              </listeners>
              <authentication>
                <mechanism plugin="user-pass"/>
              </authentication>
              <realms>
                <realm name="main">
                  <directory plugin="xml-users"><file>conf/users.xml</file></directory>
                  <store plugin="maildir"/>
                </realm>
              </realms>
            </gateway>
            """;

    @TempDir private Path home;
    private final Map<String, String> environment = new HashMap<>();

    private static Listener plain(String address, int port, int line) {
        return new Listener(
                address,
                port,
                TlsMode.NONE,
                TlsProfile.MODERN,
                false,
                Optional.empty(),
                ListenerLimits.USUAL,
                Optional.empty(),
                line);
    }

    // --- what it comes to ---

    @Test
    void theSmallestFileHasAllDefaults() throws Exception {
        var config = good(GOOD);
        assertEquals(Optional.empty(), config.serverName());
        assertEquals(List.of(plain("127.0.0.1", 1100, 3)), config.listeners());
        assertEquals(Duration.ofMinutes(10), config.limits().idleTimeout());
        assertEquals(Duration.ofSeconds(2), config.limits().lockWait());
        assertEquals("user-pass", config.mechanisms().getFirst().plugin());
        assertEquals("local", config.locks().plugin());
        assertTrue(config.utf8());
        var realm = config.realms().getFirst();
        assertTrue(realm.byDefault(), "the only realm needs no default=");
        assertEquals("xml-users", realm.directories().getFirst().plugin());
        assertEquals("maildir", realm.store().plugin());
        assertEquals(Optional.empty(), realm.kept(), "what is removed is gone");
    }

    @Test
    void removedMailIsKeptInAFolderOfTheRealm() throws Exception {
        environment.put("DAYS", "9999");
        var store = "<store plugin=\"maildir\"/>";
        var config =
                good(
                        GOOD.replace(
                                store,
                                store
                                        + "<kept-deletions folder=\"var/kept\""
                                        + " days=\"${env:DAYS}\"/>"));
        assertEquals(
                new Kept(home.resolve("var/kept/main"), 9999, 11),
                config.realms().getFirst().kept().orElseThrow());
    }

    @Test
    void everythingThatMayStandThereIsRead() throws Exception {
        var config =
                good(
                        """
                        <gateway xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                            xsi:noNamespaceSchemaLocation="gateway.xsd">
                          <locks plugin="file"><folder>locks</folder></locks>
                          <realms>
                            <realm name="main" default="true" strip-domain="true">
                              <domain>Example.ORG</domain>
                              <store plugin="maildir"><root>mail</root></store>
                              <directory plugin="xml-users"/>
                              <directory plugin="xml-users"/>
                              <domain>example.net</domain>
                            </realm>
                            <realm name="guests" default="false">
                              <directory plugin="open"/>
                              <store plugin="memory"/>
                            </realm>
                          </realms>
                          <authentication>
                            <mechanism plugin="user-pass"/>
                            <mechanism plugin="apop"/>
                          </authentication>
                          <limits>
                            <idle-timeout allow-short="true">PT1M</idle-timeout>
                            <login-timeout>PT20S</login-timeout>
                            <write-stall>PT21S</write-stall>
                            <lock-wait>PT0S</lock-wait>
                            <commit-limit>PT22S</commit-limit>
                            <drain>PT23S</drain>
                            <handshake-timeout>PT24S</handshake-timeout>
                            <plugin-start>PT25S</plugin-start>
                            <plugin-answer>PT26S</plugin-answer>
                          </limits>
                          <listeners>
                            <listener address="0.0.0.0" port="110"/>
                            <listener address="::1" port="0"/>
                          </listeners>
                          <server name="Mail.Example.ORG"/>
                        </gateway>
                        """);
        assertEquals(Optional.of("mail.example.org"), config.serverName());
        assertEquals(List.of(plain("0.0.0.0", 110, 33), plain("::1", 0, 34)), config.listeners());
        assertEquals(
                new GatewayConfig.Limits(
                        Duration.ofMinutes(1),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(21),
                        Duration.ZERO,
                        Duration.ofSeconds(22),
                        Duration.ofSeconds(23),
                        Duration.ofSeconds(24),
                        Duration.ofSeconds(25),
                        Duration.ofSeconds(26),
                        ListenerLimits.USUAL,
                        config.limits().trusted(),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(16)),
                config.limits());
        assertEquals(
                List.of("user-pass", "apop"),
                config.mechanisms().stream().map(PluginPlace::plugin).toList());
        assertEquals("file", config.locks().plugin());
        assertEquals(List.of("example.org", "example.net"), config.realms().getFirst().domains());
        assertTrue(config.realms().getFirst().byDefault());
        assertTrue(config.realms().getFirst().stripDomain());
        assertFalse(config.realms().getLast().byDefault());
    }

    @Test
    void utf8CanBeTurnedOff() throws Exception {
        for (var value : List.of("true", "false")) {
            var written = GOOD.replace("<realms>", "<utf8>" + value + "</utf8><realms>");
            assertEquals(Boolean.valueOf(value), good(written).utf8());
        }
    }

    @Test
    void aDirectorySaysWhatComesOfAnUnknownUserAndOfAFailure() throws Exception {
        var directories =
                """
                <directory plugin="ldap" on-failure="next"/>
                <directory plugin="sql-users" on-unknown="next" on-failure="stop"/>
                <directory plugin="http" on-unknown="stop"/><store plugin="maildir"/>
                """;
        var realm =
                good(GOOD.replace("<store plugin=\"maildir\"/>", directories)).realms().getFirst();
        assertEquals(
                List.of("ldap"), realm.nextOnFailure().stream().map(PluginPlace::plugin).toList());
        assertEquals(
                List.of("http"), realm.stopOnUnknown().stream().map(PluginPlace::plugin).toList());
    }

    @Test
    void whatARealmAnnouncesOfDelayAndExpiry() throws Exception {
        var silent = good(GOOD).realms().getFirst();
        assertEquals(Duration.ZERO, silent.loginDelay());
        assertTrue(silent.expire().isEmpty());
        var store = "<store plugin=\"maildir\"/>";
        var days =
                good(GOOD.replace(
                                store,
                                "<login-delay>PT90S</login-delay><expire>30</expire>" + store))
                        .realms()
                        .getFirst();
        assertEquals(Duration.ofSeconds(90), days.loginDelay());
        assertEquals(30, days.expire().getAsInt());
        var forEver = good(GOOD.replace(store, "<expire>NEVER</expire>" + store));
        assertEquals(0, forEver.realms().getFirst().expire().getAsInt());
    }

    @Test
    void aListenerMayHaveLimitsAndProxiesOfItsOwn() throws Exception {
        var config =
                good(
                        GOOD.replace(
                                        "port=\"1100\"/>",
                                        """
                                        port="1100">
                                          <limits>
                                            <connections>7</connections>
                                            <octets-before-login>2KiB</octets-before-login>
                                          </limits>
                                          <proxy-protocol from="192.0.2.1, 2001:db8::/32"
                                              header-timeout="PT2S"/>
                                        </listener>
                                        <listener address="::1" port="1100"/>\
                                        """)
                                .replace(
                                        "<listeners>",
                                        """
                                        <limits>
                                          <connections>9</connections>
                                          <connections-per-address>8</connections-per-address>
                                          <sessions-per-user>6</sessions-per-user>
                                          <sessions-per-user-and-address>5</sessions-per-user-and-address>
                                          <logins>4</logins>
                                          <bad-commands>3</bad-commands>
                                          <bad-commands-before-login>6</bad-commands-before-login>
                                          <octets-before-login>1MiB</octets-before-login>
                                          <lines-before-login>2</lines-before-login>
                                          <trusted-networks> </trusted-networks>
                                          <failure-delay>PT0S</failure-delay>
                                          <longest-failure-delay>PT30S</longest-failure-delay>
                                        </limits>
                                        <listeners>\
                                        """));
        var first = config.listeners().getFirst();
        assertEquals(new ListenerLimits(7, 8, 6, 5, 4, 3, 6, 2048, 2), first.limits());
        var proxy = first.proxy().orElseThrow();
        assertEquals(Duration.ofSeconds(2), proxy.headerTimeout());
        assertTrue(proxy.from().contains(Networks.address("2001:db8::7")));
        assertFalse(proxy.from().contains(Networks.address("192.0.2.2")));
        var second = config.listeners().getLast();
        assertEquals(new ListenerLimits(9, 8, 6, 5, 4, 3, 6, 1 << 20, 2), second.limits());
        assertEquals(Optional.empty(), second.proxy());
        assertTrue(config.limits().trusted().isEmpty());
        assertEquals(Duration.ZERO, config.limits().failureDelay());
        assertEquals(Duration.ofSeconds(30), config.limits().longestFailureDelay());
    }

    @Test
    void aPolicyHasSettingsATimeLimitAndAnAnswerWhereItFails() throws Exception {
        assertEquals(Optional.empty(), good(GOOD).policy());
        var careful =
                good(GOOD.replace("</authentication>", "<policy plugin=\"p\"/></authentication>"));
        assertFalse(careful.policy().orElseThrow().allowOnFailure());
        assertEquals(Duration.ofSeconds(2), careful.policy().orElseThrow().timeLimit());
        var easy =
                good(
                        GOOD.replace(
                                "</authentication>",
                                "<policy plugin=\"p\" time-limit=\"PT0.5S\" on-failure=\"allow\">"
                                        + "<file>x</file></policy></authentication>"));
        var policy = easy.policy().orElseThrow();
        assertTrue(policy.allowOnFailure());
        assertEquals(Duration.ofMillis(500), policy.timeLimit());
        assertEquals("p", policy.place().plugin());
        assertTrue(easy.places().contains(policy.place()));
    }

    @Test
    void settingsReachThePluginWithHomeAndItsOwnStateFolder() throws Exception {
        var config =
                good(
                        GOOD.replace(
                                "<store plugin=\"maildir\"/>",
                                "<directory plugin=\"xml-users\"/><store plugin=\"maildir\"/>"));
        var realm = config.realms().getFirst();
        var file = Setting.optional("file", Setting.Kind.PATH, "Where.");
        var first = realm.directories().getFirst().config(List.of(file));
        var second = realm.directories().getLast().config(List.of(file));
        assertEquals(home.resolve("conf/users.xml"), first.path("file"));
        assertFalse(second.has("file"));
        var state = home.resolve("state/directory/main");
        assertEquals(state.resolve("xml-users"), first.stateFolder());
        assertEquals(state.resolve("xml-users-2"), second.stateFolder());
        assertEquals(
                home.resolve("state/mechanism/server/user-pass"),
                config.mechanisms().getFirst().config(List.of()).stateFolder());
        assertEquals(
                home.resolve("state/locks/server/local"),
                config.locks().config(List.of()).stateFolder());
    }

    // --- variables ---

    @Test
    void variablesComeFromTheEnvironmentAndFromFiles() throws Exception {
        environment.put("PORT", "2110");
        Files.writeString(home.resolve("name"), "secret.example\n");
        var config =
                good(
                        GOOD.replace("1100", "${env:PORT}")
                                .replace("127.0.0.1", "127.0.0.${env:LAST:-9}")
                                .replace(
                                        "<listeners>",
                                        "<server name=\"${file:UTF-8:name}\"/><listeners>"));
        assertEquals(List.of(plain("127.0.0.9", 2110, 3)), config.listeners());
        assertEquals(Optional.of("secret.example"), config.serverName());
    }

    @Test
    void whatAVariableBringsIsNotResolvedAgain() throws Exception {
        environment.put("FILE", "${env:HOME}$1\\");
        var place = good(GOOD.replace("conf/users.xml", "a${env:FILE}b")).realms().getFirst();
        var setting = Setting.required("file", Setting.Kind.TEXT, "Some.");
        assertEquals(
                "a${env:HOME}$1\\b",
                place.directories().getFirst().config(List.of(setting)).text("file"));
    }

    @Test
    void aValueFromOutsideIsShownNowhere() throws Exception {
        environment.put("SECRET", "hunter2");
        var draft =
                read(
                        GOOD.replace("1100", "${env:SECRET}")
                                .replace("conf/users.xml", "${env:SECRET}"));
        var setting = Setting.required("file", Setting.Kind.NUMBER, "A number.");
        var directory =
                draft.places().stream().filter(one -> one.plugin().equals("xml-users")).findFirst();
        assertEquals(
                "gateway.xml:10: file: \"${env:SECRET}\" is not a whole number. Give one, like 100.",
                words(directory.orElseThrow().problems(List.of(setting))));
        assertEquals(
                "gateway.xml:3: port: \"${env:SECRET}\" is not a port. Give a number from 0 to"
                        + " 65535; POP3's own is 110, 0 takes any free one.",
                words(draft.problems()));
        assertFalse(draft.toString().contains("hunter2"));
    }

    @Test
    void keysAndCertificatesAreNamedInTheirOrder() throws Exception {
        environment.put("KEY_PASSWORD", "hunter2");
        var config =
                good(
                        GOOD.replace(
                                        "<listener address=\"127.0.0.1\" port=\"1100\"/>",
                                        """
                                        <listener address="::" port="995" tls="implicit"
                                            client-certificates="required" client-trust="/etc/ca.pem"/>
                                        <listener address="::" port="110" tls="starttls"/>
                                        <listener address="::1" port="1100" allow-plaintext="true"/>
                                        </listeners>
                                        <tls>
                                          <identity certificate="/etc/fullchain.pem" key="conf/privkey.pem"
                                              password="${env:KEY_PASSWORD}"/>
                                          <identity pkcs12="conf/mail.p12" password="x"/>
                                          <identity self-signed="true"/>
                                        </tls>
                                        """)
                                .replaceFirst("(?s)(</tls>\\s*)</listeners>", "$1"));
        assertEquals(
                List.of(TlsMode.IMPLICIT, TlsMode.STARTTLS, TlsMode.NONE),
                config.listeners().stream().map(Listener::tls).toList());
        assertEquals(
                Optional.of(new ClientCertificates(true, Path.of("/etc/ca.pem"))),
                config.listeners().getFirst().clients());
        assertEquals(
                List.of(false, false, true),
                config.listeners().stream().map(Listener::allowPlaintext).toList());
        assertEquals(
                List.of(
                        List.of(Path.of("/etc/fullchain.pem"), home.resolve("conf/privkey.pem")),
                        List.of(home.resolve("conf/mail.p12")),
                        List.of(
                                home.resolve("state/tls/certificate.pem"),
                                home.resolve("state/tls/key.pem"))),
                config.identities().stream().map(it -> it.source().files()).toList());
        assertFalse(config.identities().toString().contains("hunter2"));
    }

    private static String legacy(String address, String more) {
        return GOOD.replace(
                "<listener address=\"127.0.0.1\" port=\"1100\"/>\n  </listeners>",
                "<listener address=\"%s\" port=\"1100\" tls-profile=\"legacy\" %s/>\n"
                                .formatted(address, more)
                        + "  </listeners><tls><identity self-signed=\"true\"/></tls>");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "localhost",
                "10.1.2.3",
                "172.31.255.1",
                "192.168.1.2",
                "169.254.7.7",
                "::1",
                "fd00::7",
                "fe80::1%eth0"
            })
    void aLegacyProfileIsTakenOnAPrivateAddress(String address) throws Exception {
        for (var mode : List.of("implicit", "starttls")) {
            var config = good(legacy(address, "tls=\"" + mode + "\""));
            var listener = config.listeners().getFirst();
            assertEquals(TlsProfile.LEGACY, listener.profile());
            assertTrue(listener.warning().orElseThrow().contains(address + " port 1100"));
        }
        assertEquals(Optional.empty(), good(GOOD).listeners().getFirst().warning());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "::",
                "192.0.2.7",
                "172.32.0.1",
                "2001:db8::1",
                "mail.example.org"
            })
    void elsewhereItHasToBeMeant(String address) throws Exception {
        var refused = read(legacy(address, "tls=\"implicit\""));
        assertEquals(
                "gateway.xml:3: tls-profile: TLS 1.0 and 1.1 are broken (RFC 8996), and \""
                        + address
                        + "\" is not a private address. Let the devices use a listener on an address"
                        + " like 192.168.1.2, written in digits; or, if the whole Internet is meant,"
                        + " add allow-public-legacy=\"true\".",
                words(refused.problems()));
        var meant = legacy(address, "tls=\"implicit\" allow-public-legacy=\"true\"");
        assertEquals(TlsProfile.LEGACY, good(meant).listeners().getFirst().profile());
    }

    // --- what is wrong ---

    /** What to replace in the good file, by what, and what is said then. */
    private static Stream<Arguments> wrong() {
        return Stream.of(
                wrong(
                        "<listeners>",
                        "<listners/><listeners>",
                        "2: listners: there is no such element in <gateway>. Remove it, or use one"
                                + " of: <server>, <limits>, <listeners>, <tls>, <authentication>,"
                                + " <utf8>, <realms>, <locks>."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" ssl=\"yes\"",
                        "3: ssl: <listener> has no such attribute. Remove it, or use one of:"
                                + " address, port, tls, tls-profile, allow-public-legacy,"
                                + " allow-plaintext, client-certificates, client-trust."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" tls=\"yes\"",
                        "3: tls: \"yes\" is no way to use TLS. Give implicit, starttls or none."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" tls=\"starttls\"",
                        "3: tls: there is no certificate for it. Add <tls> with an <identity>, or"
                                + " write tls=\"none\"."),
                wrong(
                        "<listener address=\"127.0.0.1\" port=\"1100\"/>\n  </listeners>",
                        "<listener address=\"127.0.0.1\" port=\"1100\" tls=\"implicit\""
                                + " allow-plaintext=\"true\"/>\n  </listeners>"
                                + "<tls><identity self-signed=\"true\"/></tls>",
                        "3: allow-plaintext: nothing travels in the clear where tls=\"implicit\"."
                                + " Remove it."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" client-certificates=\"yes\"",
                        "3: client-certificates: \"yes\" is not known. Give none, optional or"
                                + " required."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" tls-profile=\"old\"",
                        "3: tls-profile: \"old\" is not known. Give modern or legacy."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" tls-profile=\"legacy\"",
                        "3: tls-profile: there is no TLS here. Add tls=\"implicit\" or"
                                + " tls=\"starttls\", or remove it."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" allow-public-legacy=\"true\"",
                        "3: allow-public-legacy: there is nothing to allow without"
                                + " tls-profile=\"legacy\". Remove it."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" client-trust=\"ca.pem\"",
                        "3: client-trust: clients are not asked for certificates. Add"
                                + " client-certificates=\"optional\" or \"required\", or remove it."),
                wrong(
                        "port=\"1100\"",
                        "port=\"1100\" client-certificates=\"required\" client-trust=\"ca.pem\"",
                        "3: client-certificates: there are no certificates without TLS. Add"
                                + " tls=\"implicit\" or tls=\"starttls\"."),
                wrong(
                        "port=\"1100\"/>\n  </listeners>",
                        "port=\"1100\" tls=\"implicit\" client-certificates=\"optional\"/>\n"
                                + "  </listeners><tls><identity self-signed=\"true\"/></tls>",
                        "3: client-trust: it is missing. Give a PEM file with the authorities that"
                                + " vouch for your clients."),
                wrong(
                        "</listeners>",
                        "</listeners><tls/>",
                        "4: tls: it is empty. Add at least one <identity>."),
                wrong(
                        "</listeners>",
                        "</listeners><tls><identity/></tls>",
                        "4: identity: it is one of three: certificate and key; pkcs12; self-signed."
                                + " Give certificate=\"...\" and key=\"...\", such as certbot's"
                                + " fullchain.pem and privkey.pem."),
                wrong(
                        "</listeners>",
                        "</listeners><tls><identity certificate=\"a.pem\"/></tls>",
                        "4: key: it is missing. Give both; they may be the same file."),
                wrong(
                        "</listeners>",
                        "</listeners><tls><identity pkcs12=\"a.p12\"/></tls>",
                        "4: password: it is missing. Add password=\"${file:UTF-8:...}\" or"
                                + " password=\"${env:...}\"."),
                wrong(
                        "<listeners>",
                        "<limits><handshake-timeout>PT3M</handshake-timeout></limits><listeners>",
                        "2: handshake-timeout: \"PT3M\" is out of range. Give PT1S to PT2M."),
                wrong("port=\"1100\"", "", "3: port: it is missing. Give one; POP3's own is 110."),
                wrong(
                        "1100",
                        "65536",
                        "3: port: \"65536\" is not a port. Give a number from 0 to 65535; POP3's"
                                + " own is 110, 0 takes any free one."),
                wrong(
                        "1100",
                        "-1",
                        "3: port: \"-1\" is not a port. Give a number from 0 to 65535; POP3's own"
                                + " is 110, 0 takes any free one."),
                wrong(
                        "address=\"127.0.0.1\"",
                        "",
                        "3: address: it is missing. Give the address to listen on, such as"
                                + " 127.0.0.1, 0.0.0.0 or ::."),
                wrong(
                        "127.0.0.1",
                        "any where",
                        "3: address: \"any where\" is not an address. Give one like 127.0.0.1,"
                                + " 0.0.0.0, ::1 or ::."),
                wrong(
                        "    <listener address=\"127.0.0.1\" port=\"1100\"/>\n",
                        "",
                        "2: listeners: it is empty. Add at least one <listener>."),
                wrong(
                        "plugin=\"user-pass\"",
                        "",
                        "6: plugin: it is missing. Name a plugin; \"postern plugins\" shows which"
                                + " there are."),
                wrong(
                        "plugin=\"user-pass\"",
                        "plugin=\"../user\"",
                        "6: plugin: \"../user\" is not a plugin's name. Name a plugin; \"postern"
                                + " plugins\" shows which there are."),
                wrong(
                        "name=\"main\"",
                        "name=\"../up\"",
                        "9: name: \"../up\" is not a realm's name. Use 1 to 63 lower-case letters,"
                                + " digits and hyphens."),
                wrong(
                        "</listeners>",
                        "<listener address=\"127.0.0.1\" port=\"1100\"/></listeners>",
                        "4: listener: it is the same as at line 3. Keep one of them."),
                wrong("name=\"main\"", "", "9: name: it is missing. Give the realm a name."),
                wrong(
                        "name=\"main\"",
                        "name=\"main\" default=\"yes\"",
                        "9: default: \"yes\" is neither true nor false. Give true or false."),
                wrong(
                        "<directory ",
                        "<directory on-failure=\"ask\" ",
                        "10: on-failure: \"ask\" is neither stop nor next. Give one of them;"
                                + " without it, it is stop."),
                wrong(
                        "<store plugin=\"maildir\"/>",
                        "",
                        "9: realm: it has no <store>. Add <store plugin=\"...\">: where its mail"
                                + " is kept."),
                wrong(
                        "<store plugin=\"maildir\"/>",
                        "<store plugin=\"maildir\"/>\n<store plugin=\"memory\"/>",
                        "12: store: a realm has one <store>. Keep one of them."),
                wrong(
                        "<directory plugin=\"xml-users\"><file>conf/users.xml</file></directory>",
                        "",
                        "9: realm: it has no <directory>. Add <directory plugin=\"...\">: where"
                                + " its users are known."),
                wrong(
                        "<file>conf/users.xml</file>",
                        "<file><path>x</path></file>",
                        "10: file: a plugin's setting is a plain text. Write <file>...</file>."),
                wrong(
                        "<file>conf/users.xml</file>",
                        "<file mode=\"r\">x</file>",
                        "10: file: a plugin's setting is a plain text. Write <file>...</file>."),
                wrong(
                        "<store plugin=\"maildir\"/>",
                        "<domain>no domain</domain><store plugin=\"maildir\"/>",
                        "11: domain: \"no domain\" is not a domain. Give one like example.org."),
                wrong(
                        "<store plugin=\"maildir\"/>",
                        "<domain>a.example</domain>\n<domain>A.example</domain><store"
                                + " plugin=\"maildir\"/>",
                        "12: domain: \"A.example\" stands at line 11 already. Give each domain to"
                                + " one realm."),
                wrong(
                        "</realms>",
                        "<realm name=\"main\" default=\"true\"><directory plugin=\"a\"/><store"
                                + " plugin=\"b\"/></realm></realms>",
                        "13: name: \"main\" is the name of the realm at line 9. Give each realm"
                                + " its own."),
                wrong(
                        "</realms>",
                        "<realm name=\"two\"><directory plugin=\"a\"/><store"
                                + " plugin=\"b\"/></realm></realms>",
                        "8: realms: no realm is the default. Add default=\"true\" to the one that"
                                + " takes names without a domain."),
                wrong(
                        "<realm name=\"main\">",
                        "<realm name=\"two\" default=\"true\"><directory plugin=\"a\"/><store"
                                + " plugin=\"b\"/></realm>\n<realm name=\"main\" default=\"true\">",
                        "10: default: the realm at line 9 is the default. Let one realm only be"
                                + " the default."),
                wrong(
                        "<listeners>",
                        "<limits><idle-timeout>PT9M59S</idle-timeout></limits><listeners>",
                        "2: idle-timeout: it is shorter than the 10 minutes that RFC 1939 §3"
                                + " promises to clients. Give PT10M or more, or add"
                                + " allow-short=\"true\"."),
                wrong(
                        "<listeners>",
                        "<limits><idle-timeout allow-short=\"yes\">PT1M</idle-timeout></limits>"
                                + "<listeners>",
                        "2: allow-short: \"yes\" is neither true nor false. Give true or false."),
                wrong(
                        "<realm name=\"main\">",
                        "<realm name=\"main\"><login-delay>P2D</login-delay>",
                        "9: login-delay: \"P2D\" is out of range. Give PT0S to PT24H."),
                wrong(
                        "<realm name=\"main\">",
                        "<realm name=\"main\"><expire>0</expire>",
                        "9: expire: \"0\" is no time to keep mail. Give NEVER, or days from 1."),
                wrong(
                        "<listeners>",
                        "<limits><drain>30 s</drain></limits><listeners>",
                        "2: drain: \"30 s\" is not a duration. Give one like PT30S, PT10M or"
                                + " PT1H."),
                wrong(
                        "<listeners>",
                        "<limits><connections>many</connections></limits><listeners>",
                        "2: connections: \"many\" is not a whole number. Give one, like 100."),
                wrong(
                        "<listeners>",
                        "<limits><logins>0</logins></limits><listeners>",
                        "2: logins: \"0\" is out of range. Give 1 to 1000000."),
                wrong(
                        "<listeners>",
                        "<limits><octets-before-login>9GiB</octets-before-login></limits><listeners>",
                        "2: octets-before-login: \"9GiB\" is not a size. Give octets, like 4096,"
                                + " 64KiB or 1MiB."),
                wrong(
                        "<listeners>",
                        "<limits><trusted-networks>localhost</trusted-networks></limits><listeners>",
                        "2: trusted-networks: \"localhost\" is not a list of networks. Give"
                                + " addresses and networks like 192.0.2.7 198.51.100.0/24"
                                + " 2001:db8::/32."),
                wrong(
                        "port=\"1100\"/>",
                        "port=\"1100\"><proxy-protocol/></listener>",
                        "3: from: it is missing. Give the addresses of the proxies: nobody else"
                                + " may connect here then."),
                wrong(
                        "port=\"1100\"/>",
                        "port=\"1100\"><proxy-protocol from=\"10.0.0.0/33\"/></listener>",
                        "3: from: \"10.0.0.0/33\" is not a list of networks. Give addresses and"
                                + " networks like 192.0.2.7 198.51.100.0/24 2001:db8::/32."),
                wrong(
                        "port=\"1100\"/>",
                        "port=\"1100\"><limits><drain>PT1S</drain></limits></listener>",
                        "3: drain: there is no such element in <limits>. Remove it, or use one of:"
                                + " <connections>, <connections-per-address>, <sessions-per-user>,"
                                + " <sessions-per-user-and-address>, <logins>, <bad-commands>,"
                                + " <bad-commands-before-login>,"
                                + " <octets-before-login>, <lines-before-login>."),
                wrong(
                        "</authentication>",
                        "<policy plugin=\"p\" on-failure=\"shrug\"/></authentication>",
                        "7: on-failure: \"shrug\" is neither allow nor refuse. Give refuse, or"
                                + " allow to let logins go on without the policy."),
                wrong(
                        "<listeners>",
                        "<limits><lock-wait>PT11S</lock-wait></limits><listeners>",
                        "2: lock-wait: \"PT11S\" is out of range. Give PT0S to PT10S."),
                wrong(
                        "<listeners>",
                        "<limits><drain>PT1S</drain>\n<drain>PT1S</drain></limits><listeners>",
                        "3: drain: it stands at line 2 already. Keep one of them."),
                wrong(
                        "<listeners>",
                        "<server name=\"not a host\"/><listeners>",
                        "2: name: \"not a host\" is not a host name. Give one like mail.example."),
                wrong(
                        "<listeners>",
                        "<utf8>yes</utf8><listeners>",
                        "2: utf8: \"yes\" is neither true nor false. Give true or false."),
                wrong(
                        "127.0.0.1",
                        "127.0.0.1:110",
                        "3: address: \"127.0.0.1:110\" is not an address. Give one like 127.0.0.1,"
                                + " 0.0.0.0, ::1 or ::."),
                wrong(
                        "127.0.0.1",
                        "127.0.0.256",
                        "3: address: \"127.0.0.256\" is not an address. Give one like 127.0.0.1,"
                                + " 0.0.0.0, ::1 or ::."),
                wrong(
                        "port=\"1100\"/>",
                        "port=\"1100\"/>\n<listener address=\"0.0.0.0\" port=\"1100\"/>",
                        "4: listener: it and the listener at line 3 cannot both have port 1100. Keep"
                                + " one of them: 0.0.0.0 and :: each take all addresses of this"
                                + " host, of IPv4 and of IPv6."),
                wrong(
                        "port=\"1100\"/>",
                        "port=\"1100\"/>\n<listener address=\"::\" port=\"1100\"/>",
                        "4: listener: it and the listener at line 3 cannot both have port 1100. Keep"
                                + " one of them: 0.0.0.0 and :: each take all addresses of this"
                                + " host, of IPv4 and of IPv6."),
                wrong(
                        "port=\"1100\"/>",
                        "port=\"1100\"/><listener address=\"::ffff:127.0.0.1\" port=\"1100\"/>",
                        "3: listener: it is the same as at line 3. Keep one of them."),
                wrong(
                        "<listeners>",
                        "<limits><drain>pt5s</drain></limits><listeners>",
                        "2: drain: \"pt5s\" is not a duration. Give one like PT30S, PT10M or PT1H."),
                wrong(
                        "<listeners>",
                        "<server/><listeners>",
                        "2: server: it has no name. Add name=\"...\", or remove <server>."),
                wrong(
                        "1100",
                        "${env:NOWHERE}",
                        "3: port: ${env:NOWHERE} is not set in the environment. Set it, or give a"
                                + " default: ${env:NOWHERE:-default}."),
                wrong(
                        "1100",
                        "${sys:user.home}",
                        "3: port: ${sys:user.home} is not known. Use ${env:NAME},"
                                + " ${env:NAME:-default} or ${file:UTF-8:path}."),
                wrong(
                        "1100",
                        "${script:javascript:1}",
                        "3: port: ${script:javascript:1} is not known. Use ${env:NAME},"
                                + " ${env:NAME:-default} or ${file:UTF-8:path}."),
                wrong(
                        "1100",
                        "${file:port}",
                        "3: port: ${file:port} names no encoding. Use ${env:NAME},"
                                + " ${env:NAME:-default} or ${file:UTF-8:path}."),
                wrong(
                        "1100",
                        "${file:UTF-9:port}",
                        "3: port: ${file:UTF-9:port} names an unknown encoding. Use ${env:NAME},"
                                + " ${env:NAME:-default} or ${file:UTF-8:path}."),
                wrong(
                        "<realms>",
                        "<realms>stray words",
                        "8: realms: text stands in <realms>, which takes none. Remove \"stray"
                                + " words\"."),
                wrong(
                        "<store plugin=\"maildir\"/>",
                        "<store plugin=\"maildir\"/><kept-deletions days=\"1\"/>",
                        "11: folder: it is missing. Name a folder for the removed mail, outside of"
                                + " every store's."),
                wrong(
                        "<store plugin=\"maildir\"/>",
                        "<store plugin=\"maildir\"/><kept-deletions folder=\"kept\"/>",
                        "11: days: it is missing. Say how long to keep it, like 30."),
                wrong(
                        "<store plugin=\"maildir\"/>",
                        "<store plugin=\"maildir\"/><kept-deletions folder=\"kept\" days=\"P1D\"/>",
                        "11: days: \"P1D\" is not a number of days. Give 1 to 9999, like 30."),
                wrong(
                        "<store plugin=\"maildir\"/>",
                        "<store plugin=\"maildir\"/>"
                                + "<kept-deletions folder=\"kept\" days=\"1\"/>".repeat(2),
                        "11: kept-deletions: it stands at line 11 already. Keep one of them."),
                wrong(
                        "</gateway>",
                        "",
                        "1: <gateway> is not closed up to the end of the file. Write </gateway>"
                                + " where it ends."),
                wrong(
                        "</gateway>",
                        "<!DOCTYPE gateway SYSTEMs/></gateway>",
                        "14: a document type declaration (<!DOCTYPE ...>) is not allowed here."
                                + " Remove it."),
                wrong(
                        "<gateway>",
                        "<?xml version=\"1.0\"?><!DOCTYPE gateway SYSTEM \"gateway.dtd\"><gateway>",
                        "1: a document type declaration (<!DOCTYPE ...>) is not allowed here."
                                + " Remove it."));
    }

    private static Arguments wrong(String good, String bad, String said) {
        return Arguments.of(good, bad, said);
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void whatIsWrongIsSaidWithItsLineAndItsRemedy(String good, String bad, String said)
            throws Exception {
        var file = GOOD.replace(good, bad);
        assertFalse(file.equals(GOOD), "the file is not changed by " + good);
        var draft = read(file);
        assertEquals("gateway.xml:" + said, words(draft.problems()));
        assertTrue(draft.config().isEmpty());
    }

    @Test
    void everythingThatIsWrongIsSaidAtOnceInTheFilesOrder() throws Exception {
        var draft =
                read(
                        """
                        <gateway>
                          <one/>
                          <two/>
                          <listeners><listener address="::1" port="x"/></listeners>
                          <authentication/>
                          <realms>
                            <realm name="A">
                              <three/>
                              <store plugin="maildir"><root>mail</root></store>
                            </realm>
                          </realms>
                        </gateway>
                        """);
        assertEquals(
                List.of(
                        "2 one",
                        "3 two",
                        "4 port",
                        "5 authentication",
                        "7 name",
                        "7 realm",
                        "8 three"),
                draft.problems().stream().map(one -> one.line() + " " + one.setting()).toList());
        assertEquals(
                List.of("maildir", "local"),
                draft.places().stream().map(PluginPlace::plugin).toList());
    }

    @Test
    void anotherDocumentIsRefused() throws Exception {
        assertEquals(
                "gateway.xml:1: users: the file does not start with <gateway>. Begin with the"
                        + " distribution's conf/gateway.xml.",
                words(read("<users/>").problems()));
    }

    @Test
    void aFileThatIsNotThereIsToldWithoutALine() {
        var draft = GatewayFile.read(home.resolve("none.xml"), home, environment::get);
        assertEquals(1, draft.problems().size());
        assertTrue(
                draft.problems()
                        .getFirst()
                        .toString()
                        .startsWith(home.resolve("none.xml") + ": there is no such file. "),
                draft.problems().toString());
    }

    @Test
    void octetsThatAreNotUtf8AreTold() throws Exception {
        var file = home.resolve("gateway.xml");
        Files.write(file, GOOD.replace("main", "m\u00e4in").getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(
                "gateway.xml:9: this line is not in UTF-8: the file was saved in another encoding,"
                        + " such as Latin-1. Save the file as UTF-8.",
                words(GatewayFile.read(file, home, environment::get).problems()));
    }

    @Test
    void anUnknownEncodingIsTold() throws Exception {
        var draft = read("<?xml version=\"1.0\" encoding=\"UTF-9\"?>" + GOOD);
        assertEquals(
                "gateway.xml:1: the encoding \"UTF-9\" is not known. Save the file as UTF-8, and"
                        + " write encoding=\"UTF-8\" here.",
                words(draft.problems()));
    }

    // --- nothing outside is opened ---

    @Test
    void noExternalEntityIsRead() throws Exception {
        Files.writeString(home.resolve("secret.txt"), "hunter2");
        for (var declaration :
                List.of(
                        "<!DOCTYPE gateway [<!ENTITY x SYSTEM \"%s\">]>",
                        "<!DOCTYPE gateway [<!ENTITY %% x SYSTEM \"%s\">%%x;]>",
                        "<!DOCTYPE gateway SYSTEM \"%s\">")) {
            var draft =
                    read(
                            declaration.formatted(home.resolve("secret.txt").toUri())
                                    + GOOD.replace("conf/users.xml", "&x;"));
            assertTrue(
                    words(draft.problems()).contains("document type declaration"),
                    words(draft.problems()));
        }
    }

    @Test
    void entitiesThatGrowAreRefused() throws Exception {
        var draft =
                read(
                        "<!DOCTYPE gateway [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b"
                                + " \"&a;&a;&a;&a;\">]>"
                                + GOOD.replace("conf/users.xml", "&b;"));
        assertTrue(words(draft.problems()).contains("document type declaration"));
    }

    @Test
    void theSchemaThatTheFileNamesIsNotOpened() throws Exception {
        var schema = home.resolve("other.xsd");
        Files.writeString(schema, "this is no schema, and reading it would be an error");
        good(
                GOOD.replace(
                        "<gateway>",
                        "<gateway xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
                                + " xsi:noNamespaceSchemaLocation=\""
                                + schema.toUri()
                                + "\">"));
    }

    @Test
    void anIncludedFileIsNotRead() throws Exception {
        Files.writeString(home.resolve("more.xml"), "<listener address=\"::1\" port=\"9\"/>");
        var draft =
                read(
                        GOOD.replace(
                                "<listeners>",
                                "<listeners><xi:include"
                                        + " xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\""
                                        + home.resolve("more.xml").toUri()
                                        + "\"/>"));
        assertTrue(
                words(draft.problems()).startsWith("gateway.xml:2: xi:include: there is no such"),
                words(draft.problems()));
    }

    // --- the parts ---

    private Draft read(String xml) throws IOException {
        var file = home.resolve("gateway.xml");
        Files.writeString(file, xml);
        return GatewayFile.read(file, home, environment::get);
    }

    private GatewayConfig good(String xml) throws IOException {
        var draft = read(xml);
        assertEquals("", words(draft.problems()));
        return draft.config().orElseThrow();
    }

    /** The sentences, without the test's folder. */
    private String words(List<Problem> problems) {
        return String.join("\n", problems.stream().map(Problem::toString).toList())
                .replace(home + "/", "");
    }
}
