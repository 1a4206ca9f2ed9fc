package org.example.template.policy;

import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.Verdict;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Rules on login attempts. It refuses the names that {@code gateway.xml} lists, and slows down
 * whoever comes without TLS; rules of your own take the place of {@link #before} and {@link
 * #after}.
 */
public final class Template implements AuthPolicy {
    /** It may stand there any number of times: then {@code allTexts} reads it. */
    private static final Setting REFUSE =
            Setting.optional("refuse", Setting.Kind.TEXT, "A name that nobody logs in by.")
                    .anyNumber();

    private static final Setting WITHOUT_TLS =
            Setting.withDefault(
                            "without-tls",
                            Setting.Kind.DURATION,
                            "PT1S",
                            "How long a login in clear text waits.")
                    .between("PT0S", "PT1M");

    private Set<String> refused = Set.of();
    private Duration withoutTls = Duration.ZERO;

    @Override
    public List<Setting> settings() {
        return List.of(REFUSE, WITHOUT_TLS);
    }

    @Override
    public void start(PluginConfig config) {
        refused =
                config.allTexts(REFUSE.name()).stream()
                        .map(Template::folded)
                        .collect(Collectors.toUnmodifiableSet());
        withoutTls = config.duration(WITHOUT_TLS.name());
    }

    /**
     * Called by many threads at a time, before any directory is asked; may block, for as long as
     * {@code time-limit} says. What the client typed is not trusted.
     */
    @Override
    public Ruling before(Attempt attempt) {
        if (refused.contains(folded(attempt.name()))) {
            return new Refuse("this name is not used for logins");
        }
        return attempt.encrypted() ? new Allow() : new Delay(withoutTls);
    }

    /** Called with what the directories said; it can still refuse whom they let in. */
    @Override
    public Ruling after(Attempt attempt, Verdict verdict) {
        return new Allow();
    }

    private static String folded(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
