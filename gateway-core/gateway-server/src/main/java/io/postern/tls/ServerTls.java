package io.postern.tls;

import io.postern.spi.SettingException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The server's keys and certificates as they are now. {@link #watch} reads them again when their
 * files change: new connections get the new ones, and those that are there do not notice.
 */
public final class ServerTls implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ServerTls.class);

    private final List<Watched<Identity>> identities = new ArrayList<>();
    private final List<Door> doors = new ArrayList<>();
    private Thread watcher;

    private record Door(ListenerTls tls, Optional<Watched<List<X509Certificate>>> trusted) {
        Optional<List<X509Certificate>> authorities() {
            return trusted.map(Watched::value);
        }
    }

    /**
     * Reads the identities.
     *
     * @param sources at least one; the first is for clients that ask for none of the names
     * @throws SettingException if one cannot be used
     */
    public ServerTls(List<IdentitySource> sources) throws SettingException {
        for (var source : sources) {
            identities.add(new Watched<>(source.files(), source::load));
        }
        current().forEach(one -> one.warnings(Instant.now()).forEach(log::warn));
    }

    /**
     * TLS for one listener. Called before {@link #watch}.
     *
     * @throws SettingException if the trust file cannot be used
     */
    public ListenerTls listener(Optional<ClientCertificates> clients) throws SettingException {
        return listener(TlsProfile.MODERN, clients);
    }

    /**
     * As {@link #listener(Optional)}, with another profile.
     *
     * @throws SettingException if the trust file cannot be used
     */
    public ListenerTls listener(TlsProfile profile, Optional<ClientCertificates> clients)
            throws SettingException {
        var trusted =
                clients.map(wanted ->
                        new Watched<>(List.of(wanted.trust()), () -> authorities(wanted)));
        var tls = new ListenerTls(profile, clients, current(), trusted.map(Watched::value));
        doors.add(new Door(tls, trusted));
        return tls;
    }

    /**
     * Reads a trust file.
     *
     * @throws SettingException if it cannot be used
     */
    public static List<X509Certificate> authorities(ClientCertificates clients)
            throws SettingException {
        return PemFile.read(ClientCertificates.TRUST, clients.trust()).certificates();
    }

    /** Looks at the files again and again, on a thread of its own, until {@link #close}. */
    public void watch(Duration every) {
        watcher =
                Thread.ofVirtual()
                        .name("tls-files")
                        .start(() -> {
                            try {
                                while (true) {
                                    Thread.sleep(every);
                                    look();
                                }
                            } catch (InterruptedException e) {
                                log.trace("no more looking at files", e); // close() asked for it
                            }
                        });
    }

    /** Looks at the files once. Not while {@link #watch} does. */
    void look() {
        var changed = false;
        for (var identity : identities) {
            if (identity.changed()) {
                changed = true;
                identity.value().warnings(Instant.now()).forEach(log::warn);
            }
        }
        for (var door : doors) {
            var trust = door.trusted().isPresent() && door.trusted().get().changed();
            if (trust || changed) {
                door.tls().use(current(), door.authorities());
            }
        }
    }

    private List<Identity> current() {
        return identities.stream().map(Watched::value).toList();
    }

    /** Stops watching. The listeners' TLS works on. */
    @Override
    public void close() {
        if (watcher != null) {
            watcher.interrupt();
        }
    }
}
