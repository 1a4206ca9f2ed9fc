package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.WireReady;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Messages that lie in a file as they travel. */
class RegionTest {
    @TempDir Path folder;
    private Path file;
    private boolean unchanged = true;
    private int opened;
    private int closed;
    private int asStored;

    @BeforeEach
    void make() {
        file = folder.resolve("message");
    }

    /** Message 1 is in the file, behind ten octets of something else. */
    private final class InFile implements Maildrop, WireReady {
        private final Maildrop drop;

        InFile(Maildrop drop) {
            this.drop = drop;
        }

        @Override
        public Optional<Region> region(int number) {
            if (number != 1) {
                return Optional.empty();
            }
            opened++;
            return Optional.of(
                    new Region() {
                        private final FileChannel channel = open();

                        @Override
                        public FileChannel channel() {
                            return channel;
                        }

                        @Override
                        public long offset() {
                            return 10;
                        }

                        @Override
                        public boolean unchanged() {
                            return unchanged;
                        }

                        @Override
                        public void close() throws IOException {
                            closed++;
                            channel.close();
                        }
                    });
        }

        @Override
        public void sentAsStored(int number) {
            asStored = number;
        }

        @Override
        public Listing listing() {
            return drop.listing();
        }

        @Override
        public InputStream content(int number) throws Fault, InterruptedException {
            return drop.content(number);
        }

        @Override
        public CommitResult commit(CommitRequest request) throws Fault, InterruptedException {
            return drop.commit(request);
        }

        @Override
        public void close() {
            drop.close();
        }
    }

    private FileChannel open() {
        try {
            return FileChannel.open(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Scene scene(String... messages) throws IOException {
        Files.writeString(file, "0123456789" + messages[0] + "more", StandardCharsets.ISO_8859_1);
        var scene = new Scene(messages);
        scene.store.opened = InFile::new;
        return scene;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8_190, 65_480, 65_490, 65_500, 65_510, 65_530, 65_536, 200_000})
    @Tag("protocol-98")
    void aRegionIsSentAsItIsAndTheFinalDotNeverStandsAlone(int size) throws Exception {
        for (var more = 0; more < 12; more++) {
            var text = "x".repeat(size + more) + "\r\n";
            var scene = scene(text);
            var client = scene.loggedIn();
            scene.journal.clear();
            client.says("RETR 1\r\nQUIT\r\n");

            assertEquals(
                    "+OK " + text.length() + " octets\r\n" + text + ".\r\n+OK bye\r\n",
                    client.rest());
            assertFalse(scene.journal.contains("write ."), "" + (size + more));
            assertFalse(scene.journal.contains("content 1"), "it was read as a stream");
        }
        assertEquals(opened, closed);
    }

    @Test
    @Tag("protocol-99")
    void aRegionThatIsTooShortIsCutOffWithoutItsDot() throws Exception {
        var text = "x".repeat(100) + "\r\n";
        var scene = scene(text);
        Files.writeString(file, "0123456789" + "x".repeat(50));
        var client = scene.loggedIn();
        client.says("RETR 1\r\nQUIT\r\n");

        assertFalse(client.rest().contains("\r\n."), "there is a final dot");
        assertTrue(client.aborted());
        assertEquals(1, scene.count(Violation.SIZE));
        Scene.over(client);
        assertEquals(1, closed);
    }

    @Test
    @Tag("protocol-99")
    void aRegionThatChangesIsCutOffWithoutItsDot() throws Exception {
        var scene = scene("x".repeat(200_000) + "\r\n");
        unchanged = false;
        var client = scene.loggedIn();
        client.says("RETR 1\r\nQUIT\r\n");

        assertFalse(client.rest().endsWith(".\r\n"), "there is a final dot");
        assertTrue(client.aborted());
        assertEquals(1, scene.count(Violation.CONTENT));
    }

    @Test
    void topIsReadFromTheStream() throws Exception {
        var scene = scene("A: b\r\n\r\none\r\ntwo\r\n");
        var client = scene.loggedIn();
        client.says("TOP 1 1\r\nQUIT\r\n");

        assertEquals(
                Scene.lines("+OK top of message", "A: b", "", "one", ".", "+OK bye"),
                client.rest());
        assertEquals(0, opened);
    }

    @Test
    void theStoreHearsOfAMessageThatNeededNothing() throws Exception {
        var ready = "A: b\r\n\r\ntext\r\n";
        var scene = scene(ready, "A: b\r\n\r\n.text\r\n", ready, "A: b\n");
        var client = scene.loggedIn();
        client.says("RETR 2\r\nRETR 4\r\nNOOP\r\n");
        Scene.rests(client);
        assertEquals(0, asStored);
        client.says("RETR 3\r\nQUIT\r\n");
        assertTrue(client.rest().endsWith("+OK bye\r\n"));
        assertEquals(3, asStored);
    }
}
