package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.store.files.IoFaults;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.zip.CRC32C;

/**
 * The unique-ids of a Maildir that came from another POP3 server. One thread, which holds the
 * maildrop's lock.
 *
 * <p>A message gets its unique-id the first time that it is listed here: the one that the other
 * server's list gives it, or else the one of its name. It is written down in the file {@value
 * #FILE} in the Maildir before any client sees it, and holds for ever: whatever the other server
 * does to its list later, no client downloads a message twice.
 *
 * <p>Unlike the size index that file cannot be made again. It is replaced whole, with an fsync; it
 * ends in a checksum, and a damaged one is a fault.
 */
final class KnownIds {
    /** No leading dot: that would be a folder to IMAP servers. */
    static final String FILE = "postern-unique-ids";

    private static final Logger LOG = LoggerFactory.getLogger(KnownIds.class);
    private static final String HEAD = "postern-unique-ids 1";
    private static final String END = "end ";
    private static final int CHUNK = 64 * 1024;

    private final Maildir maildir;
    private final IdList list;
    private final Path file;

    KnownIds(Maildir maildir, IdList list) {
        this.maildir = maildir;
        this.list = list;
        this.file = maildir.folder().resolve(FILE);
    }

    /**
     * Gives every message of a listing its unique-id.
     *
     * @throws Fault if the ids that clients know cannot be had, or new ones not be written down
     */
    void assign(MaildirListing listing) throws Fault, InterruptedException {
        var names = listing.names();
        var ids = new String[names.count()];
        if (!complete(names, ids)) {
            try {
                write(names, ids);
            } catch (IOException e) {
                throw IoFaults.fault("cannot write", file, e);
            }
        }
        listing.uniqueIds(ids);
    }

    /**
     * The unique-ids of these messages by what is known now. Writes nothing down: the next opening
     * does.
     */
    String[] ids(Names names) throws Fault, InterruptedException {
        var ids = new String[names.count()];
        var _ = complete(names, ids);
        return ids;
    }

    /** Whether all of them stand in the file already. */
    private boolean complete(Names names, String[] ids) throws Fault, InterruptedException {
        boolean written;
        try {
            written = readWritten(names, ids);
        } catch (IOException e) {
            throw IoFaults.fault("cannot read", file, e);
        }
        if (written && !missing(ids)) {
            return true;
        }
        choose(names, ids, written);
        return false;
    }

    private static boolean missing(String[] ids) {
        for (var id : ids) {
            if (id == null) {
                return true;
            }
        }
        return false;
    }

    private void choose(Names names, String[] ids, boolean written)
            throws Fault, InterruptedException {
        var taken = new HashSet<String>(2 * ids.length);
        for (var id : ids) {
            if (id != null) {
                taken.add(id);
            }
        }
        var listed = new String[ids.length];
        boolean found;
        try {
            found =
                    list.read(
                            maildir.folder(),
                            (unique, id) -> {
                                var at = names.find(unique);
                                if (at >= 0 && ids[at] == null) {
                                    listed[at] = id;
                                }
                            });
        } catch (IdList.Damaged e) {
            throw Fault.permanent(
                    "the unique-ids that clients know cannot be had: "
                            + maildir.folder()
                            + " has a damaged "
                            + e.getMessage()
                            + ". Restore the file.",
                    e);
        } catch (IOException e) {
            throw IoFaults.fault("cannot read the unique-ids of", maildir.folder(), e);
        }
        if (!found && !written && list.needed() && readBefore(names)) {
            throw Fault.permanent(
                    "the unique-ids that clients know cannot be had: "
                            + maildir.folder()
                            + " has messages in cur and no "
                            + list.file()
                            + ". Restore that file; or, if no POP3 client knows these messages, put a"
                            + " file "
                            + FILE
                            + " there with the two lines \""
                            + HEAD
                            + "\" and \""
                            + end(0, new CRC32C())
                            + "\".",
                    null);
        }
        for (var at = 0; at < ids.length; at++) {
            if (ids[at] == null && listed[at] != null) {
                if (UniqueId.legal(listed[at]) && taken.add(listed[at])) {
                    ids[at] = listed[at];
                } else {
                    LOG.warn(
                            "{} gives {} the unique-id \"{}\", which is illegal or given twice; it"
                                    + " gets another",
                            maildir.folder().resolve(list.file()),
                            names.name(at),
                            listed[at]);
                }
            }
        }
        for (var at = 0; at < ids.length; at++) {
            if (ids[at] == null) {
                var unique = names.unique(at);
                var id = UniqueId.ofName(unique);
                ids[at] = taken.add(id) ? id : UniqueId.digest(unique);
                taken.add(ids[at]);
            }
        }
    }

    /** Whether the other server has ever shown a message: it moves what it shows to cur. */
    private static boolean readBefore(Names names) {
        for (var at = 0; at < names.count(); at++) {
            if (!names.inNew(at)) {
                return true;
            }
        }
        return false;
    }

    private boolean readWritten(Names names, String[] ids) throws IOException, Fault {
        try (var in = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            var head = in.readLine();
            if (!HEAD.equals(head)) {
                throw damaged(1);
            }
            records(in, names, ids);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private void records(BufferedReader in, Names names, String[] ids) throws IOException, Fault {
        var checksum = new CRC32C();
        for (var number = 2; ; number++) {
            var line = in.readLine();
            if (line == null) {
                throw damaged(number);
            }
            if (line.startsWith(END)) {
                var end = end(number - 2, checksum);
                if (!line.equals(end) || in.readLine() != null) {
                    throw damaged(number);
                }
                return;
            }
            checksum.update((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
            var space = line.indexOf(' ', 1);
            if (!line.startsWith(" ") || space < 0) {
                throw damaged(number);
            }
            var at = names.find(line.substring(space + 1));
            if (at >= 0) {
                ids[at] = line.substring(1, space);
            }
        }
    }

    private static String end(int records, CRC32C checksum) {
        return END + records + String.format(" %08x", checksum.getValue());
    }

    private Fault damaged(int line) {
        return Fault.permanent(
                file
                        + " is damaged at line "
                        + line
                        + ", and clients know the unique-ids in it. Restore it from a backup.",
                null);
    }

    private void write(Names names, String[] ids) throws IOException {
        var next = file.resolveSibling(FILE + ".next");
        var checksum = new CRC32C();
        try (var channel =
                FileChannel.open(
                        next,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            var chunk = new StringBuilder(HEAD).append('\n');
            for (var at = 0; at < ids.length; at++) {
                var record = " " + ids[at] + " " + names.unique(at) + "\n";
                checksum.update(record.getBytes(StandardCharsets.ISO_8859_1));
                chunk.append(record);
                if (chunk.length() > CHUNK) {
                    drain(chunk, channel);
                }
            }
            drain(chunk.append(end(ids.length, checksum)).append('\n'), channel);
            channel.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        Maildir.force(maildir.folder());
    }

    private static void drain(StringBuilder chunk, FileChannel channel) throws IOException {
        var octets = ByteBuffer.wrap(chunk.toString().getBytes(StandardCharsets.ISO_8859_1));
        while (octets.hasRemaining()) {
            channel.write(octets);
        }
        chunk.setLength(0);
    }
}
