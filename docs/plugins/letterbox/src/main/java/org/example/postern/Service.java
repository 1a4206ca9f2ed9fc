package org.example.postern;

import io.postern.spi.Fault;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** What the HTTP service is asked, one method for each kind of request. Any number of threads. */
final class Service implements AutoCloseable {
    /** What may be a step of a URL's path, and is a unique-id as POP3 wants it (RFC 1939 §7). */
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9-]{1,70}");

    /** Says that a list is whole. */
    private static final String END = "end";

    /** Of a list or a result, octets: half a million ids. */
    private static final long LONGEST_TEXT = 64L << 20;

    private final String url;
    private final Duration timeout;
    private final HttpClient client;

    Service(String url, Duration timeout) {
        this.url = url;
        this.timeout = timeout;
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(timeout)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .proxy(HttpClient.Builder.NO_PROXY)
                        .build();
    }

    /** From now on, commits with a lower token are refused. */
    void register(String box, FencingToken token) throws Fault, InterruptedException {
        var request = at(box + "/fence").PUT(BodyPublishers.ofString(text(token))).build();
        var answer = send(request, text(), timeout);
        switch (answer.statusCode()) {
            case 204 -> {}
            case 409 -> throw Fault.temporary("somebody has " + box + " since", null);
            default -> throw unexpected(answer);
        }
    }

    /** The ids of all messages, the oldest first. */
    List<String> list(String box) throws Fault, InterruptedException {
        var answer = send(at(box).build(), text(), timeout);
        if (answer.statusCode() != 200) {
            throw unexpected(answer);
        }
        var lines = answer.body().lines().toList();
        if (lines.isEmpty() || !lines.getLast().equals(END)) {
            throw Fault.temporary("the list of " + box + " has no end", null);
        }
        var ids = lines.subList(0, lines.size() - 1);
        for (var id : ids) {
            if (!ID.matcher(id).matches()) {
                throw Fault.permanent("\"" + id + "\" in " + box + " cannot be an id", null);
            }
        }
        return ids;
    }

    /**
     * One message as it is kept.
     *
     * @return empty if there is none of this id; else a stream that the caller closes
     */
    Optional<InputStream> content(String box, String id) throws Fault, InterruptedException {
        var request = at(box + "/messages/" + id).build();
        var answer = send(request, BodyHandlers.ofInputStream(), timeout);
        if (answer.statusCode() == 200) {
            return Optional.of(new NeverSilent(answer.body(), timeout));
        }
        try {
            answer.body().close();
        } catch (IOException e) {
            throw Fault.temporary("an answer cannot be closed", e);
        }
        if (answer.statusCode() == 404) {
            return Optional.empty();
        }
        throw unexpected(answer);
    }

    /**
     * Removes messages by their ids, or removes nothing. For the same commit-id it says the same
     * again.
     *
     * @throws Fault if there is no answer; it may or may not have happened
     */
    CommitResult commit(
            String box, UUID commitId, FencingToken token, List<String> ids, Duration limit)
            throws Fault, InterruptedException {
        var body = text(token) + "\n" + String.join("\n", ids);
        var request = at(box + "/commits/" + commitId).POST(BodyPublishers.ofString(body)).build();
        var answer = send(request, text(), limit.compareTo(timeout) < 0 ? limit : timeout);
        if (answer.statusCode() == 409) {
            return new CommitResult(Status.FENCED, 0, 0, ids.size(), "somebody has the box since");
        }
        var numbers = answer.body().strip();
        if (answer.statusCode() != 200 || !numbers.matches("\\d{1,9} \\d{1,9} \\d{1,9}")) {
            throw unexpected(answer);
        }
        var parts = numbers.split(" ");
        var failed = Integer.parseInt(parts[2]);
        return new CommitResult(
                failed == 0 ? Status.OK : Status.PARTIAL,
                Integer.parseInt(parts[0]),
                Integer.parseInt(parts[1]),
                failed,
                "");
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    private HttpRequest.Builder at(String path) {
        return HttpRequest.newBuilder(URI.create(url + "/" + path));
    }

    private static BodyHandler<String> text() {
        return BodyHandlers.limiting(BodyHandlers.ofString(), LONGEST_TEXT);
    }

    private static String text(FencingToken token) {
        return token.generation() + " " + token.counter();
    }

    private <T> HttpResponse<T> send(HttpRequest request, BodyHandler<T> handler, Duration limit)
            throws Fault, InterruptedException {
        var coming = client.sendAsync(request, handler);
        try {
            // A limit in the request would end with the header of the answer.
            return coming.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw Fault.temporary("no answer from " + request.uri(), e.getCause());
        } catch (TimeoutException e) {
            coming.cancel(true);
            throw Fault.temporary("no answer from " + request.uri() + " in " + limit, e);
        } catch (InterruptedException e) {
            coming.cancel(true);
            throw e;
        }
    }

    private static Fault unexpected(HttpResponse<?> answer) {
        var words = answer.uri() + " answers with status " + answer.statusCode();
        return answer.statusCode() == 429 || answer.statusCode() >= 500
                ? Fault.temporary(words, null)
                : Fault.permanent(words, null);
    }
}
