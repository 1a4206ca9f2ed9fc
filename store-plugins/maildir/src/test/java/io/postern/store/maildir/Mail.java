package io.postern.store.maildir;

import io.postern.spi.PluginConfig;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MessageRef;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** Maildirs below one folder, and stores over them. */
final class Mail {
    /** Tokens as a coordinator would give them. */
    private static final AtomicLong TOKENS = new AtomicLong();

    final Path home;

    Mail(Path home) {
        this.home = home;
    }

    Path maildir(String user) {
        return home.resolve("mail").resolve(user);
    }

    /** Makes a Maildir without messages. */
    Mail make(String user) throws IOException {
        for (var part : List.of("tmp", "new", "cur")) {
            Files.createDirectories(maildir(user).resolve(part));
        }
        return this;
    }

    /** Puts a message there. */
    Path put(String user, String name, String content) throws IOException {
        return Files.writeString(maildir(user).resolve(name), content, StandardCharsets.ISO_8859_1);
    }

    /** Gives both folders a time of change long ago, so that they count as settled. */
    void settle(String user) throws IOException {
        for (var part : List.of("new", "cur")) {
            Files.setLastModifiedTime(
                    maildir(user).resolve(part),
                    FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
        }
    }

    /** A store with these settings, by name and value in turn. */
    MaildirStore store(String... settings) {
        var values = new LinkedHashMap<String, List<String>>();
        values.put("root", List.of("mail"));
        for (var at = 0; at < settings.length; at += 2) {
            values.put(settings[at], List.of(settings[at + 1]));
        }
        var store = new MaildirStore();
        store.start(new PluginConfig(store.settings(), values, home, home.resolve("state")));
        return store;
    }

    static FencingToken token() {
        return new FencingToken(0, TOKENS.incrementAndGet());
    }

    static Maildrop open(MaildirStore store, String user) throws Exception {
        return store.open(store.locate(new User(user)), token());
    }

    /** The unique-ids and sizes of a maildrop, in order. */
    static Map<String, Long> list(Maildrop drop) {
        var all = new LinkedHashMap<String, Long>();
        for (var number = 1; number <= drop.listing().count(); number++) {
            all.put(drop.listing().uniqueId(number), drop.listing().octets(number));
        }
        return all;
    }

    static List<String> ids(Maildrop drop) {
        return IntStream.rangeClosed(1, drop.listing().count())
                .mapToObj(drop.listing()::uniqueId)
                .toList();
    }

    static List<String> ids(MaildirStore store, String user) throws Exception {
        try (var drop = open(store, user)) {
            return ids(drop);
        }
    }

    static String read(Maildrop drop, int number) throws Exception {
        try (var in = drop.content(number)) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    static CommitRequest removal(Maildrop drop, int... numbers) {
        return new CommitRequest(
                UUID.randomUUID(), token(), refs(drop, numbers), List.of(), Duration.ofSeconds(60));
    }

    static List<MessageRef> refs(Maildrop drop, int... numbers) {
        return Arrays.stream(numbers)
                .mapToObj(number -> new MessageRef(number, drop.listing().uniqueId(number)))
                .toList();
    }
}
