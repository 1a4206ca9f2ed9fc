package io.postern.auth.httpusers;

import io.postern.auth.remote.Outage;
import io.postern.spi.Fault;
import io.postern.spi.auth.Verdict;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;

/** How a service is asked, and how its answer is read. Immutable. */
interface Dialect {

    /**
     * Puts the question into a request.
     *
     * @param request has its address, and what the operator adds to each
     * @param password octets of UTF-8; the caller's, who wipes them once the answer is there
     * @param client empty where nothing is known of it
     */
    HttpRequest ask(
            HttpRequest.Builder request, String name, byte[] password, Optional<Client> client);

    /**
     * What an answer of status 200 says.
     *
     * @param name that was asked for
     * @throws Outage if the service says that it cannot tell
     * @throws Fault if that is no answer
     */
    Verdict read(HttpResponse<byte[]> answer, String name) throws Outage, Fault;
}
