package io.postern.store.maildir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Any name that a file can have: it is spelled in printable characters, the spelling leads back to
 * the same file, and the unique-id is legal and does not change with the flags.
 */
public final class NamesFuzz {
    private static final Path FOLDER = Path.of("/maildir/cur");

    private NamesFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        var octets = new String(input, StandardCharsets.ISO_8859_1);
        if (octets.isEmpty()
                || octets.length() > 255
                || octets.equals(".")
                || octets.equals("..")
                || octets.indexOf('/') >= 0
                || octets.indexOf('\0') >= 0) {
            return; // no file has such a name
        }
        var name = FileName.of(input);
        expect(name.chars().allMatch(c -> c >= 0x21 && c <= 0x7E), "not printable");
        expect(FileName.of(FileName.in(FOLDER, name)).equals(name), "another file");
        expect(FOLDER.equals(FileName.in(FOLDER, name).getParent()), "a file elsewhere");
        for (var delimiters : List.of(InfoDelimiters.STANDARD, new InfoDelimiters(":;!"))) {
            named(name, delimiters);
        }
        if (UniqueId.legal(octets)) {
            // As an id of somebody else's, which delivery writes into a name.
            expect(UniqueId.ofName("1.host" + UniqueId.field(octets)).equals(octets), "id lost");
        }
    }

    private static void named(String name, InfoDelimiters delimiters) {
        var unique = delimiters.unique(name);
        var id = UniqueId.ofName(unique);
        expect(UniqueId.legal(id), "illegal id");
        var table = new Names.Builder(delimiters);
        table.add(false, name, false);
        var names = table.sorted();
        expect(names.wireSizeHint(0) >= -1, "a size below nothing");
        expect(names.find(unique) == 0, "not found");
        var seen = delimiters.seen(name);
        expect(delimiters.seen(seen).equals(seen), "seen twice");
        expect(delimiters.unique(seen).equals(unique), "another message when it is seen");
        expect(UniqueId.ofName(delimiters.unique(seen)).equals(id), "another id when it is seen");
    }

    private static void expect(boolean truth, String what) {
        if (!truth) {
            throw new AssertionError(what);
        }
    }
}
