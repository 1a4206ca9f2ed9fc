package io.postern.plugin;

import io.postern.spi.Plugin;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.store.MaildropStore;

import java.util.Locale;

/** The kinds of plugins there are: the services that a jar can name. */
public enum PluginKind {
    MECHANISM(AuthMechanism.class),
    DIRECTORY(UserDirectory.class),
    STORE(MaildropStore.class),
    LOCKS(LockCoordinator.class),
    POLICY(AuthPolicy.class);

    private final Class<? extends Plugin> service;

    PluginKind(Class<? extends Plugin> service) {
        this.service = service;
    }

    /** The interface that plugins of this kind implement. */
    public Class<? extends Plugin> service() {
        return service;
    }

    /** The element of {@code gateway.xml} that names one. */
    public String element() {
        return name().toLowerCase(Locale.ROOT);
    }
}
