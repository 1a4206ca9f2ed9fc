package org.example.postern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.MessageRef;
import io.postern.testkit.MaildropFixture;
import io.postern.testkit.MaildropStoreContract;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** The contract of Postern's own stores, and what is this one's own. */
class LetterboxTest extends MaildropStoreContract {
    private static final byte[] ONE =
            "Subject: one\r\n\r\n1\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final FencingToken TOKEN = new FencingToken(0, 1);

    @Override
    protected MaildropFixture fixture(Path scratch) throws Exception {
        return new Fixture();
    }

    /** The service of the test's own, and one or two stores that ask it. */
    private static final class Fixture implements MaildropFixture {
        private final LetterboxService service = new LetterboxService(0);
        private final List<Letterbox> stores = new ArrayList<>();

        Fixture() throws IOException {
            stores.add(letterbox(service.url(), "PT30S"));
        }

        @Override
        public Set<Ability> abilities() {
            return EnumSet.of(
                    Ability.RESTART,
                    Ability.SECOND_STORE,
                    Ability.FAIL_OPEN,
                    Ability.FAIL_REMOVAL,
                    Ability.LOSE_OUTCOME,
                    Ability.KEEPS_RESULTS);
        }

        @Override
        public Letterbox store() {
            return stores.getFirst();
        }

        @Override
        public User user(String name) {
            return new User(name);
        }

        @Override
        public void deliver(User user, byte[] stored) {
            service.put(user.name(), stored);
        }

        @Override
        public void vanish(User user, byte[] stored) {
            service.remove(user.name(), id(user, stored));
        }

        @Override
        public List<byte[]> stored(User user) {
            return List.copyOf(service.messages(user.name()).values());
        }

        /** The toy keeps it in this JVM. */
        @Override
        public long largeOctets() {
            return 32L << 20;
        }

        @Override
        public void restart() {
            store().close();
            stores.set(0, letterbox(service.url(), "PT30S"));
        }

        @Override
        public Letterbox secondStore() {
            stores.add(letterbox(service.url(), "PT30S"));
            return stores.getLast();
        }

        @Override
        public void failOpen(User user) {
            service.unreadable.add(user.name());
        }

        @Override
        public void failRemoval(User user, byte[] stored) {
            service.stuck.add(id(user, stored));
        }

        @Override
        public void loseOutcome(User user) {
            service.mute.add(user.name());
        }

        @Override
        public void mend(User user) {
            service.unreadable.clear();
            service.stuck.clear();
            service.mute.clear();
        }

        @Override
        public void close() {
            stores.forEach(Letterbox::close);
            service.close();
        }

        private String id(User user, byte[] stored) {
            var ids = new TreeMap<String, String>();
            service.messages(user.name())
                    .forEach((id, message) ->
                            ids.put(new String(message, StandardCharsets.ISO_8859_1), id));
            return ids.get(new String(stored, StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void aServiceThatIsDownOrSilentIsAFaultThatMayPass() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var store = letterbox("http://127.0.0.1:" + silent.getLocalPort(), "PT0.3S")) {
            assertTemporary(store);
        }
        var service = new LetterboxService(0);
        service.close();
        try (var store = letterbox(service.url(), "PT30S")) {
            assertTemporary(store);
        }
    }

    /** The list comes, and of the message comes half. */
    @Test
    void aMessageThatStandsStillBreaksOff() throws Exception {
        try (var stalled = new Stalled();
                var store = letterbox(stalled.url(), "PT0.5S")) {
            var id = store.locate(new User("anna"));
            var fault = assertThrows(Fault.class, () -> store.open(id, TOKEN));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
            assertTrue(fault.getCause().getMessage().contains("silent"), fault.toString());
        }
    }

    @Test
    void aCommitWithoutAnAnswerIsUnknownAndHappensOnce() throws Exception {
        try (var service = new LetterboxService(0);
                var store = letterbox(service.url(), "PT30S")) {
            var id = service.put("anna", ONE);
            var drop = store.open(store.locate(new User("anna")), TOKEN);
            service.mute.add("anna");
            var request =
                    new CommitRequest(
                            UUID.randomUUID(),
                            TOKEN,
                            List.of(new MessageRef(1, id)),
                            List.of(),
                            Duration.ofMinutes(1));
            assertEquals(Status.UNKNOWN, drop.commit(request).status());
            service.mute.clear();
            // Somebody else has the box by now; what was done is said all the same.
            store.open(store.locate(new User("anna")), new FencingToken(0, 2)).close();
            var result = drop.commit(request);
            assertEquals(Status.OK, result.status());
            assertEquals(1, result.removed(), "by the first of them");
        }
    }

    @ParameterizedTest
    @CsvSource({"url, ftp://x/", "url, nonsense", "timeout, PT0S", "timeout, PT1H"})
    void aSettingThatCannotBeUsedIsRefused(String setting, String value) {
        var settings = new TreeMap<>(Map.of("url", List.of("http://127.0.0.1:1/boxes")));
        settings.put(setting, List.of(value));
        var refused = assertThrows(SettingException.class, () -> letterbox(settings));
        assertEquals(setting, refused.setting());
    }

    private static void assertTemporary(Letterbox store) throws Exception {
        var id = store.locate(new User("anna"));
        var fault = assertThrows(Fault.class, () -> store.open(id, TOKEN));
        assertEquals(Fault.Kind.TEMPORARY, fault.kind());
    }

    private static Letterbox letterbox(String url, String timeout) {
        return letterbox(Map.of("url", List.of(url), "timeout", List.of(timeout)));
    }

    private static Letterbox letterbox(Map<String, List<String>> settings) {
        var store = new Letterbox();
        store.start(
                new PluginConfig(
                        store.settings(), settings, Path.of("target"), Path.of("target/state")));
        return store;
    }
}
