package org.example.postern;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.apache.commons.codec.binary.Base64;
import org.apache.commons.logging.LogFactory;
import org.apache.http.HttpEntity;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.HttpGet;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * Asks a staff service over HTTP whether a password is right. The service gets {@code GET url} with
 * name and password as RFC 7617 has them, and answers by its status:
 *
 * <table>
 *   <caption>what each status means</caption>
 *   <tr><td>200</td><td>right; the body is the canonical name</td></tr>
 *   <tr><td>401</td><td>the password is wrong</td></tr>
 *   <tr><td>403</td><td>the account exists and may not log in</td></tr>
 *   <tr><td>404</td><td>nobody has this name</td></tr>
 *   <tr><td>429, 500 and above</td><td>it cannot say now</td></tr>
 * </table>
 *
 * <p>Any number of threads.
 */
public final class StaffDirectory implements PasswordDirectory {
    private static final Logger log = LoggerFactory.getLogger(StaffDirectory.class);

    private static final Setting URL =
            Setting.required("url", Setting.Kind.TEXT, "The staff service, http:// or https://.");
    private static final Setting TIMEOUT =
            Setting.withDefault(
                    "timeout",
                    Setting.Kind.DURATION,
                    "PT5S",
                    "How long the service may be silent, PT0.1S to PT1M.");

    private static final Duration LEAST_TIMEOUT = Duration.ofMillis(100);
    private static final Duration MOST_TIMEOUT = Duration.ofMinutes(1);

    /** Questions at the same time; a login beyond them waits, for no longer than the time-out. */
    private static final int CONNECTIONS = 50;

    /** Of an answer, octets. A name has at most 255 characters. */
    private static final int LONGEST_ANSWER = 1024;

    private URI url;
    private CloseableHttpClient client;

    @Override
    public List<Setting> settings() {
        return List.of(URL, TIMEOUT);
    }

    @Override
    public void start(PluginConfig config) {
        url = url(config.text(URL.name()));
        var timeout = config.duration(TIMEOUT.name());
        if (timeout.compareTo(LEAST_TIMEOUT) < 0 || timeout.compareTo(MOST_TIMEOUT) > 0) {
            throw new SettingException(
                    TIMEOUT.name(),
                    "it is " + timeout,
                    "Give " + LEAST_TIMEOUT + " to " + MOST_TIMEOUT + ".");
        }
        var millis = (int) timeout.toMillis();
        client =
                HttpClients.custom()
                        .setDefaultRequestConfig(
                                RequestConfig.custom()
                                        .setConnectionRequestTimeout(millis)
                                        .setConnectTimeout(millis)
                                        .setSocketTimeout(millis)
                                        .build())
                        .setMaxConnTotal(CONNECTIONS)
                        .setMaxConnPerRoute(CONNECTIONS)
                        // The service may have closed a connection meanwhile: once more, but not
                        // after a time-out, and not where the server stops.
                        .setRetryHandler((e, tries, _) ->
                                tries == 1
                                        && !(e instanceof InterruptedIOException)
                                        && !Thread.currentThread().isInterrupted())
                        // One login must not leave anything for the next one.
                        .disableCookieManagement()
                        .disableAuthCaching()
                        .disableRedirectHandling()
                        .build();
        log.info(
                "staff-directory uses httpclient {}, commons-codec {} and commons-logging {}",
                HttpClients.class.getPackage().getImplementationVersion(),
                Base64.class.getPackage().getImplementationVersion(),
                LogFactory.class.getPackage().getImplementationVersion());
    }

    @Override
    public void close() {
        if (client != null) {
            try {
                client.close();
            } catch (IOException e) {
                log.warn("a connection to the staff service cannot be closed", e);
            }
        }
    }

    @Override
    public Verdict verify(String name, Secret password) throws Fault, InterruptedException {
        if (name.contains(":")) {
            return new Verdict.Refused(Reason.UNKNOWN_USER); // RFC 7617 has no way to ask for it
        }
        var request = new HttpGet(url);
        request.setHeader("Authorization", "Basic " + credentials(name, password));
        try (var answer = client.execute(request)) {
            var status = answer.getStatusLine().getStatusCode();
            return switch (status) {
                case 200 -> new Verdict.Accepted(user(answer.getEntity()));
                case 401 -> new Verdict.Refused(Reason.WRONG_PROOF);
                case 403 -> new Verdict.Refused(Reason.NOT_ALLOWED);
                case 404 -> new Verdict.Refused(Reason.UNKNOWN_USER);
                default -> {
                    var words = "the staff service answers with status " + status;
                    throw status == 429 || status >= 500
                            ? Fault.temporary(words, null)
                            : Fault.permanent(words, null);
                }
            };
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException(); // the server stops, and nothing is broken
            }
            throw Fault.temporary("the staff service gives no answer", e);
        }
    }

    private static URI url(String text) {
        try {
            var url = new URI(text);
            if (List.of("http", "https").contains(String.valueOf(url.getScheme()))
                    && url.getHost() != null) {
                return url;
            }
        } catch (URISyntaxException e) {
            // Told below, in the operator's words.
        }
        throw new SettingException(
                URL.name(),
                "\"" + text + "\" is not the address of a service",
                "Write one like https://staff.example.org/whoami.");
    }

    /** A password is octets: it goes through no String on its way. */
    private static String credentials(String name, Secret password) {
        var before = (name + ":").getBytes(StandardCharsets.UTF_8);
        var octets = password.octets();
        var both = Arrays.copyOf(before, before.length + octets.length);
        System.arraycopy(octets, 0, both, before.length, octets.length);
        try {
            return Base64.encodeBase64String(both);
        } finally {
            Arrays.fill(octets, (byte) 0);
            Arrays.fill(both, (byte) 0);
        }
    }

    private static User user(HttpEntity body) throws IOException, Fault {
        byte[] octets;
        try (var in = body.getContent()) {
            octets = in.readNBytes(LONGEST_ANSWER);
        }
        try {
            return new User(new String(octets, StandardCharsets.UTF_8).strip());
        } catch (IllegalArgumentException e) {
            throw Fault.permanent("the staff service answers with a name that cannot be one", e);
        }
    }
}
