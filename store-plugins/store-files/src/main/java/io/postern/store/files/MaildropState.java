package io.postern.store.files;

import io.postern.spi.Fault;
import io.postern.spi.PrivateFiles;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * What the store keeps about one maildrop outside of it: the highest fencing token, the results of
 * the commits of the last two days, and files of the store's own. Used by whoever holds the
 * maildrop's lock; only the token is also looked at by somebody who has lost it.
 */
public final class MaildropState {
    private static final Logger LOG = LoggerFactory.getLogger(MaildropState.class);

    /** How long a commit's result is kept: longer than the day that is promised. */
    private static final Duration KEPT = Duration.ofDays(2);

    private static final String COMMIT = "commit-";
    private static final String TOKEN = "token";

    /** A token with zeros in front and a checksum behind. */
    private static final Pattern RECORD = Pattern.compile("([0-9]{19})/([0-9]{19}) ([0-9a-f]{8})");

    /** A token as it was spelled once. A piece of a record never looks like that. */
    private static final Pattern OLD_RECORD =
            Pattern.compile("(0|[1-9][0-9]{0,18})/([1-9][0-9]{0,18})\n");

    /** Digits of each number in a record with a checksum. */
    private static final int DIGITS = 19;

    /** Octets of a record with a checksum, and its line end. */
    private static final int RECORD_OCTETS = DIGITS + 1 + DIGITS + 1 + 8 + 1;

    private static final int RECORDS_OCTETS = 2 * RECORD_OCTETS;

    /** How often a record is read that somebody may be writing just then. */
    private static final int READINGS = 10;

    private static final Pattern RESULT =
            Pattern.compile("(OK|PARTIAL) ([0-9]{1,9}) ([0-9]{1,9}) ([0-9]{1,9})\n(.*)\n");

    private final Path folder;

    /**
     * @param all the folder for all maildrops
     */
    public MaildropState(Path all, MaildropId id) {
        var digest =
                HexFormat.of()
                        .formatHex(sha256(id.value().getBytes(StandardCharsets.UTF_8)), 0, 20);
        folder = all.resolve(digest.substring(0, 2)).resolve(digest);
    }

    /**
     * A file of the store's own about this maildrop; its folder is there once a token was raised.
     */
    public Path file(String name) {
        return folder.resolve(name);
    }

    /** Registers the token of a new session. */
    public void raise(FencingToken token) throws Fault, InterruptedException {
        try {
            if (!raiseInPlace(token)) {
                PrivateFiles.makeFolders(folder);
                var highest = highest();
                if (highest.isPresent()) {
                    refuseLower(token, highest.get());
                }
                replace(folder.resolve(TOKEN), records(token));
            }
        } catch (IOException e) {
            throw IoFaults.fault("cannot keep the fencing token in", folder, e);
        }
    }

    /**
     * Writes over earlier records: a few octets of one sector in one write. A file that is replaced
     * costs each login a new block on the disk.
     *
     * @return false where there are no records of that length
     */
    private boolean raiseInPlace(FencingToken token) throws IOException, Fault {
        try (var channel =
                FileChannel.open(
                        folder.resolve(TOKEN), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            var there = ByteBuffer.allocate(RECORDS_OCTETS + 1);
            if (channel.read(there, 0) != RECORDS_OCTETS) {
                return false;
            }
            var found = text(there.flip());
            var highest = token(found);
            if (highest.isEmpty()) {
                return false;
            }
            refuseLower(token, highest.get());
            var records = records(token);
            if (!found.equals(records)) {
                var octets = StandardCharsets.US_ASCII.encode(records);
                if (channel.write(octets, 0) != RECORDS_OCTETS) {
                    throw new IOException("only a part of the token was written");
                }
            }
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private void refuseLower(FencingToken token, FencingToken highest) throws Fault {
        if (highest.compareTo(token) > 0) {
            throw new Fault(
                    Fault.Kind.TEMPORARY,
                    "the lock with token "
                            + token
                            + " is lost: "
                            + folder.resolve(TOKEN)
                            + " holds "
                            + highest
                            + ". Should every login be refused so, the lock coordinator counts from"
                            + " a lower number than before: stop all servers and remove that file");
        }
    }

    /**
     * Whether no session has come with a higher token. False, too, where nobody can tell, because
     * the file was damaged or removed since {@link #raise}: the next login writes it anew.
     */
    public boolean holds(FencingToken token) throws IOException {
        var highest = highest();
        if (highest.isEmpty()) {
            LOG.warn("{} is gone or damaged: this session removes nothing", folder.resolve(TOKEN));
        }
        return highest.isPresent() && highest.get().compareTo(token) <= 0;
    }

    /** The result of an earlier commit of that id. */
    public Optional<CommitResult> result(UUID commitId) throws IOException {
        var file = folder.resolve(COMMIT + commitId);
        String text;
        try {
            // Whatever is no UTF-8 is no result either.
            text = new String(octets(file), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        var match = RESULT.matcher(text);
        if (match.matches()) {
            try {
                return Optional.of(
                        new CommitResult(
                                CommitResult.Status.valueOf(match.group(1)),
                                Integer.parseInt(match.group(2)),
                                Integer.parseInt(match.group(3)),
                                Integer.parseInt(match.group(4)),
                                match.group(5)));
            } catch (IllegalArgumentException e) {
                LOG.debug("{} holds numbers that do not fit together", file, e);
            }
        }
        // Torn by a crash: then nobody was told the result, and the commit may run again.
        LOG.warn("{} is no commit result and is not looked at", file);
        return Optional.empty();
    }

    /** Keeps a commit's result, and throws away those that are old. */
    public void keep(UUID commitId, CommitResult result) throws IOException {
        replace(
                folder.resolve(COMMIT + commitId),
                result.status()
                        + " "
                        + result.removed()
                        + " "
                        + result.alreadyGone()
                        + " "
                        + result.failed()
                        + "\n"
                        + result.detail().replace('\n', ' ')
                        + "\n");
        var oldest = System.currentTimeMillis() - KEPT.toMillis();
        try (var old = Files.newDirectoryStream(folder, COMMIT + "*")) {
            for (var file : old) {
                if (Files.getLastModifiedTime(file).toMillis() < oldest) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            LOG.warn("cannot remove old commit results: {}", e.toString());
        }
    }

    private Optional<FencingToken> highest() throws IOException {
        try {
            for (var readings = 1; readings <= READINGS; readings++) {
                var found = token(text(ByteBuffer.wrap(octets(folder.resolve(TOKEN)))));
                if (found.isPresent()) {
                    return found;
                }
            }
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        LOG.warn("{} is damaged: it holds no fencing token", folder.resolve(TOKEN));
        return Optional.empty();
    }

    /** Every octet is a character, so that one of no meaning is no failure. */
    private static String text(ByteBuffer octets) {
        return StandardCharsets.ISO_8859_1.decode(octets).toString();
    }

    /** The highest token in the records that are whole; empty where none is. */
    private static Optional<FencingToken> token(String records) {
        var old = OLD_RECORD.matcher(records);
        if (old.matches()) {
            return number(old.toMatchResult());
        }
        return RECORD.matcher(records)
                .results()
                .filter(record -> record.group(3).equals(checksum(record.group())))
                .flatMap(record -> number(record).stream())
                .max(Comparator.naturalOrder());
    }

    private static Optional<FencingToken> number(MatchResult match) {
        try {
            return Optional.of(
                    new FencingToken(
                            Long.parseLong(match.group(1)), Long.parseLong(match.group(2))));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // a number that no token has
        }
    }

    /** Twice, so that it outlives damage to one of them: a token must never become lower. */
    private static String records(FencingToken token) {
        return record(token).repeat(2);
    }

    private static String record(FencingToken token) {
        var text = new StringBuilder(RECORD_OCTETS);
        pad(text, token.generation()).append('/');
        pad(text, token.counter()).append(' ');
        return text.append(checksum(text)).append('\n').toString();
    }

    private static StringBuilder pad(StringBuilder text, long number) {
        var digits = Long.toString(number);
        return text.repeat('0', DIGITS - digits.length()).append(digits);
    }

    /** Over both numbers. */
    private static String checksum(CharSequence record) {
        var checksum = new CRC32C();
        for (var at = 0; at < 2 * DIGITS + 1 && at < record.length(); at++) {
            checksum.update(record.charAt(at));
        }
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    /**
     * Reads a file.
     *
     * @throws FileSystemException with the file's name if it is a folder
     */
    public static byte[] octets(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new FileSystemException(file.toString(), null, "Is a directory");
        }
        return Files.readAllBytes(file);
    }

    /**
     * Puts a text in the place of a file, whole or not at all, and waits until a crash keeps it.
     */
    public static void replaceForGood(Path file, String text) throws IOException {
        replace(file, text, true);
        try (var folder = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        }
    }

    private static void replace(Path file, String text) throws IOException {
        replace(file, text, false);
    }

    private static void replace(Path file, String text, boolean force) throws IOException {
        var next = file.resolveSibling(file.getFileName() + ".next");
        try (var channel =
                PrivateFiles.open(
                        next,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            write(next, channel, StandardCharsets.UTF_8.encode(text));
            if (force) {
                channel.force(true);
            }
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** A full disk is told without a name, and may be another than that of the mail. */
    private static void write(Path file, FileChannel channel, ByteBuffer octets)
            throws IOException {
        try {
            while (octets.hasRemaining()) {
                channel.write(octets);
            }
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            var named = new FileSystemException(file.toString(), null, e.getMessage());
            named.initCause(e);
            throw named;
        }
    }

    private static byte[] sha256(byte[] octets) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(octets);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
