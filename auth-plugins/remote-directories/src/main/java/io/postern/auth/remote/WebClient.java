package io.postern.auth.remote;

import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLException;

/**
 * Sends requests over HTTP/1.1, follows no redirect, uses no proxy, and reads no more and waits no
 * longer than it has to. Any number of threads.
 */
public final class WebClient implements AutoCloseable {
    /** Longest answer that is read, octets. */
    private static final int MAX_ANSWER = 64 * 1024;

    private static final int TOO_MANY_REQUESTS = 429;
    private static final int SERVER_ERROR = 500;

    private final HttpClient client;
    private final Duration timeout;

    /**
     * @param authorities as for {@link Authorities#context}
     * @param timeout of one request, its answer included
     */
    public WebClient(Optional<Path> authorities, Duration timeout)
            throws IOException, GeneralSecurityException {
        this.timeout = timeout;
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(timeout)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .proxy(HttpClient.Builder.NO_PROXY)
                        .sslContext(Authorities.context(authorities))
                        .build();
    }

    /**
     * Sends a request.
     *
     * @return an answer whose status does not say that the server cannot answer now
     * @throws Outage if there is none
     */
    public HttpResponse<byte[]> send(HttpRequest request) throws Outage {
        var limited =
                HttpResponse.BodyHandlers.limiting(
                        HttpResponse.BodyHandlers.ofByteArray(), MAX_ANSWER);
        var coming = client.sendAsync(request, limited);
        try {
            // A limit in the request would end with the header of the answer.
            var answer = coming.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (answer.statusCode() == TOO_MANY_REQUESTS || answer.statusCode() >= SERVER_ERROR) {
                throw new Outage("it answers with status " + answer.statusCode(), false, null);
            }
            return answer;
        } catch (TimeoutException _) {
            coming.cancel(true);
            throw new Outage("it took longer than " + timeout, false, null);
        } catch (ExecutionException e) {
            throw new Outage(
                    why(e.getCause()), e.getCause() instanceof ConnectException, e.getCause());
        } catch (InterruptedException e) {
            coming.cancel(true);
            Thread.currentThread().interrupt();
            throw new Outage("the wait was interrupted", false, e);
        }
    }

    private static String why(Throwable cause) {
        return switch (cause) {
            case SSLException _ ->
                    "TLS failed; see <ca-file> if Java does not know who signed its certificate";
            // Java's own words for these are few.
            case ConnectException unresolved
                    when unresolved.getCause() instanceof UnresolvedAddressException ->
                    "the connection cannot be made, its host is not known";
            case ConnectException _ -> "it takes no connection";
            default -> "no answer came";
        };
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
