package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.postern.spi.store.CommitResult.Status;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Where one message ends and the next begins. What is two when it is read is two for a removal. */
class MboxSeparatorTest {
    private static final String FROM = "From a@example.org Mon Nov 23 06:00:00 2026\n";

    private static final List<String> FROM_LINES =
            List.of(
                    FROM,
                    "From MAILER-DAEMON Thu Oct  1 14:41:00 2015\n",
                    "From cleo@example.org Thu, 01 Oct 2015 14:41:00 +0200\n",
                    "From cleo@example.org  Thu, 1 Oct 2015 14:41:00 GMT\n",
                    "From cleo@example.org Thu, 1 Oct 2015 14:41\r\n",
                    "From \"c d\"@example.org Thu 1 Oct 15 14:41:00 -0330 (Newfoundland Time)\n");

    @TempDir private Path folder;

    private Mailbox mailbox(String format) {
        return new Mailbox(folder, Map.of("format", format));
    }

    private void file(String octets) throws Exception {
        Files.writeString(folder.resolve("alice"), octets, StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "From a Thu, 01 Oct 2015 14:41:00 +0200\n",
                "From a Thu, 01 Oct 2015 14:41:00 +0200\r\n",
                "From a Thu, 1 Oct 2015 14:41:00 -0000\n",
                "From a Thu,  1 Oct 2015 14:41:00 GMT\n",
                "From a Thu, 1 Oct 2015 14:41 UT\n",
                "From a Thu, 1 Oct 2015 14:41:00\n",
                "From a Thu, 1 Oct 15 14:41:00 +0200\n",
                "From a Thu, 01 Oct 2015 14:41:00 +0200 (CEST)\n",
                "From a Thu, 01 Oct 2015 14:41:00 (Central European Summer Time)\n",
                "From a thu, 01 OCT 2015 14:41:00 +0200 \n",
                "From a Thu 01 Oct 2015 14:41:00 +0200\n",
                "From a\tThu, 01 Oct 2015 14:41:00 +0200\n",
                "From \"a b\"@example.org Thu, 01 Oct 2015 14:41:00 +0200\n",
                "From - Thu, 01 Oct 2015 14:41:00 +0200\n",
                "From a Thu, Oct  1 14:41:00 2015\n",
                "From a thu oct  1 14:41:00 2015\n"
            })
    void aDateMayBeOneAsInAHeader(String line) throws Exception {
        for (var format : List.of("mboxrd", "mboxo", "mboxo-blank-line", "mboxcl2")) {
            file(FROM + "A: 1\n\n1\n\n" + line + "A: 2\n\n2\n\n");
            assertEquals(List.of("A: 1\n\n1\n", "A: 2\n\n2\n"), read(format), format);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "From here on it is May 2026 and",
                "From Cleo, Thu, 01 Oct 2015 14:41:00 +0200 wrote:",
                "From Cleo 01 Oct 2015 14:41:00 +0200",
                "From a Thu, 01 Oct 2015",
                "From a Thu, 01 Oct 2015 noon",
                "From a Thu, 32nd Oct 2015 14:41:00",
                "From a Thu, 01 Oct 2015 14:41:00 +200",
                "From a Thu, 01 Oct 2015 14:41:00 (see) below",
                "From Thu to Fri, 2 Oct",
                "from a Thu, 01 Oct 2015 14:41:00 +0200",
                " From a Thu, 01 Oct 2015 14:41:00 +0200",
                ">From a Thu, 01 Oct 2015 14:41:00 +0200",
                "From: a Thu, 01 Oct 2015 14:41:00 +0200",
                "From"
            })
    void aLineOfALetterIsNoSeparator(String line) throws Exception {
        var text = "A: 1\n\nHello,\n\n" + line + "\n" + line + "\n\nBye\n";
        file(FROM + text + "\n");
        assertEquals(1, read("mboxrd").size());
        for (var format : List.of("mboxo", "mboxo-blank-line", "mboxcl2")) {
            assertEquals(List.of(text), read(format), format);
        }
    }

    @Test
    void onlySomeFormatsNeedABlankLine() throws Exception {
        var both = FROM + "A: 1\n\n1\n" + FROM_LINES.get(2) + "A: 2\n\n2\n\n";
        for (var format : List.of("mboxrd", "mboxo")) {
            file(both);
            assertEquals(List.of("A: 1\n\n1\n", "A: 2\n\n2\n"), read(format), format);
        }
        for (var format : List.of("mboxo-blank-line", "mboxcl2")) {
            file(both);
            assertEquals(
                    List.of("A: 1\n\n1\n" + FROM_LINES.get(2) + "A: 2\n\n2\n"),
                    read(format),
                    format);
        }
    }

    @Test
    void aMessageMayEndInItsHeader() throws Exception {
        file(FROM + "A: 1\n" + FROM + "A: 2" + "\n" + FROM + FROM + "A: 4");
        assertEquals(List.of("A: 1\n", "A: 2\n", "", "A: 4"), contents("mboxrd"));
    }

    /** Any mixture of separators: the messages, and whatever is removed, those that stay. */
    @Test
    void whatIsTwoWhenItIsReadIsTwoForARemoval() throws Exception {
        var random = new Random(4155);
        for (var round = 0; round < 60; round++) {
            var format = random.nextBoolean() ? "mboxrd" : "mboxo";
            var file = new StringBuilder();
            var expected = new ArrayList<String>();
            for (var number = 1; number <= 1 + random.nextInt(6); number++) {
                var end = random.nextBoolean() ? "\n" : "\r\n";
                var text = "A: " + round + "-" + number + end;
                text += random.nextInt(5) == 0 ? "" : end + "x".repeat(random.nextInt(90)) + end;
                text += random.nextInt(4) == 0 ? "From now on." + end : "";
                file.append(FROM_LINES.get(random.nextInt(FROM_LINES.size()))).append(text);
                // Its own last blank line cannot be told from that of the format.
                var blank = random.nextBoolean();
                file.append(blank ? end : "");
                expected.add(
                        !blank && text.endsWith(end + end)
                                ? text.substring(0, text.length() - end.length())
                                : text);
            }
            file(file.toString());
            assertEquals(expected, contents(format), file::toString);
            var before = List.copyOf(mailbox(format).messages().keySet());
            while (!expected.isEmpty()) {
                var marked = new HashSet<Integer>();
                var stay = new ArrayList<String>();
                var ids = new ArrayList<String>();
                for (var at = 0; at < expected.size(); at++) {
                    if (random.nextBoolean()) {
                        marked.add(at + 1);
                    } else {
                        stay.add(expected.get(at));
                        ids.add(before.get(at));
                    }
                }
                assertEquals(Status.OK, mailbox(format).remove(marked::contains).status());
                assertEquals(stay, contents(format), file::toString);
                assertEquals(ids, List.copyOf(mailbox(format).messages().keySet()));
                expected = stay;
                before = ids;
            }
        }
    }

    private List<String> read(String format) throws Exception {
        return List.copyOf(mailbox(format).messages().values());
    }

    /** Without that a message is lost that has the octets of another. */
    private List<String> contents(String format) throws Exception {
        try (var drop = mailbox(format).open(Mailbox.nextToken())) {
            var all = new ArrayList<String>();
            for (var number = 1; number <= drop.listing().count(); number++) {
                try (var content = drop.content(number)) {
                    all.add(new String(content.readAllBytes(), StandardCharsets.ISO_8859_1));
                }
            }
            return all;
        }
    }
}
