package io.postern.store.mbox;

import io.postern.spi.wire.MessageEncoder;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;

/**
 * Any file, read in each format: it is no mbox, or its messages stand one behind the other within
 * it, have the sizes that are announced however they are read, and unique-ids that are legal and
 * different.
 */
public final class MboxFuzz {
    private static final Path FILE = file();

    private MboxFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Files.write(FILE, input);
        try (var channel = FileChannel.open(FILE, StandardOpenOption.READ)) {
            for (var format : MboxFormat.values()) {
                try {
                    check(MboxListing.read(channel, format, Copies.NONE), channel, format);
                } catch (NotMboxException e) {
                    expect(!e.getMessage().isBlank(), "no words");
                }
            }
        }
    }

    private static void check(MboxListing listing, FileChannel channel, MboxFormat format)
            throws IOException {
        var ids = new HashSet<String>();
        var before = 0L;
        for (var number = 1; number <= listing.count(); number++) {
            expect(listing.start(number) >= before, "two messages in one place");
            expect(listing.next(number) > listing.start(number), "a message without a place");
            before = listing.next(number);
            var id = listing.uniqueId(number);
            expect(
                    id.length() <= 70 && id.chars().allMatch(c -> c > ' ' && c <= '~'),
                    "illegal id");
            expect(!id.isEmpty() && ids.add(id), "an id that is there twice");
            var content = listing.content(channel, format, number);
            var whole = content.readAllBytes();
            expect(listing.hasDigest(number, content.digest()), "another digest");
            var size = MessageEncoder.measure(new ByteArrayInputStream(whole));
            expect(size == listing.octets(number), "another size");
            expect(Arrays.equals(whole, slowly(listing.content(channel, format, number))), "split");
        }
        expect(before <= channel.size(), "a message beyond the file");
        var saved = listing.saved();
        var read = MboxListing.of(new DataInputStream(new ByteArrayInputStream(saved)));
        expect(Arrays.equals(saved, read.saved()), "remembered otherwise");
    }

    private static byte[] slowly(MboxContent content) throws IOException {
        var octets = new ByteArrayOutputStream();
        for (int octet; (octet = content.read()) >= 0; ) {
            octets.write(octet);
        }
        return octets.toByteArray();
    }

    private static Path file() {
        try {
            var file = Files.createTempFile("mbox", "");
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void expect(boolean truth, String what) {
        if (!truth) {
            throw new AssertionError(what);
        }
    }
}
