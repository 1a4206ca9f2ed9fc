package org.example.postern;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A mail store behind the HTTP service of the README. The service numbers nothing: each message has
 * an id that is never given again, which is its unique-id here, and removals name ids. It keeps the
 * highest token of each box and the result of each commit, so this class keeps nothing that a
 * restart could lose.
 */
public final class Letterbox implements MaildropStore {
    private static final Setting URL =
            Setting.required("url", Setting.Kind.TEXT, "The service, http:// or https://.");
    private static final Setting TIMEOUT =
            Setting.withDefault(
                    "timeout",
                    Setting.Kind.DURATION,
                    "PT10S",
                    "How long the service may be silent, PT0.1S to PT5M.");

    private static final Duration LEAST_TIMEOUT = Duration.ofMillis(100);
    private static final Duration MOST_TIMEOUT = Duration.ofMinutes(5);

    /** Names that are one step of a URL's path as they stand. */
    private static final Pattern BOX = Pattern.compile("[A-Za-z0-9@_-][A-Za-z0-9@._-]{0,199}");

    private final Sizes sizes = new Sizes();
    private String url;
    private Service service;

    @Override
    public List<Setting> settings() {
        return List.of(URL, TIMEOUT);
    }

    @Override
    public void start(PluginConfig config) {
        var timeout = config.duration(TIMEOUT.name());
        if (timeout.compareTo(LEAST_TIMEOUT) < 0 || timeout.compareTo(MOST_TIMEOUT) > 0) {
            throw new SettingException(
                    TIMEOUT.name(),
                    "it is " + timeout,
                    "Give " + LEAST_TIMEOUT + " to " + MOST_TIMEOUT + ".");
        }
        url = url(config.text(URL.name()));
        service = new Service(url, timeout);
    }

    @Override
    public void close() {
        if (service != null) {
            service.close();
        }
    }

    /** The service compares the token within the commit. */
    @Override
    public FenceMode fenceMode() {
        return FenceMode.REGISTERED;
    }

    @Override
    public MaildropId locate(User user) throws Fault {
        if (!BOX.matcher(user.name()).matches()) {
            throw Fault.permanent("no box can be called \"" + user.name() + "\"", null);
        }
        return new MaildropId("letterbox:" + url + "/" + user.name());
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault, InterruptedException {
        var box = id.value().substring(id.value().lastIndexOf('/') + 1);
        // In this order: whatever an older session does from now on, the service refuses it.
        service.register(box, token);
        return OpenBox.open(service, sizes, box);
    }

    private static String url(String text) {
        try {
            var url = new URI(text);
            if (List.of("http", "https").contains(String.valueOf(url.getScheme()))
                    && url.getHost() != null
                    && url.getQuery() == null) {
                return text.replaceAll("/+$", "");
            }
        } catch (URISyntaxException e) {
            // Told below, in the operator's words.
        }
        throw new SettingException(
                URL.name(),
                "\"" + text + "\" is not the address of a service",
                "Write one like https://mail.example.org/boxes.");
    }
}
