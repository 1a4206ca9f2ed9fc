package io.postern.auth.httpusers;

import io.postern.auth.remote.AnswerCache;
import io.postern.auth.remote.Circuit;
import io.postern.auth.remote.LoginName;
import io.postern.auth.remote.Outage;
import io.postern.auth.remote.Pace;
import io.postern.auth.remote.WebClient;
import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.Health;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpRequest;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Asks a service of the operator's over HTTP whether a password is right. */
public final class HttpUsers implements PasswordDirectory, Health {
    private static final Logger log = LoggerFactory.getLogger(HttpUsers.class);

    private static final Setting URL =
            Setting.required("url", Setting.Kind.TEXT, "The service: https:// or http://.");

    private static final Setting DIALECT =
            Setting.choice(
                    "dialect",
                    List.of("json", "nginx"),
                    "How it is asked: a POST of JSON, or as nginx's auth_http does.");

    private static final Setting AUTHORIZATION =
            Setting.optional(
                    "authorization",
                    Setting.Kind.SECRET,
                    "The header field Authorization of each request, like Bearer ...");

    private static final Setting UNKNOWN_STATUS =
            Setting.optional(
                    "unknown-status",
                    Setting.Kind.TEXT,
                    "The Auth-Status by which a service of the nginx dialect says that it knows no"
                            + " such user.");

    private static final Setting CA_FILE =
            Setting.optional(
                    "ca-file",
                    Setting.Kind.PATH,
                    "The certificates, in PEM, that the service's must lead to; else those of"
                            + " Java.");

    private static final Setting TIMEOUT =
            Setting.withDefault(
                            "timeout",
                            Setting.Kind.DURATION,
                            "PT5S",
                            "How long the service may take.")
                    .between("PT1S", "PT1M");

    private static final int OK = 200;

    /** By these a service, or a proxy before it, refuses whoever asks (RFC 9110 §15.5). */
    private static final Set<Integer> REFUSED = Set.of(401, 407);

    /** Longest password that is sent, octets: a header field has to hold it. */
    private static final int MAX_PASSWORD = 512;

    /** In place of a name that the service must not see: the domain cannot exist (RFC 2606 §2). */
    private static final String NOBODY = "nobody@postern.invalid";

    private final Pace pace = new Pace();
    private URI url;
    private Dialect dialect;
    private Optional<String> authorization;
    private Circuit circuit;
    private AnswerCache cache;
    private WebClient client;

    @Override
    public List<Setting> settings() {
        var settings =
                new ArrayList<>(
                        List.of(URL, DIALECT, AUTHORIZATION, UNKNOWN_STATUS, CA_FILE, TIMEOUT));
        settings.addAll(AnswerCache.settings());
        return settings;
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        read(config).close();
    }

    @Override
    public void start(PluginConfig config) throws InterruptedException {
        client = read(config);
        // A name that nobody has: the operator hears early what is wrong.
        try (var nothing = Secret.of("?")) {
            circuit.first(() -> ask(NOBODY, nothing, Optional.empty()));
        } catch (Fault e) {
            log.warn("http-users cannot use the answer about {}: {}", NOBODY, Fault.words(e));
        }
    }

    /** Takes what the settings say, and asks nobody. */
    private WebClient read(PluginConfig config) {
        url = url(config.text(URL.name()));
        var timeout = config.duration(TIMEOUT.name());
        var unknownStatus = config.optionalText(UNKNOWN_STATUS.name());
        var json = config.text(DIALECT.name()).equals("json");
        if (json && unknownStatus.isPresent()) {
            throw new SettingException(
                    UNKNOWN_STATUS.name(),
                    "it does not go with <dialect>json</dialect>",
                    "Remove it: the result unknown-user says the same.");
        }
        dialect = json ? new JsonDialect() : new NginxDialect(unknownStatus);
        authorization = authorization(config);
        cache = AnswerCache.of(config);
        circuit = new Circuit("the service at " + url, timeout);
        try {
            return new WebClient(config.optionalPath(CA_FILE.name()), timeout);
        } catch (IOException | GeneralSecurityException e) {
            throw (SettingException)
                    new SettingException(
                                    CA_FILE.name(),
                                    "the certificates cannot be used: " + Fault.words(e),
                                    "Name a file of certificates in PEM.")
                            .initCause(e);
        }
    }

    @Override
    public Optional<String> trouble() {
        return circuit.trouble();
    }

    @Override
    public void close() {
        if (client != null) {
            client.close();
        }
    }

    @Override
    public Verdict verify(String name, Secret password) throws Fault, InterruptedException {
        return verify(name, password, Optional.empty());
    }

    @Override
    public Verdict verify(String name, Secret password, Channel channel)
            throws Fault, InterruptedException {
        return verify(name, password, Optional.of(Client.of(channel)));
    }

    private Verdict verify(String name, Secret password, Optional<Client> client)
            throws Fault, InterruptedException {
        return cache.verify(
                name,
                password,
                client.toString(),
                () -> pace.even(() -> circuit.call(() -> ask(name, password, client))));
    }

    private Verdict ask(String name, Secret password, Optional<Client> from) throws Outage, Fault {
        var fit = LoginName.fit(name);
        var octets = password.octets();
        try {
            var text = octets.length <= MAX_PASSWORD && utf8(octets);
            // The same question is put for a name or a password that nobody can have.
            var request =
                    dialect.ask(
                            request(),
                            fit ? name : NOBODY,
                            text ? octets : "?".getBytes(StandardCharsets.US_ASCII),
                            from);
            var answer = client.send(request);
            if (REFUSED.contains(answer.statusCode())) {
                throw new Outage(
                        new SettingException(
                                AUTHORIZATION.name(),
                                "the service at "
                                        + url
                                        + " refuses this server: it answers with status "
                                        + answer.statusCode(),
                                "Give what it wants in <authorization>; about a user it has to"
                                        + " answer with status 200."));
            }
            if (answer.statusCode() != OK) {
                throw new Fault(
                        Fault.Kind.PERMANENT,
                        "the service at "
                                + url
                                + " answers with status "
                                + answer.statusCode()
                                + answer.headers()
                                        .firstValue("Location")
                                        .map(it ->
                                                ", which leads to another address: give that in <url>")
                                        .orElse(". See <url>"));
            }
            var verdict = dialect.read(answer, name);
            if (!fit) {
                return new Verdict.Refused(Reason.UNKNOWN_USER);
            }
            return !text && verdict instanceof Verdict.Accepted
                    ? new Verdict.Refused(Reason.WRONG_PROOF)
                    : verdict;
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    private HttpRequest.Builder request() {
        var request = HttpRequest.newBuilder(url);
        authorization.ifPresent(it -> request.header("Authorization", it));
        return request;
    }

    private static boolean utf8(byte[] octets) {
        try {
            var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets));
            Arrays.fill(text.array(), '\0');
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static URI url(String text) {
        try {
            var url = new URI(text);
            if (List.of("http", "https").contains(String.valueOf(url.getScheme()))
                    && url.getHost() != null
                    && url.getUserInfo() == null
                    && url.getFragment() == null) {
                return url;
            }
        } catch (URISyntaxException e) {
            // Told below, in the operator's words.
        }
        throw new SettingException(
                URL.name(),
                "\"" + text + "\" is not the address of a service",
                "Write one like https://auth.example.org/pop3; credentials go into"
                        + " <authorization>.");
    }

    private static Optional<String> authorization(PluginConfig config) {
        if (!config.has(AUTHORIZATION.name())) {
            return Optional.empty();
        }
        try (var secret = config.secret(AUTHORIZATION.name())) {
            var chars = secret.chars();
            var text = new String(chars); // a header field is nothing else
            Arrays.fill(chars, '\0');
            if (!text.matches("[ -~]+")) {
                throw new SettingException(
                        AUTHORIZATION.name(),
                        "it is empty, or has characters that a header field cannot hold",
                        "Give one line of ASCII, like Bearer ...");
            }
            return Optional.of(text);
        }
    }
}
