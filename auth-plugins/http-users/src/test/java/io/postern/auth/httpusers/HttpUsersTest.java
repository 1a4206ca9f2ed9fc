package io.postern.auth.httpusers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;

class HttpUsersTest {
    private static final Verdict ALICE =
            new Verdict.Accepted(
                    new User("alice", Map.of("maildrop", "team/alice", "sessions", "2")));
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);

    private Service service;

    @BeforeEach
    void startService() throws Exception {
        service = new Service();
    }

    @AfterEach
    void stopService() {
        service.close();
    }

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(UserDirectory.class).findFirst().orElseThrow();
        assertEquals("http-users", found.name());
    }

    @Test
    void attributesOfTheAnswerReachTheUser() throws Exception {
        try (var users = start(Map.of("url", service.url("json")))) {
            service.asked.clear();
            assertEquals(ALICE, ask(users, "Alice", Service.PASSWORD));
            assertEquals(
                    List.of("POST {\"user\":\"Alice\",\"password\":\"tän staaf\"}"), service.asked);
        }
    }

    @Test
    void whatIsTypedCannotLeaveItsPlaceInTheJson() throws Exception {
        try (var users = start(Map.of("url", service.url("json")))) {
            service.asked.clear();
            assertEquals(WRONG, ask(users, "alice", "\",\"result\":\"\\\u0001"));
            assertEquals(
                    List.of(
                            "POST {\"user\":\"alice\",\"password\":"
                                    + "\"\\u0022,\\u0022result\\u0022:\\u0022\\u005c\\u0001\"}"),
                    service.asked);
        }
    }

    @Test
    void theRequestIsThatOfNginx() throws Exception {
        try (var users = start(Map.of("url", service.url("nginx"), "dialect", "nginx"))) {
            service.asked.clear();
            assertEquals(
                    new Verdict.Accepted(new User("alice")), ask(users, "ALICE", Service.PASSWORD));
            assertEquals(WRONG, ask(users, "nobody", "a b%\r\nX: y"), "it cannot tell");
            assertTrue(service.asked.getFirst().startsWith("GET "), service.asked.toString());
            for (var part :
                    List.of(
                            "method=plain",
                            "protocol=pop3",
                            "attempt=1",
                            "pass=t%C3%A4n%20staaf")) {
                assertTrue(service.asked.getFirst().contains(part), service.asked.toString());
            }
            assertTrue(service.asked.getLast().contains("pass=a%20b%25%0D%0AX:%20y"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.7, true, 192.0.2.7, on",
        "192.0.2.7, false, 192.0.2.7, null",
        "2001:db8::7, true, 2001:db8:0:0:0:0:0:7, on",
        "fe80::7%1, true, fe80:0:0:0:0:0:0:7, on"
    })
    void theServiceLearnsWhereTheClientIs(
            String address, boolean encrypted, String told, String ssl) throws Exception {
        var client = new From(InetAddress.getByName(address), encrypted);
        try (var users = start(Map.of("url", service.url("json")))) {
            service.asked.clear();
            assertEquals(ALICE, ask(users, "alice", Service.PASSWORD, client));
            assertEquals(
                    List.of(
                            "POST {\"user\":\"alice\",\"password\":\"tän staaf\",\"client\":\""
                                    + told
                                    + "\",\"encrypted\":"
                                    + encrypted
                                    + "}"),
                    service.asked);
        }
        try (var users = start(Map.of("url", service.url("nginx"), "dialect", "nginx"))) {
            ask(users, "alice", Service.PASSWORD, client);
            for (var part : List.of("client=" + told, "ssl=" + ssl)) {
                assertTrue(service.asked.getLast().contains(part), service.asked.toString());
            }
            ask(users, "alice", Service.PASSWORD);
            for (var part : List.of("client=null", "ssl=null")) {
                assertTrue(service.asked.getLast().contains(part), service.asked.toString());
            }
        }
    }

    /** The service may bar an address: what it said of one must not let in another. */
    @Test
    void whatIsRememberedHoldsForOneAddressOnly() throws Exception {
        var home = new From(InetAddress.getByName("192.0.2.7"), true);
        var cafe = new From(InetAddress.getByName("198.51.100.7"), true);
        try (var users = start(Map.of("url", service.url("json"), "cache-time", "PT10M"))) {
            service.asked.clear();
            assertEquals(ALICE, ask(users, "alice", Service.PASSWORD, home));
            assertEquals(ALICE, ask(users, "alice", Service.PASSWORD, home));
            assertEquals(1, service.asked.size());
            service.instead =
                    exchange -> Service.reply(exchange, 200, "{\"result\":\"not-allowed\"}");
            assertEquals(
                    new Verdict.Refused(Reason.NOT_ALLOWED),
                    ask(users, "alice", Service.PASSWORD, cafe));
        }
    }

    @Test
    void theNameThatTheServiceGivesIsTheCanonicalOne() throws Exception {
        service.instead =
                exchange -> {
                    exchange.getResponseHeaders().set("Auth-Status", "OK");
                    exchange.getResponseHeaders().set("Auth-User", "alice@example.org");
                    Service.reply(exchange, 200, "");
                };
        try (var users = start(Map.of("url", service.url("nginx"), "dialect", "nginx"))) {
            assertEquals(
                    new Verdict.Accepted(new User("alice@example.org")), ask(users, "al", "x"));
        }
    }

    @Test
    void aTemporaryErrorOfNginxsDialectIsAnOutage() throws Exception {
        service.instead =
                exchange -> {
                    exchange.getResponseHeaders().set("Auth-Status", "Temporary server problem");
                    exchange.getResponseHeaders().set("Auth-Error-Code", "451 4.3.0");
                    Service.reply(exchange, 200, "");
                };
        try (var users = start(Map.of("url", service.url("nginx"), "dialect", "nginx"))) {
            assertEquals(Fault.Kind.TEMPORARY, fault(users).kind());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "500, TEMPORARY",
        "503, TEMPORARY",
        "429, TEMPORARY",
        "404, PERMANENT",
        "403, PERMANENT",
        "302, PERMANENT",
        "204, PERMANENT"
    })
    void anotherStatusIsAFaultAndNoWrongPassword(int status, Fault.Kind kind) throws Exception {
        service.instead =
                exchange -> {
                    exchange.getResponseHeaders().set("Location", service.url("json"));
                    Service.reply(exchange, status, "");
                };
        for (var dialect : List.of("json", "nginx")) {
            try (var users = start(Map.of("url", service.url(dialect), "dialect", dialect))) {
                assertEquals(kind, fault(users).kind());
            }
        }
        assertTrue(service.asked.isEmpty(), "a redirect was followed");
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 407})
    void aServiceThatRefusesThisServerIsSaidAtTheStartAndAtALogin(int status) throws Exception {
        Service.Answer refusal = exchange -> Service.reply(exchange, status, "");
        for (var dialect : List.of("json", "nginx")) {
            var settings =
                    Map.of(
                            "url",
                            service.url(dialect),
                            "dialect",
                            dialect,
                            "authorization",
                            "Bearer geheim");
            service.instead = refusal;
            var refused = assertThrows(SettingException.class, () -> start(settings));
            assertEquals("authorization", refused.setting());
            assertTrue(refused.getMessage().contains("status " + status), refused.getMessage());

            service.instead = null;
            try (var users = start(settings)) {
                service.instead = refusal;
                var fault = fault(users);
                assertEquals(Fault.Kind.PERMANENT, fault.kind());
                assertTrue(fault.getMessage().contains("<authorization>"), fault.getMessage());
                assertEquals(fault.getMessage(), users.trouble().orElseThrow());
            }
        }
    }

    @Test
    void aServiceThatIsDownAtTheStartMayComeLater() throws Exception {
        var url = service.url("json");
        service.close();
        try (var users = start(Map.of("url", url))) {
            var fault = fault(users);
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
            assertTrue(fault.getMessage().contains("connect"), fault.getMessage());
        }
    }

    @Test
    void aCheckAsksNobody() {
        try (var users = new HttpUsers()) {
            users.check(
                    new PluginConfig(
                            users.settings(),
                            Map.of("url", List.of(service.url("json"))),
                            Path.of("target"),
                            Path.of("target")),
                    null);
        }
        assertEquals(List.of(), service.asked);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nonsense",
                "[]",
                "{",
                "{}",
                "{} {}",
                "{\"result\":\"yes\"}",
                "{\"result\":1}",
                "{\"result\":\"accepted\"}",
                "{\"result\":\"accepted\",\"user\":\"\"}",
                "{\"result\":\"accepted\",\"user\":[\"alice\"]}",
                "{\"result\":\"accepted\",\"user\":\"a\\u0000b\"}",
                "{\"result\":\"accepted\",\"user\":\"alice\",\"attributes\":{"
            })
    void anAnswerThatIsNoneLetsNobodyIn(String body) throws Exception {
        service.instead = exchange -> Service.reply(exchange, 200, body);
        try (var users = start(Map.of("url", service.url("json")))) {
            assertEquals(Fault.Kind.PERMANENT, fault(users).kind());
        }
    }

    @Test
    void anAnswerWithoutEndIsCutOff() throws Exception {
        service.instead = exchange -> Service.reply(exchange, 200, " ".repeat(100_000) + "{}");
        try (var users = start(Map.of("url", service.url("json")))) {
            assertEquals(Fault.Kind.TEMPORARY, fault(users).kind());
        }
    }

    @Test
    void aServiceThatSaysItCannotTellIsAnOutage() throws Exception {
        service.instead = exchange -> Service.reply(exchange, 200, "{\"result\":\"unavailable\"}");
        try (var users = start(Map.of("url", service.url("json")))) {
            assertEquals(Fault.Kind.TEMPORARY, fault(users).kind());
        }
    }

    @Test
    void aServiceThatIsDownOrSilentIsAnOutage() throws Exception {
        var url = service.url("json");
        service.close();
        try (var users = start(Map.of("url", url))) {
            assertEquals(Fault.Kind.TEMPORARY, fault(users).kind());
        }
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var users =
                        start(
                                Map.of(
                                        "url",
                                        "http://127.0.0.1:" + silent.getLocalPort(),
                                        "timeout",
                                        "PT1S"))) {
            assertEquals(Fault.Kind.TEMPORARY, fault(users).kind());
        }
    }

    @Test
    void theServiceIsToldWhoAsks() throws Exception {
        var seen = new AtomicReference<String>();
        service.instead =
                exchange -> {
                    seen.set(exchange.getRequestHeaders().getFirst("Authorization"));
                    Service.reply(exchange, 200, "{\"result\":\"wrong-password\"}");
                };
        try (var users =
                start(Map.of("url", service.url("json"), "authorization", "Bearer geheim"))) {
            assertEquals(WRONG, ask(users, "alice", "x"));
            assertEquals("Bearer geheim", seen.get());
        }
    }

    @Test
    void whatIsRememberedEndsWhenThePasswordIsSeenToChange() throws Exception {
        try (var users = start(Map.of("url", service.url("json"), "cache-time", "PT10M"))) {
            assertEquals(ALICE, ask(users, "alice", Service.PASSWORD));
            service.password = "new";
            assertEquals(ALICE, ask(users, "alice", Service.PASSWORD), "remembered");
            assertEquals(ALICE, ask(users, "alice", "new"));
            assertEquals(WRONG, ask(users, "alice", Service.PASSWORD));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "url, ftp://a",
        "url, nonsense",
        "url, http://u:p@a/",
        "url, http:///x",
        "url, 'http://a b'",
        "timeout, PT0.5S",
        "timeout, PT2M",
        "unknown-status, x",
        "ca-file, /nowhere.pem",
        "cache-time, P2D",
        "authorization, 'a\nb'",
        "authorization, ''"
    })
    void aSettingThatCannotBeUsedIsRefused(String setting, String value) {
        var settings = new TreeMap<>(Map.of("url", service.url("json")));
        settings.put(setting, value);
        var refused = assertThrows(SettingException.class, () -> start(settings));
        assertEquals(setting, refused.setting());
    }

    static HttpUsers start(Map<String, String> settings) throws Exception {
        var users = new HttpUsers();
        var values = new TreeMap<String, List<String>>();
        settings.forEach((name, value) -> values.put(name, List.of(value)));
        try {
            users.start(
                    new PluginConfig(
                            users.settings(), values, Path.of("target"), Path.of("target")));
            return users;
        } catch (Exception e) {
            users.close();
            throw e;
        }
    }

    private static Fault fault(HttpUsers users) {
        var fault = assertThrows(Fault.class, () -> ask(users, "alice", "geheim"));
        for (Throwable e = fault; e != null; e = e.getCause()) {
            assertFalse(String.valueOf(e.getMessage()).contains("geheim"), e.toString());
        }
        return fault;
    }

    private static Verdict ask(HttpUsers users, String name, String text) throws Exception {
        try (var password = Secret.of(text)) {
            return users.verify(name, password);
        }
    }

    private static Verdict ask(HttpUsers users, String name, String text, Channel channel)
            throws Exception {
        try (var password = Secret.of(text)) {
            return users.verify(name, password, channel);
        }
    }

    private record From(InetAddress clientAddress, boolean encrypted) implements Channel {
        @Override
        public List<X509Certificate> clientCertificates() {
            return List.of();
        }

        @Override
        public Optional<byte[]> channelBinding(String type) {
            return Optional.empty();
        }
    }
}
