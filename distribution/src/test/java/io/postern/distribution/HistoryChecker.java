package io.postern.distribution;

import io.postern.distribution.History.Asked;
import io.postern.distribution.History.Continued;
import io.postern.distribution.History.Delivered;
import io.postern.distribution.History.Event;
import io.postern.distribution.History.InSession;
import io.postern.distribution.History.Killed;
import io.postern.distribution.History.Left;
import io.postern.distribution.History.Listed;
import io.postern.distribution.History.Locked;
import io.postern.distribution.History.Marked;
import io.postern.distribution.History.Quit;
import io.postern.distribution.History.Quitting;
import io.postern.distribution.History.Refused;
import io.postern.distribution.History.Retrieved;
import io.postern.distribution.History.SaidLost;
import io.postern.distribution.History.Stopped;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Judges a {@link History} by what RFC 1939 and the locks promise, and counts what is in it. The
 * history ends with one session for each maildrop that retrieves all that is left.
 *
 * <p>It knows only what clients know: a maildrop is surely held from the {@code +OK} of the login
 * until QUIT is sent or the connection closed. What is not sure is given the benefit of the doubt.
 */
final class HistoryChecker {
    /** What the history shows, for people. */
    record Counts(
            int sessions,
            int refusedLogins,
            int delivered,
            int retrieved,
            int removed,
            int quits,
            int refusedQuits,
            int stops,
            int kills,
            int takeovers,
            int takeoversWithoutStop) {}

    /** One session that got its maildrop. */
    private static final class Session {
        final int number;
        final int server;
        final String maildrop;
        final long asked;
        long locked = Long.MAX_VALUE;

        /** When the server can have read QUIT at the earliest. */
        long quitting = Long.MAX_VALUE;

        long answered = Long.MAX_VALUE;
        boolean ok;
        long left = Long.MAX_VALUE;
        List<String> uniqueIds;
        final Set<String> marked = new HashSet<>();

        /** When somebody else surely had taken its maildrop over. */
        long stale = Long.MAX_VALUE;

        Session(Asked asked) {
            this.number = asked.session();
            this.server = asked.server();
            this.maildrop = asked.maildrop();
            this.asked = asked.at();
        }

        /** Until when it surely held the maildrop, if no lock was lost. */
        long end() {
            return Math.min(quitting, left);
        }

        /** Whether it may have removed what it marked. */
        boolean mayHaveRemovedBefore(long time) {
            return quitting < time && quitting < stale;
        }

        @Override
        public String toString() {
            return "session " + number + " (server " + server + ", " + maildrop + ")";
        }
    }

    /** A time in which a server did nothing; {@code to} is open at the end of the history. */
    private record Stop(int server, long from, long to) {}

    private final long lease;
    private final Map<Integer, Session> sessions = new LinkedHashMap<>();
    private final List<Stop> stops = new ArrayList<>();
    private final List<Killed> kills = new ArrayList<>();
    private final Set<String> saidLost = new HashSet<>();

    /** Since when, by maildrop and message. */
    private final Map<String, Long> delivered = new HashMap<>();

    private final List<Retrieved> retrieved = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();
    private int refusedLogins;
    private int takeovers;
    private int takeoversWithoutStop;

    /**
     * @param lease after how long a silence of a server others may take its locks
     */
    HistoryChecker(List<Event> events, Duration lease) {
        this.lease = lease.toNanos();
        var stopped = new HashMap<Integer, Long>();
        for (var event : events) {
            switch (event) {
                case Stopped(var at, var server) -> stopped.put(server, at);
                case Continued(var at, var server) ->
                        stops.add(new Stop(server, stopped.remove(server), at));
                case Killed kill -> kills.add(kill);
                case SaidLost(_, var server, var maildrop) -> saidLost.add(server + "/" + maildrop);
                case Delivered(var at, var maildrop, var message) ->
                        delivered.put(maildrop + "/" + message, at);
                case Asked asked -> sessions.put(asked.session(), new Session(asked));
                case InSession heard -> note(sessions.get(heard.session()), heard);
            }
        }
        stopped.forEach((server, at) -> stops.add(new Stop(server, at, Long.MAX_VALUE)));
        sessions.values().removeIf(session -> session.locked == Long.MAX_VALUE);
        sessions.values().forEach(this::delayQuit);
    }

    private void note(Session session, InSession event) {
        switch (event) {
            case Asked _ -> throw new IllegalStateException("asked twice: " + session);
            case Locked(var at, _) -> session.locked = at;
            case Refused _ -> refusedLogins++;
            case Listed(_, _, var uniqueIds) -> session.uniqueIds = uniqueIds;
            case Retrieved one -> retrieved.add(one);
            case Marked(_, _, var uniqueId) -> session.marked.add(uniqueId);
            case Quitting(var at, _) -> session.quitting = at;
            case Quit(var at, _, var ok) -> {
                session.answered = at;
                session.ok = ok;
            }
            case Left(var at, _) -> session.left = at;
        }
    }

    /** A server that is stopped reads nothing. */
    private void delayQuit(Session session) {
        for (var stop : stops) {
            if (stop.server == session.server
                    && stop.from <= session.quitting
                    && session.quitting < stop.to) {
                session.quitting = stop.to;
            }
        }
    }

    /** Everything that must not be; empty if all is well. */
    List<String> violations() {
        var maildrops = new TreeMap<String, List<Session>>();
        for (var session : sessions.values()) {
            maildrops.computeIfAbsent(session.maildrop, _ -> new ArrayList<>()).add(session);
        }
        for (var drop : maildrops.values()) {
            drop.sort(Comparator.comparingLong(session -> session.locked));
            holders(drop);
            staleOnesCommitNothing(drop);
            removals(drop);
        }
        uniqueIds(maildrops);
        deliveries(maildrops);
        return List.copyOf(violations);
    }

    /** After {@link #violations}. */
    Counts counts() {
        return new Counts(
                sessions.size(),
                refusedLogins,
                delivered.size(),
                retrieved.size(),
                sessions.values().stream()
                        .filter(one -> one.ok)
                        .mapToInt(one -> one.marked.size())
                        .sum(),
                answers(true),
                answers(false),
                stops.size(),
                kills.size(),
                takeovers,
                takeoversWithoutStop);
    }

    private int answers(boolean ok) {
        return (int)
                sessions.values().stream()
                        .filter(one -> one.answered < Long.MAX_VALUE && one.ok == ok)
                        .count();
    }

    /** No two sessions hold one maildrop, unless the first one's lease was over. */
    private void holders(List<Session> drop) {
        for (var later = 1; later < drop.size(); later++) {
            var second = drop.get(later);
            for (var first : drop.subList(0, later)) {
                if (second.locked < first.end()) {
                    overlap(first, second);
                }
            }
        }
    }

    private void overlap(Session first, Session second) {
        var said = saidLost.contains(first.server + "/" + first.maildrop);
        if (!excused(first, second) && !excused(second, second) && !said) {
            violations.add(second + " got the maildrop that " + first + " held");
            return;
        }
        // In the order of time: the first one who took it over counts.
        if (first.locked < second.asked && first.stale == Long.MAX_VALUE) {
            first.stale = second.locked;
            takeovers++;
            if (!excused(first, second)) {
                takeoversWithoutStop++;
            }
        }
    }

    /**
     * Whether the server of a session was silent for so long, or died, before the other one's login
     * was over. A lease is renewed every third of its time, so that half of it is the least after
     * which it can be over.
     */
    private boolean excused(Session session, Session taker) {
        for (var stop : stops) {
            if (stop.server == session.server
                    && stop.to > session.asked
                    && Math.min(stop.to, taker.locked) - stop.from >= lease / 2) {
                return true;
            }
        }
        for (var kill : kills) {
            if (kill.server() == session.server
                    && kill.at() > session.asked
                    && kill.at() < taker.locked) {
                return true;
            }
        }
        return false;
    }

    private void staleOnesCommitNothing(List<Session> drop) {
        for (var session : drop) {
            if (session.ok && session.quitting > session.stale && !session.marked.isEmpty()) {
                violations.add(
                        session + " heard +OK to QUIT after its maildrop had been taken over");
            }
        }
    }

    /** What is gone was marked by somebody who said QUIT, and stays gone. */
    private void removals(List<Session> drop) {
        var known = known(drop);
        var marks = new HashMap<String, List<Session>>();
        for (var session : drop) {
            session.marked.forEach(
                    one -> marks.computeIfAbsent(one, _ -> new ArrayList<>()).add(session));
        }
        // Unique-id: since when no login may see it.
        var gone = new HashMap<String, Long>();
        for (var session : drop) {
            if (session.ok) {
                session.marked.forEach(one -> gone.merge(one, session.answered, Math::min));
            }
        }
        var listings = drop.stream().filter(one -> one.uniqueIds != null).toList();
        for (var session : listings) {
            var there = Set.copyOf(session.uniqueIds);
            known.forEach((uniqueId, since) -> {
                if (since < session.asked && !there.contains(uniqueId)) {
                    gone.merge(uniqueId, session.locked, Math::min);
                    if (marks.getOrDefault(uniqueId, List.of()).stream()
                            .noneMatch(one -> one.mayHaveRemovedBefore(session.locked))) {
                        violations.add(
                                uniqueId
                                        + " is not listed by "
                                        + session
                                        + ", and nobody who marked it could remove it");
                    }
                }
            });
        }
        for (var session : listings) {
            for (var uniqueId : session.uniqueIds) {
                if (gone.getOrDefault(uniqueId, Long.MAX_VALUE) < session.asked) {
                    violations.add(uniqueId + " was gone and is listed by " + session);
                }
            }
        }
    }

    /** By unique-id, since when every login must see it. */
    private Map<String, Long> known(List<Session> drop) {
        var known = new HashMap<String, Long>();
        for (var session : drop) {
            if (session.uniqueIds != null) {
                session.uniqueIds.forEach(one -> known.merge(one, session.locked, Math::min));
            }
        }
        for (var message : retrieved) {
            var session = sessions.get(message.session());
            var at = delivered.get(session.maildrop + "/" + message.message());
            if (at != null && session.maildrop.equals(drop.getFirst().maildrop)) {
                known.merge(message.uniqueId(), at, Math::min);
            }
        }
        return known;
    }

    /** One message has one unique-id for ever, and a unique-id one message. */
    private void uniqueIds(Map<String, List<Session>> maildrops) {
        var messages = new HashMap<String, String>();
        var ids = new HashMap<String, String>();
        for (var one : retrieved) {
            var session = sessions.get(one.session());
            var drop = session.maildrop + "/";
            var message = messages.putIfAbsent(drop + one.uniqueId(), one.message());
            if (message != null && !message.equals(one.message())) {
                violations.add(
                        one.uniqueId()
                                + " was "
                                + message
                                + ", then "
                                + one.message()
                                + " in "
                                + session);
            }
            var id = ids.putIfAbsent(drop + one.message(), one.uniqueId());
            if (id != null && !id.equals(one.uniqueId())) {
                violations.add(
                        one.message()
                                + " was "
                                + id
                                + ", then "
                                + one.uniqueId()
                                + " in "
                                + session);
            }
        }
        maildrops.values().stream()
                .flatMap(Collection::stream)
                .filter(one -> one.uniqueIds != null)
                .filter(one -> Set.copyOf(one.uniqueIds).size() < one.uniqueIds.size())
                .forEach(one -> violations.add(one + " has a unique-id twice"));
    }

    /** What was delivered was seen, and what was seen was delivered. */
    private void deliveries(Map<String, List<Session>> maildrops) {
        var seen = new HashSet<String>();
        for (var one : retrieved) {
            seen.add(sessions.get(one.session()).maildrop + "/" + one.message());
        }
        for (var message : delivered.keySet()) {
            if (!seen.contains(message)) {
                violations.add(message + " was delivered and never seen");
            }
        }
        for (var message : seen) {
            if (!delivered.containsKey(message)) {
                violations.add(message + " was retrieved and never delivered");
            }
        }
        // Whoever marks has retrieved, so what is never retrieved must be there at the end.
        maildrops.forEach((name, drop) -> {
            var last = drop.getLast();
            var got = new HashSet<String>();
            retrieved.stream()
                    .filter(one -> one.session() == last.number)
                    .forEach(one -> got.add(one.uniqueId()));
            if (last.uniqueIds == null || !got.containsAll(last.uniqueIds)) {
                violations.add(
                        "the history of "
                                + name
                                + " does not end with all that is left: "
                                + Objects.requireNonNullElse(last.uniqueIds, List.of()).size()
                                + " listed, "
                                + got.size()
                                + " retrieved");
            }
        });
    }
}
