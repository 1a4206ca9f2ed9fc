package org.example.postern;

import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.Verdict;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Refuses logins outside of certain hours, but for some users. The clock is the only thing it asks,
 * so it never blocks; a policy that asks a service has to end within {@code time-limit}.
 */
public final class OfficeHours implements AuthPolicy {
    private static final Pattern WORDS =
            Pattern.compile("([A-Z]{3})(?:-([A-Z]{3}))? (\\d\\d:\\d\\d)-(\\d\\d:\\d\\d)");

    /** It may stand there any number of times, and must stand there once. */
    private static final Setting HOURS =
            Setting.required(
                            "hours",
                            Setting.Kind.TEXT,
                            "When logins are allowed, such as MON-FRI 07:00-19:30 or SAT 09:00-12:00.")
                    .matching(WORDS.pattern(), "days and times such as MON-FRI 07:00-19:30")
                    .anyNumber();

    private static final Setting ZONE =
            Setting.optional("zone", Setting.Kind.TEXT, "Whose time that is: Europe/Vienna.");

    private static final Setting ALWAYS =
            Setting.optional("always", Setting.Kind.TEXT, "A user who may log in at any time.")
                    .anyNumber();

    /**
     * One setting.
     *
     * @param end no longer within it
     */
    private record Span(Set<DayOfWeek> days, LocalTime start, LocalTime end) {
        boolean has(ZonedDateTime now) {
            var time = now.toLocalTime();
            return days.contains(now.getDayOfWeek()) && !time.isBefore(start) && time.isBefore(end);
        }
    }

    private final Clock clock;
    private List<Span> spans = List.of();
    private ZoneId zone = ZoneId.systemDefault();
    private Set<String> always = Set.of();

    /** For the server. */
    public OfficeHours() {
        this(Clock.systemUTC());
    }

    /** For tests, which do not wait for Monday. */
    OfficeHours(Clock clock) {
        this.clock = clock;
    }

    @Override
    public List<Setting> settings() {
        return List.of(HOURS, ZONE, ALWAYS);
    }

    @Override
    public void start(PluginConfig config) {
        spans = config.allTexts(HOURS.name()).stream().map(OfficeHours::span).toList();
        zone = config.optionalText(ZONE.name()).map(OfficeHours::zone).orElse(zone);
        always =
                config.allTexts(ALWAYS.name()).stream()
                        .map(OfficeHours::folded)
                        .collect(Collectors.toUnmodifiableSet());
    }

    /** The hour is the same whoever asks, so nothing is learned from it about a user. */
    @Override
    public Ruling before(Attempt attempt) {
        var now = clock.instant().atZone(zone);
        return spans.stream().anyMatch(span -> span.has(now)) || !always.isEmpty()
                ? new Allow()
                : new Refuse("outside of office hours");
    }

    /**
     * Who is always let in is known here only: by the name that the directory has confirmed, not by
     * the one that the client typed.
     */
    @Override
    public Ruling after(Attempt attempt, Verdict verdict) {
        var now = clock.instant().atZone(zone);
        if (spans.stream().anyMatch(span -> span.has(now))) {
            return new Allow();
        }
        return verdict instanceof Verdict.Accepted(var user) && always.contains(folded(user.name()))
                ? new Allow()
                : new Refuse("outside of office hours");
    }

    private static Span span(String text) {
        var words = WORDS.matcher(text);
        if (!words.matches()) {
            throw unusable(text, "it is not like MON-FRI 07:00-19:30");
        }
        try {
            var first = day(words.group(1), text);
            var last = words.group(2) == null ? first : day(words.group(2), text);
            var days = EnumSet.of(first);
            for (var day = first; day != last; ) {
                day = day.plus(1);
                days.add(day);
            }
            var start = LocalTime.parse(words.group(3));
            var end = LocalTime.parse(words.group(4));
            if (!start.isBefore(end)) {
                throw unusable(text, "it ends before it begins");
            }
            return new Span(days, start, end);
        } catch (DateTimeException e) {
            throw unusable(text, "it has a time that no clock shows");
        }
    }

    private static DayOfWeek day(String word, String text) {
        for (var day : DayOfWeek.values()) {
            if (day.name().startsWith(word)) {
                return day;
            }
        }
        throw unusable(text, word + " is no day");
    }

    private static ZoneId zone(String text) {
        try {
            return ZoneId.of(text);
        } catch (DateTimeException e) {
            throw new SettingException(
                    ZONE.name(),
                    "\"" + text + "\" is no time zone",
                    "Write one like Europe/Vienna.");
        }
    }

    private static SettingException unusable(String text, String why) {
        return new SettingException(
                HOURS.name(),
                "\"" + text + "\" cannot be used: " + why,
                "Write days and times such as MON-FRI 07:00-19:30.");
    }

    private static String folded(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
