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
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * The unique-ids that do not follow from the names of the files. One thread, which holds the
 * maildrop's lock.
 *
 * <p>In a Maildir that came from another POP3 server, a message gets its unique-id the first time
 * that it is listed here: the one that the other server's list gives it, or else the one of its
 * name. Of several messages with one unique name the first has that unique-id, and each of the
 * others one that is made of its content, too; so it stays when the first one is removed.
 *
 * <p>Such a unique-id is written down in a file in the Maildir before any client sees it, and holds
 * for ever: whatever the other server does to its list later, no client downloads a message twice.
 *
 * <p>Unlike the size index that file cannot be made again. It is replaced whole, with an fsync; it
 * ends in a checksum, and a damaged one is a fault.
 */
final class KnownIds {
    /** No leading dot: that would be a folder to IMAP servers. */
    static final String FILE = "postern-unique-ids";

    /** Where the messages have the unique-ids of their names: only of those with one name. */
    static final String DUPLICATES = "postern-duplicates";

    private static final Logger LOG = LoggerFactory.getLogger(KnownIds.class);
    private static final String HEAD = "postern-unique-ids 1";
    private static final String END = "end ";
    private static final int CHUNK = 64 * 1024;

    /** In a record between the unique name and the digest of a message that shares it. */
    private static final char SHARED = '/';

    private final Maildir maildir;
    private final Optional<IdList> list;
    private final MessageFiles files;
    private final Path file;

    /** Unique names of messages that are not listed now and may be again. */
    private final Set<String> leftOut;

    /** The records of those. */
    private final Map<String, String> kept = new TreeMap<>();

    /** Of messages that share their unique name: the unique-ids by digest, by unique name. */
    private final Map<String, Map<String, String>> shared = new HashMap<>();

    /**
     * @param list the other server's, if the Maildir came from one
     * @param leftOut unique names of messages that are there and not listed, for example since
     *     nobody may read them now: their unique-ids are kept
     */
    KnownIds(Maildir maildir, Optional<IdList> list, MessageFiles files, Set<String> leftOut) {
        this.maildir = maildir;
        this.list = list;
        this.files = files;
        this.leftOut = leftOut;
        this.file = maildir.folder().resolve(list.isPresent() ? FILE : DUPLICATES);
    }

    /**
     * Gives every message of a listing its unique-id.
     *
     * @throws Fault if the ids that clients know cannot be had, or new ones not be written down
     */
    void assign(MaildirListing listing) throws Fault, InterruptedException {
        if (list.isEmpty() && !listing.anyDigest() && !Files.exists(file)) {
            return;
        }
        var names = listing.names();
        var ids = new String[names.count()];
        var written = readWritten(names, ids);
        var changed = tellApart(listing, ids);
        if (list.isPresent() && (!written || missing(ids))) {
            choose(list.get(), names, ids, written);
            changed = true;
        }
        for (var at = 0; at < ids.length; at++) {
            if (ids[at] == null) {
                ids[at] = UniqueId.ofName(names.unique(at));
            }
            if (listing.digest(at).isPresent()) {
                var known = shared.computeIfAbsent(names.unique(at), _ -> new TreeMap<>());
                changed |= known.put(listing.digest(at).get(), ids[at]) == null;
            }
        }
        if (changed) {
            write(listing, ids);
        }
        if (list.isPresent() || listing.anyDigest()) {
            listing.uniqueIds(ids);
        }
    }

    /**
     * The unique-ids of these messages by what is known now. Writes nothing down: the next opening
     * does.
     */
    Set<String> all(Names names) throws Fault, InterruptedException {
        var ids = new String[names.count()];
        var written = readWritten(names, ids);
        if (list.isPresent() && (!written || missing(ids))) {
            choose(list.get(), names, ids, written);
        }
        var all = new HashSet<String>();
        for (var at = 0; at < ids.length; at++) {
            all.add(ids[at] == null ? UniqueId.ofName(names.unique(at)) : ids[at]);
        }
        shared.values().forEach(known -> all.addAll(known.values()));
        return all;
    }

    /**
     * Gives messages that share their unique name, or did so, the unique-ids that they have, and
     * new ones to those behind the first.
     *
     * @return whether there is anything new
     */
    private boolean tellApart(MaildirListing listing, String[] ids)
            throws Fault, InterruptedException {
        var names = listing.names();
        var changed = false;
        for (var at = 0; at < names.count() && !(shared.isEmpty() && !listing.anyDigest()); at++) {
            var unique = names.unique(at);
            var known = shared.getOrDefault(unique, Map.of());
            if (known.isEmpty() && listing.digest(at).isEmpty()) {
                continue;
            }
            if (listing.digest(at).isEmpty() && !digest(listing, at)) {
                ids[at] = UniqueId.digest(unique + SHARED); // nobody can read it under that id
                continue;
            }
            var digest = listing.digest(at).orElseThrow();
            var first = at == 0 || names.compare(at - 1, names, at) != 0;
            if (known.containsKey(digest)) {
                ids[at] = known.get(digest);
            } else if (!first || !known.isEmpty()) {
                ids[at] = UniqueId.digest(unique + SHARED + digest);
                changed = true;
            }
        }
        return changed;
    }

    /**
     * Reads a message that shared its unique name once.
     *
     * @return false if it has gone, or cannot be read any more
     */
    private boolean digest(MaildirListing listing, int at) throws Fault, InterruptedException {
        var names = listing.names();
        try {
            listing.digest(at, maildir.reach(names, at, Maildir.LATEST, files::digest));
            return true;
        } catch (NoSuchFileException | AccessDeniedException | UnreadableMessage | NotAFile e) {
            LOG.warn("{} cannot be told from others: {}", names.name(at), e.toString());
            return false;
        } catch (IOException e) {
            var listed = maildir.file(names.inNew(at), names.name(at));
            throw IoFaults.fault("cannot read the message", listed, e);
        }
    }

    private static boolean missing(String[] ids) {
        for (var id : ids) {
            if (id == null) {
                return true;
            }
        }
        return false;
    }

    private void choose(IdList list, Names names, String[] ids, boolean written)
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
                            maildir.delimiters(),
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

    private boolean readWritten(Names names, String[] ids) throws Fault, InterruptedException {
        try (var in = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            var head = in.readLine();
            if (!HEAD.equals(head)) {
                throw damaged(1);
            }
            records(in, names, ids);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw IoFaults.fault("cannot read", file, e);
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
            take(line.substring(space + 1), line.substring(1, space), names, ids);
        }
    }

    /** Takes one record, if there is such a message. */
    private void take(String name, String id, Names names, String[] ids) {
        var end = name.indexOf(SHARED, 1); // the first character of an odd name is the same
        var unique = end < 0 ? name : name.substring(0, end);
        var at = names.find(unique);
        if (at < 0) {
            if (leftOut.contains(unique)) {
                kept.put(name, id);
            }
            return;
        }
        if (end >= 0) {
            shared.computeIfAbsent(unique, _ -> new TreeMap<>()).put(name.substring(end + 1), id);
        } else if (list.isPresent()) {
            ids[at] = id;
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

    private void write(MaildirListing listing, String[] ids) throws Fault, InterruptedException {
        if (list.isEmpty() && !Files.isWritable(maildir.folder())) {
            // Then nothing can be removed there either.
            LOG.warn("{} cannot be written, so unique-ids in it may change", file);
            return;
        }
        try {
            replace(listing, ids);
        } catch (IOException e) {
            throw IoFaults.fault("cannot write", file, e);
        }
    }

    private void replace(MaildirListing listing, String[] ids) throws IOException {
        var next = file.resolveSibling(file.getFileName() + ".next");
        try (var channel =
                FileChannel.open(
                        next,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            var records = new Records(channel);
            for (var at = 0; at < ids.length && list.isPresent(); at++) {
                if (listing.digest(at).isEmpty()) {
                    records.put(listing.names().unique(at), ids[at]);
                }
            }
            for (var known : shared.entrySet()) {
                for (var id : known.getValue().entrySet()) {
                    records.put(known.getKey() + SHARED + id.getKey(), id.getValue());
                }
            }
            for (var record : kept.entrySet()) {
                records.put(record.getKey(), record.getValue());
            }
            records.end();
            channel.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        Maildir.force(maildir.folder());
    }

    /** The file while it is written. */
    private static final class Records {
        private final FileChannel channel;
        private final StringBuilder chunk = new StringBuilder(HEAD).append('\n');
        private final CRC32C checksum = new CRC32C();
        private int count;

        Records(FileChannel channel) {
            this.channel = channel;
        }

        void put(String name, String id) throws IOException {
            var record = " " + id + " " + name + "\n";
            checksum.update(record.getBytes(StandardCharsets.ISO_8859_1));
            chunk.append(record);
            count++;
            if (chunk.length() > CHUNK) {
                drain(chunk, channel);
            }
        }

        void end() throws IOException {
            chunk.append(KnownIds.end(count, checksum)).append('\n');
            drain(chunk, channel);
        }
    }

    private static void drain(StringBuilder chunk, FileChannel channel) throws IOException {
        var octets = ByteBuffer.wrap(chunk.toString().getBytes(StandardCharsets.ISO_8859_1));
        while (octets.hasRemaining()) {
            channel.write(octets);
        }
        chunk.setLength(0);
    }
}
