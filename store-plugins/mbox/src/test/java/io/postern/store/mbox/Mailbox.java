package io.postern.store.mbox;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MessageRef;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;

/** A store over one folder, and what the tests ask of it. */
final class Mailbox {
    static final User ALICE = new User("alice");

    private static final AtomicLong TOKENS = new AtomicLong();

    private final MboxStore store = new MboxStore();

    /**
     * @param view the folder of the mbox files and, below {@code state}, of what the store keeps;
     *     perhaps of a disk that fails
     */
    Mailbox(Path view, Map<String, String> settings) {
        var values = new LinkedHashMap<String, List<String>>();
        values.put("root", List.of("."));
        values.put("lock-wait", List.of("PT0S"));
        settings.forEach((name, value) -> values.put(name, List.of(value)));
        store.start(new PluginConfig(store.settings(), values, view, view.resolve("state")));
    }

    MboxStore store() {
        return store;
    }

    static FencingToken nextToken() {
        return new FencingToken(0, TOKENS.incrementAndGet());
    }

    Maildrop open(FencingToken token) throws Fault, InterruptedException {
        return store.open(store.locate(ALICE), token);
    }

    /** The messages by unique-id, in their order. */
    Map<String, String> messages() throws Fault, IOException, InterruptedException {
        try (var drop = open(nextToken())) {
            return messages(drop);
        }
    }

    static Map<String, String> messages(Maildrop drop)
            throws Fault, IOException, InterruptedException {
        var all = new LinkedHashMap<String, String>();
        for (var number = 1; number <= drop.listing().count(); number++) {
            try (var content = drop.content(number)) {
                var text = new String(content.readAllBytes(), StandardCharsets.ISO_8859_1);
                all.put(drop.listing().uniqueId(number), text);
            }
        }
        return all;
    }

    /** Opens, marks and commits in one session. */
    CommitResult remove(IntPredicate marked) throws Fault, InterruptedException {
        var token = nextToken();
        try (var drop = open(token)) {
            return drop.commit(request(drop, token, marked));
        }
    }

    static CommitRequest request(Maildrop drop, FencingToken token, IntPredicate marked) {
        var refs = new ArrayList<MessageRef>();
        for (var number = 1; number <= drop.listing().count(); number++) {
            if (marked.test(number)) {
                refs.add(new MessageRef(number, drop.listing().uniqueId(number)));
            }
        }
        return new CommitRequest(UUID.randomUUID(), token, refs, List.of(), Duration.ofSeconds(60));
    }
}
