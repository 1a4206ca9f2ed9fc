package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.SettingException;
import io.postern.store.maildir.DovecotIds.Format;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class IdListTest {
    @TempDir Path home;
    private Mail mail;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
    }

    private Map<String, String> read(IdList list, String text) throws Exception {
        Files.writeString(home.resolve(list.file()), text, StandardCharsets.ISO_8859_1);
        var ids = new LinkedHashMap<String, String>();
        assertTrue(list.read(home, InfoDelimiters.STANDARD, ids::put));
        return ids;
    }

    @Test
    void readsDovecotVersion3() throws Exception {
        var text =
                """
                3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1
                25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394:2,
                25017 W2481 S2400 :1276533073.M242911P3632.kurkku:2,F
                25019 G1234abcd P :1276533074.x
                25020 PUID9-1 G1234abce :1276533075.y z
                25021 :1276533076.un
                """
                        + "25022 :1276533077.torn";
        assertEquals(
                Map.of(
                        "1276528487.M364837P9451.kurkku,S=1355,W=1394", "000061ae4c0907b0",
                        "1276533073.M242911P3632.kurkku", "000061b94c0907b0",
                        "1276533074.x", "1276533074.x",
                        "/1276533075.y%20z", "UID9-1",
                        "1276533076.un", "000061bd4c0907b0"),
                read(new DovecotIds(Format.UID_AND_VALIDITY), text));
        var guids = read(new DovecotIds(Format.GUID), text);
        assertEquals("1276533073.M242911P3632.kurkku", guids.get("1276533073.M242911P3632.kurkku"));
        assertEquals("1276533074.x", guids.get("1276533074.x"));
        guids = read(new DovecotIds(Format.GUID), "3 V5 N9\n8 Gabcd :1.a:2,S\n");
        assertEquals(Map.of("1.a", "abcd"), guids);
        guids = read(new DovecotIds(Format.FILE_NAME), "3 V5 N9\n8 Gabcd :1.a:2,S\n");
        assertEquals(Map.of("1.a", "1.a"), guids);
    }

    @Test
    void readsDovecotVersion1() throws Exception {
        assertEquals(
                Map.of("1.a", "00000007ffffffff", "/2.b%20c", "00000008ffffffff"),
                read(
                        new DovecotIds(Format.UID_AND_VALIDITY),
                        "1 4294967295 9\n7 1.a:2,S\n8 2.b c\n"));
    }

    @Test
    void theLastRecordOfADovecotMessageHolds() throws Exception {
        assertEquals(
                Map.of("1.a", "0000000900000005"),
                read(new DovecotIds(Format.UID_AND_VALIDITY), "3 V5 N9\n7 :1.a:2,S\n9 :1.a:2,\n"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\n",
                "2 V5 N9\n",
                "3 N9\n",
                "3 V0 N9\n",
                "3 V4294967296 N9\n",
                "3 V5 N9\n0 :1.a\n",
                "3 V5 N9\n7 :1.a\n7 :1.b\n",
                "3 V5 N9\nx :1.a\n",
                "3 V5 N9\n7\n",
                "3 V5 N9\n7 W5\n",
                "3 V5 N9\n7 :\n",
                "3 V5 N9\n4294967296 :1.a\n",
                "1 5\n",
                "1 5 9\n7 \n"
            })
    void aDamagedDovecotListIsToldByItsLine(String text) {
        var told =
                assertThrows(
                        IdList.Damaged.class,
                        () -> read(new DovecotIds(Format.UID_AND_VALIDITY), text));
        assertTrue(told.getMessage().startsWith("dovecot-uidlist line "), told.getMessage());
    }

    @Test
    void aLineWithoutEndIsDamaged() {
        assertThrows(
                IdList.Damaged.class,
                () -> read(new DovecotIds(Format.UID_AND_VALIDITY), "3 V5 " + "x".repeat(200_000)));
    }

    @Test
    void readsEveryVersionOfCourier() throws Exception {
        assertEquals(
                Map.of(
                        "1.a,S=5", "UID7-1275660208",
                        "/2.b%20c", "UID8",
                        "3.d+e'f", "3.d+2Be+27f"),
                read(
                        new CourierIds(),
                        """
                        /3 9 1275660208
                        1.a,S=5:2,S 120 7:1275660208:0
                        2.b c 130 8:0:1
                        3.d+e'f:2, 140 0:0:0
                        """));
        assertEquals(
                Map.of("1.a", "UID7-5", "2.b", "UID8-6"),
                read(new CourierIds(), "/2 9 5\n1.a:2,S 120 7:5\n2.b 130 8:6\n"));
        assertEquals(Map.of("1.a", "UID7"), read(new CourierIds(), "/1 9\n1.a:2,S 120 7\n"));
        assertEquals(Map.of("1.a+b", "1.a+2Bb"), read(new CourierIds(), "1.a+b:2,S 120\n"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/4 9 5\n",
                "/3\n",
                "/3 9 5\n1.a:2,S\n",
                "/3 9 5\n1.a:2,S 120\n",
                "/3 9 5\n1.a:2,S 120 x:5:0\n",
                "nothing\n"
            })
    void aDamagedCourierListIsTold(String text) {
        assertThrows(IdList.Damaged.class, () -> read(new CourierIds(), text));
    }

    // What the store makes of it

    private MaildirStore dovecot() {
        return mail.store("unique-ids", "dovecot");
    }

    @Test
    @Tag("protocol-104")
    void aMessageKeepsTheUniqueIdOfItsFirstListing() throws Exception {
        mail.put("alice", "cur/1.a:2,S", "a\n");
        mail.put("alice", "cur/2.b:2,", "b\n");
        mail.put("alice", "new/3.c", "c\n");
        mail.put("alice", "dovecot-uidlist", "3 V16 N9\n7 :1.a\n8 :2.b:2,F\n");
        var first = List.of("0000000700000010", "0000000800000010", "3.c");
        assertEquals(first, Mail.ids(dovecot(), "alice"));
        // Dovecot lists the third later, loses its list, and begins a new one.
        mail.put("alice", "dovecot-uidlist", "3 V16 N9\n7 :1.a\n8 :2.b\n9 :3.c\n");
        assertEquals(first, Mail.ids(dovecot(), "alice"));
        Files.delete(mail.maildir("alice").resolve("dovecot-uidlist"));
        mail.put("alice", "new/4.d", "d\n");
        assertEquals(
                List.of(first.get(0), first.get(1), first.get(2), "4.d"),
                Mail.ids(dovecot(), "alice"));
        mail.put("alice", "dovecot-uidlist", "3 V17 N9\n1 :4.d\n2 :1.a\n3 :5.e\n");
        mail.put("alice", "new/5.e", "e\n");
        assertEquals(
                List.of(first.get(0), first.get(1), first.get(2), "4.d", "0000000300000011"),
                Mail.ids(dovecot(), "alice"));
    }

    /** As numbers of any length in a row, 1 and 11 would be 11 and 1. */
    @Test
    @Tag("protocol-107")
    void twoNumbersNeverRunTogether() throws Exception {
        mail.put("alice", "cur/1.a:2,S", "a\n");
        mail.put("alice", "dovecot-uidlist", "3 V17 N9\n1 :1.a\n");
        mail.make("bob");
        mail.put("bob", "cur/1.a:2,S", "a\n");
        mail.put("bob", "dovecot-uidlist", "3 V1 N99\n17 :1.a\n");
        assertEquals(List.of("0000000100000011"), Mail.ids(dovecot(), "alice"));
        assertEquals(List.of("0000001100000001"), Mail.ids(dovecot(), "bob"));
        for (var format : List.of("%u%v", "%Xu%Xv", "%v%u")) {
            var told =
                    assertThrows(
                            SettingException.class,
                            () -> mail.store("unique-ids", "dovecot", "dovecot-format", format));
            assertEquals("dovecot-format", told.setting());
        }
        mail.make("carol");
        mail.put("carol", "cur/1.a:2,S", "a\n");
        mail.put("carol", "cur/2.b:2,S", "b\n");
        mail.put("carol", "courierpop3dsizelist", "/3 99 5\n1.a:2, 3 7:15:0\n2.b:2, 3 71:5:0\n");
        assertEquals(
                List.of("UID7-15", "UID71-5"),
                Mail.ids(mail.store("unique-ids", "courier"), "carol"));
    }

    @Test
    void courierIdsAreKept() throws Exception {
        mail.put("alice", "cur/1.a:2,S", "a\n");
        mail.put("alice", "new/2.b", "b\n");
        mail.put("alice", "courierpop3dsizelist", "/3 8 5\n1.a:2, 3 7:5:0\n");
        for (var times = 0; times < 2; times++) {
            assertEquals(
                    List.of("UID7-5", "2.b"),
                    Mail.ids(mail.store("unique-ids", "courier"), "alice"));
        }
    }

    @Test
    void idsThatCannotBeHadAreAFaultAndNotOthers() throws Exception {
        mail.put("alice", "cur/1.a:2,S", "a\n");
        var missing = assertThrows(Fault.class, () -> Mail.open(dovecot(), "alice"));
        assertTrue(missing.getMessage().contains("dovecot-uidlist"), missing.getMessage());
        mail.put("alice", "dovecot-uidlist", "3 V16 N9\nx :1.a\n");
        var damaged = assertThrows(Fault.class, () -> Mail.open(dovecot(), "alice"));
        assertTrue(damaged.getMessage().contains("line 2"), damaged.getMessage());
        assertEquals(Fault.Kind.PERMANENT, damaged.kind());
        mail.put("alice", "dovecot-uidlist", "3 V16 N9\n7 :1.a\n");
        assertEquals(List.of("0000000700000010"), Mail.ids(dovecot(), "alice"));
    }

    @Test
    void theRemedyOfTheFaultWorks() throws Exception {
        mail.put("alice", "cur/1.a:2,S", "a\n");
        var message = assertThrows(Fault.class, () -> Mail.open(dovecot(), "alice")).getMessage();
        var lines = message.split("\"", -1);
        mail.put("alice", KnownIds.FILE, lines[1] + "\n" + lines[3] + "\n");
        assertEquals(List.of("1.a"), Mail.ids(dovecot(), "alice"));
    }

    @Test
    void aMaildirThatTheOtherServerNeverOpenedNeedsNoList() throws Exception {
        mail.put("alice", "new/1.a", "a\n");
        assertEquals(List.of("1.a"), Mail.ids(dovecot(), "alice"));
        Files.move(
                mail.maildir("alice").resolve("new/1.a"),
                mail.maildir("alice").resolve("cur/1.a:2,S"));
        assertEquals(List.of("1.a"), Mail.ids(dovecot(), "alice"));
    }

    @Test
    @Tag("protocol-105")
    void noTwoMessagesShareAUniqueId() throws Exception {
        mail.put("alice", "cur/0000000700000010:2,", "named like the id of another\n");
        mail.put("alice", "cur/1.a:2,S", "a\n");
        mail.put("alice", "cur/2.b:2,S", "b\n");
        mail.put("alice", "cur/3.c:2,S", "c\n");
        mail.put(
                "alice",
                "dovecot-uidlist",
                "3 V16 N9\n7 :1.a\n8 P0000000700000010 :2.b\n9 P" + "x".repeat(71) + " :3.c\n");
        var ids = Mail.ids(dovecot(), "alice");
        assertEquals(
                List.of("0000000700000010", "2.b", "3.c", UniqueId.digest("0000000700000010")),
                ids);
    }

    @Test
    void aDamagedRecordOfIdsIsAFault() throws Exception {
        for (var name : List.of("1.a", "2.b", "3.c")) {
            mail.put("alice", "cur/" + name + ":2,S", "text\n");
        }
        mail.put("alice", "dovecot-uidlist", "3 V16 N9\n7 :1.a\n8 :2.b\n9 :3.c\n");
        var ids = Mail.ids(dovecot(), "alice");
        var file = mail.maildir("alice").resolve(KnownIds.FILE);
        var good = Files.readAllBytes(file);
        var points = 0;
        for (var length = 0; length < good.length - 1; length++) {
            Files.write(file, java.util.Arrays.copyOf(good, length));
            var fault = assertThrows(Fault.class, () -> Mail.open(dovecot(), "alice"), "" + length);
            assertTrue(fault.getMessage().contains(KnownIds.FILE), fault.getMessage());
            points++;
        }
        for (var at = 0; at < good.length; at++) {
            var bad = good.clone();
            bad[at] ^= 1;
            Files.write(file, bad);
            try (var drop = Mail.open(dovecot(), "alice")) {
                assertEquals(ids, Mail.ids(drop), "octet " + at + " flipped"); // the last line end
            } catch (Fault told) {
                assertFalse(told.getMessage().isEmpty());
            }
            points++;
        }
        Files.write(file, good);
        assertEquals(ids, Mail.ids(dovecot(), "alice"));
        System.out.println("damaged records of unique-ids: " + points + " points");
    }
}
