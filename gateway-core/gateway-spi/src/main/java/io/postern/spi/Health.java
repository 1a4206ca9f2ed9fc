package io.postern.spi;

import java.util.Optional;

/**
 * What a {@link Plugin} implements as well if it can say whether it works now: whether the server
 * that it asks answers, whether its disk has room. The log tells of a change, and {@code postern
 * plugins health} of all. It changes nothing else: logins are tried all the same.
 */
public interface Health {

    /**
     * What keeps the plugin from working. Asked about once a minute and on demand, between {@code
     * start} and {@code close}, while other threads use the plugin. May block for a few seconds;
     * the server waits 5 s.
     *
     * @return one sentence for the operator, without a full stop and without a secret; empty while
     *     it is well
     * @throws Fault if it cannot be found out; its message is taken as the sentence
     */
    Optional<String> trouble() throws Fault, InterruptedException;
}
