package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.WireReady;
import io.postern.spi.wire.MessageCounter;

import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Compressed messages, made by the programs that the field makes them with. */
class CompressionTest {
    private static final int LZ4_CHUNK = 64 * 1024;

    @TempDir Path home;
    private Mail mail;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
    }

    /** Ways to compress a file. */
    enum Packer {
        GZIP("gzip -c"),
        GZIP_FAST("gzip -1 -c"),
        GZIP_BEST("gzip -9 -c"),
        BZIP2("bzip2 -c"),
        BZIP2_SMALL("bzip2 -1 -c"),
        XZ("xz -c"),
        XZ_BEST("xz -9e -c"),
        XZ_CRC32("xz -0 --check=crc32 -c"),
        ZSTD("zstd -q -c"),
        ZSTD_FAST("zstd -q --fast=5 -c"),
        ZSTD_BEST("zstd -q -19 -c"),
        ZSTD_CHECKED("zstd -q --check -c"),
        LZ4("lz4 -q -c"),
        LZ4_BEST("lz4 -q -9 -c"),
        LZ4_LINKED("lz4 -q -BD -c"),
        DOVECOT_LZ4("");

        private final String command;

        Packer(String command) {
            this.command = command;
        }

        byte[] pack(Path scratch, byte[] plain) throws Exception {
            if (this == DOVECOT_LZ4) {
                return dovecotLz4(plain);
            }
            var in = Files.write(scratch.resolve("plain"), plain);
            var out = scratch.resolve("packed");
            var running =
                    new ProcessBuilder(command.split(" ", -1))
                            .redirectInput(in.toFile())
                            .redirectOutput(out.toFile())
                            .start();
            assertTrue(running.waitFor(60, TimeUnit.SECONDS));
            assertEquals(0, running.exitValue(), command);
            return Files.readAllBytes(out);
        }
    }

    /** As Dovecot's {@code ostream-lz4} frames it: its own programs are in DovecotMigrationIT. */
    private static byte[] dovecotLz4(byte[] plain) throws IOException {
        var out = new ByteArrayOutputStream();
        out.write(DovecotLz4.MAGIC.getBytes(StandardCharsets.ISO_8859_1));
        out.write(number(LZ4_CHUNK));
        for (var from = 0; from < plain.length; from += LZ4_CHUNK) {
            var block = new ByteArrayOutputStream();
            try (var lz4 = new BlockLZ4CompressorOutputStream(block)) {
                lz4.write(plain, from, Math.min(LZ4_CHUNK, plain.length - from));
            }
            out.write(number(block.size()));
            out.write(block.toByteArray());
        }
        return out.toByteArray();
    }

    private static byte[] number(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
    }

    private Path put(String name, byte[] content) throws IOException {
        return Files.write(mail.maildir("alice").resolve(name), content);
    }

    /** Small and large, ready for the wire and not, what compresses well and what does not. */
    private static List<byte[]> messages() {
        var random = new Random(1);
        var noise = new byte[150_000];
        random.nextBytes(noise);
        return Stream.of(
                        "",
                        "x",
                        "Subject: a\n\none\n",
                        "Subject: a\r\n\r\none\r\n",
                        "Subject: \u00c3\u00bc\n\n.\n..dots\n",
                        "Subject: no end\n\nlast",
                        "Subject: long\r\n\r\n" + "0123456789abcdef\r\n".repeat(20_000),
                        "Subject: 64k\n\n" + "x".repeat(64 * 1024 - 14),
                        "Subject: noise\n\n" + new String(noise, StandardCharsets.ISO_8859_1))
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }

    @ParameterizedTest
    @EnumSource
    void isServedAsTheMessageWithItsSize(Packer packer) throws Exception {
        var plain = messages();
        for (var i = 0; i < plain.size(); i++) {
            var name = "170000000%d.M1P1.h,S=%d".formatted(i, plain.get(i).length);
            put(
                    i % 3 == 0 ? "new/" + name : "cur/" + name + (i % 2 == 0 ? ":2,SZ" : ":2,S"),
                    packer.pack(home, plain.get(i)));
        }
        mail.settle("alice");
        for (var trusting : List.of(false, true)) {
            var store = mail.store("trust-size-hints", "" + trusting);
            for (var times = 0; times < 3; times++) {
                try (var drop = Mail.open(store, "alice")) {
                    assertEquals(plain.size(), drop.listing().count());
                    for (var number = 1; number <= plain.size(); number++) {
                        var message = plain.get(number - 1);
                        var size = MessageCounter.measure(new ByteArrayInputStream(message));
                        assertEquals(size.octets(), drop.listing().octets(number));
                        assertEquals(
                                size.surrogateOctets(), drop.listing().surrogateOctets(number));
                        assertTrue(((WireReady) drop).region(number).isEmpty(), "a region");
                        try (var in = drop.content(number)) {
                            assertArrayEquals(message, in.readAllBytes());
                        }
                        ((WireReady) drop).sentAsStored(number);
                        assertTrue(((WireReady) drop).region(number).isEmpty(), "a region later");
                    }
                }
            }
        }
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(CommitResult.ok(2, 0), drop.commit(Mail.removal(drop, 1, 2)));
        }
    }

    /** {@code ,W=} is the size of the message, not of the archive. */
    @Test
    void theSizeInItsNameIsThatOfTheMessage() throws Exception {
        var text = "A: b\r\n\r\n" + "y".repeat(100_000) + "\r\n";
        var packed = Packer.GZIP.pack(home, text.getBytes(StandardCharsets.US_ASCII));
        put("cur/1.a,S=%d,W=%d:2,SZ".formatted(text.length(), text.length()), packed);
        var store = mail.store("trust-size-hints", "true");
        for (var times = 0; times < 2; times++) {
            try (var drop = Mail.open(store, "alice")) {
                assertEquals(text.length(), drop.listing().octets(1));
                assertEquals(text, Mail.read(drop, 1));
                ((WireReady) drop).sentAsStored(1);
                assertTrue(((WireReady) drop).region(1).isEmpty());
            }
        }
    }

    /** Several archives one behind the other are one. */
    @ParameterizedTest
    @EnumSource(names = {"GZIP", "BZIP2", "XZ", "ZSTD", "LZ4"})
    void severalMembersAreOneMessage(Packer packer) throws Exception {
        var all = new ByteArrayOutputStream();
        for (var part : List.of("Subject: x\n", "\nfirst\n", "second\n")) {
            all.write(packer.pack(home, part.getBytes(StandardCharsets.US_ASCII)));
        }
        put("new/1.a", all.toByteArray());
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals("Subject: x\n\nfirst\nsecond\n", Mail.read(drop, 1));
        }
    }

    /** Cut anywhere: left out with a word, or its mail to the last octet; never an archive. */
    @ParameterizedTest
    @EnumSource
    void oneThatIsCutIsNeverSentAsAnArchive(Packer packer) throws Exception {
        var plain =
                ("Subject: cut\n\n" + "some text\n".repeat(2000))
                        .getBytes(StandardCharsets.US_ASCII);
        var packed = packer.pack(home, plain);
        put("cur/9.whole:2,", packed);
        for (var length = 12; length < packed.length; length += 1 + packed.length / 20) {
            put("cur/1.a:2,Z", Arrays.copyOf(packed, length));
            mail.settle("alice");
            checkDamaged(plain, "cut at " + length);
        }
    }

    @ParameterizedTest
    @EnumSource
    void oneWithDamagedOctetsEndsNoSession(Packer packer) throws Exception {
        var plain =
                ("Subject: bad\n\n" + "some text, ".repeat(900))
                        .getBytes(StandardCharsets.US_ASCII);
        var packed = packer.pack(home, plain);
        put("cur/99.whole:2,", packed);
        var random = new Random(packer.name().hashCode());
        var before = "0.before:2,S";
        put("cur/" + before, plain);
        for (var round = 0; round < 25; round++) {
            var bad = packed.clone();
            for (var flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bad[3 + random.nextInt(bad.length - 3)] ^= (byte) (1 + random.nextInt(255));
            }
            Files.delete(put("cur/" + round + ".a:2,Z", bad).resolveSibling(before));
            before = round + ".a:2,Z";
            try (var drop = Mail.open(mail.store(), "alice")) {
                var last = drop.listing().count();
                try (var in = drop.content(last)) {
                    assertArrayEquals(plain, in.readAllBytes(), "round " + round);
                }
                if (last == 2) {
                    // Without a checksum nobody can tell. What is sent is what is listed.
                    try (var in = drop.content(1)) {
                        assertEquals(MessageCounter.measure(in).octets(), drop.listing().octets(1));
                    }
                }
            }
        }
    }

    private void checkDamaged(byte[] plain, String how) throws Exception {
        try (var drop = Mail.open(mail.store(), "alice")) {
            for (var number = 1; number <= drop.listing().count(); number++) {
                try (var in = drop.content(number)) {
                    var sent = in.readAllBytes();
                    assertArrayEquals(Arrays.copyOf(plain, sent.length), sent, how);
                }
            }
            assertTrue(Mail.ids(drop).contains("9.whole"), how);
        }
        assertTrue(Files.exists(mail.maildir("alice").resolve("cur/1.a:2,Z")), how);
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "BZIP2", "XZ", "ZSTD", "LZ4", "DOVECOT_LZ4"})
    void oneThatIsDamagedIsLeftOutOrRefusedByName(Packer packer) throws Exception {
        var packed = packer.pack(home, messages().get(6));
        var file = put("new/1.a", Arrays.copyOf(packed, packed.length - 7));
        mail.put("alice", "new/2.b", "text\n");
        mail.settle("alice");
        for (var times = 0; times < 2; times++) {
            try (var drop = Mail.open(mail.store(), "alice")) {
                assertEquals(List.of("2.b"), Mail.ids(drop));
            }
        }
        var fault =
                assertThrows(
                        Fault.class, () -> Mail.open(mail.store("unreadable", "refuse"), "alice"));
        assertEquals(Fault.Kind.PERMANENT, fault.kind());
        assertTrue(fault.getMessage().contains(file.toString()), fault.getMessage());
        // Its size believed, it is refused when somebody wants it, before an octet is sent.
        var named = file.resolveSibling("1.a,W=5");
        Files.move(file, named);
        try (var drop = Mail.open(mail.store("trust-size-hints", "true"), "alice")) {
            var refused = assertThrows(Fault.class, () -> drop.content(1));
            assertEquals(Fault.Kind.PERMANENT, refused.kind());
            assertTrue(refused.getMessage().contains(named.toString()), refused.getMessage());
        }
        assertEquals(List.of("2.b"), Mail.ids(mail.store("trust-size-hints", "true"), "alice"));
        Files.write(named, packed); // restored
        assertEquals(2, Mail.ids(mail.store(), "alice").size());
    }

    /** Dovecot's LZ4 format does not tell where it ends; the name may. */
    @Test
    void oneThatLacksItsLastChunksIsFoundByTheSizeInItsName() throws Exception {
        var plain =
                ("Subject: x\n\n" + "0123456789\n".repeat(20_000))
                        .getBytes(StandardCharsets.US_ASCII);
        var chunk = dovecotLz4(Arrays.copyOf(plain, LZ4_CHUNK));
        put("new/1.a,S=" + plain.length, chunk);
        put("new/2.b,S=" + LZ4_CHUNK, chunk);
        put("new/3.c,S=" + plain.length, dovecotLz4(plain));
        put("new/4.d", chunk);
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(
                    List.of("2.b,S=" + LZ4_CHUNK, "3.c,S=" + plain.length, "4.d"), Mail.ids(drop));
        }
    }

    @Test
    void garbageBehindAnArchiveIsNotSilentlyDropped() throws Exception {
        var packed = Packer.GZIP.pack(home, messages().get(2));
        put("new/1.a", Arrays.copyOf(packed, packed.length + 20));
        mail.put("alice", "new/2.b", "text\n");
        assertEquals(List.of("2.b"), Mail.ids(mail.store(), "alice"));
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "BZIP2", "XZ", "ZSTD", "LZ4", "DOVECOT_LZ4"})
    void aBombIsRefused(Packer packer) throws Exception {
        put("new/1.a", packer.pack(home, new byte[3 * 1024 * 1024]));
        put("new/2.b", packer.pack(home, new byte[1024 * 1024]));
        mail.put("alice", "new/3.c", "text\n");
        try (var drop = Mail.open(mail.store("unpacked-limit", "1MiB"), "alice")) {
            assertEquals(List.of("2.b", "3.c"), Mail.ids(drop));
        }
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(3, drop.listing().count());
        }
        mail.put("alice", "new/4.d", "text\n");
        Files.move(
                mail.maildir("alice").resolve("new/1.a"),
                mail.maildir("alice").resolve("new/5.e,W=3145730"));
        var trusting = mail.store("unpacked-limit", "1MiB", "trust-size-hints", "true");
        try (var drop = Mail.open(trusting, "alice")) {
            var fault = assertThrows(Fault.class, () -> drop.content(4));
            assertTrue(fault.getMessage().contains("unpacked-limit"), fault.getMessage());
        }
    }

    /** The flag alone makes no archive, and a text that begins like one is a text. */
    @ParameterizedTest
    @ValueSource(
            strings = {"Subject: x\n\nZ\n", "BZh: a field\n\nx\n", "BZ", "", "Dovecot-LZ4: x\n\n"})
    void aTextIsATextWhateverItsName(String text) throws Exception {
        mail.put("alice", "cur/1.a:2,S", text);
        if (!text.startsWith("BZh") && !text.startsWith("Dovecot")) {
            mail.put("alice", "cur/2.b:2,SZ", text);
        }
        try (var drop = Mail.open(mail.store(), "alice")) {
            for (var number = 1; number <= drop.listing().count(); number++) {
                assertEquals(text, Mail.read(drop, number));
            }
            assertTrue(Mail.ids(drop).contains("1.a"));
        }
    }

    @Test
    void anArchiveOfAnUnknownKindIsNotSent() throws Exception {
        put("cur/1.a:2,SZ", new byte[] {0x1f, (byte) 0x9d, (byte) 0x90, 1, 2, 3, 4, 5, 6});
        put("cur/2.b:2,SZ", new byte[] {0x78, (byte) 0x9c, 1, 2, 3, 4, 5, 6});
        mail.put("alice", "new/3.c", "text\n");
        assertEquals(List.of("3.c"), Mail.ids(mail.store(), "alice"));
    }

    /** More of them at once than there is memory for. */
    @Test
    void manyAreReadAtOnceAndSlowly() throws Exception {
        var text = messages().get(6);
        for (var i = 0; i < 6; i++) {
            put("new/" + i + ".a", Packer.values()[i % 2 == 0 ? 6 : 3].pack(home, text));
        }
        var store = mail.store();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var done = new ArrayList<Future<?>>();
            for (var session = 0; session < 24; session++) {
                var user = "user" + session;
                mail.make(user);
                for (var i = 0; i < 6; i++) {
                    Files.copy(
                            mail.maildir("alice").resolve("new/" + i + ".a"),
                            mail.maildir(user).resolve("new/" + i + ".a"));
                }
                done.add(
                        threads.submit(() -> {
                            try (var drop = Mail.open(store, user)) {
                                var streams = new ArrayList<InputStream>();
                                for (var number = 1; number <= 6; number++) {
                                    streams.add(drop.content(number)); // none is read, all are open
                                }
                                for (var in : streams) {
                                    assertArrayEquals(text, in.readAllBytes());
                                    in.close();
                                }
                            }
                            return null;
                        }));
            }
            for (var each : done) {
                each.get(120, TimeUnit.SECONDS);
            }
        }
        try (var left = Files.walk(home.resolve("state"))) {
            assertTrue(left.noneMatch(file -> file.toString().contains("unpacked")));
        }
    }
}
