package io.postern.store.maildir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Lists of unique-ids that Dovecot and Courier left, or anything in their place: read, or refused
 * with the line. The first octet chooses the reader.
 */
public final class IdListFuzz {
    private static final List<IdList> READERS =
            List.of(
                    new DovecotIds(DovecotIds.Format.UID_AND_VALIDITY),
                    new DovecotIds(DovecotIds.Format.FILE_NAME),
                    new DovecotIds(DovecotIds.Format.GUID),
                    new CourierIds());

    private static final Path FOLDER = folder();

    private IdListFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length == 0) {
            return;
        }
        var list = READERS.get((input[0] & 0xFF) % READERS.size());
        var file = FOLDER.resolve(list.file());
        Files.write(file, java.util.Arrays.copyOfRange(input, 1, input.length));
        var taken = new int[1];
        try {
            var found =
                    list.read(
                            FOLDER,
                            InfoDelimiters.STANDARD,
                            (unique, id) -> {
                                taken[0]++;
                                expect(!unique.contains(":"), "a name with its flags");
                                expect(
                                        unique.chars().allMatch(c -> c >= 0x21 && c <= 0x7E),
                                        "not spelled as FileName does");
                                expect(id != null, "no id");
                            });
            expect(found, "a list that is not there");
        } catch (IdList.Damaged e) {
            expect(e.getMessage().startsWith(list.file() + " line "), e.getMessage());
        }
        var lines = 0;
        for (var octet : input) {
            lines += octet == '\n' ? 1 : 0;
        }
        expect(taken[0] <= lines, "more records than lines");
    }

    private static Path folder() {
        try {
            var folder = Files.createTempDirectory("lists");
            folder.toFile().deleteOnExit();
            return folder;
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
