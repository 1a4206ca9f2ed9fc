package io.postern.store.files;

import io.postern.spi.Fault;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

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
    private static final Pattern TOKEN = Pattern.compile("([0-9]{1,18})/([1-9][0-9]{0,17})\n");
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
            Files.createDirectories(folder);
            var highest = highest();
            if (highest.isPresent() && highest.get().compareTo(token) > 0) {
                throw new Fault(
                        Fault.Kind.TEMPORARY,
                        "the lock with token "
                                + token
                                + " is lost: "
                                + folder.resolve("token")
                                + " holds "
                                + highest.get());
            }
            if (highest.isEmpty() || !highest.get().equals(token)) {
                replace(folder.resolve("token"), token + "\n");
            }
        } catch (IOException e) {
            throw IoFaults.fault("cannot keep the fencing token in", folder, e);
        }
    }

    /** Whether no session has come with a higher token. */
    public boolean holds(FencingToken token) throws IOException {
        var highest = highest();
        return highest.isEmpty() || highest.get().compareTo(token) <= 0;
    }

    /** The result of an earlier commit of that id. */
    public Optional<CommitResult> result(UUID commitId) throws IOException {
        String text;
        try {
            text = Files.readString(folder.resolve(COMMIT + commitId));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        var match = RESULT.matcher(text);
        if (!match.matches()) {
            // Torn by a crash: then nobody was told the result, and the commit may run again.
            LOG.warn(
                    "{} is no commit result and is not looked at",
                    folder.resolve(COMMIT + commitId));
            return Optional.empty();
        }
        return Optional.of(
                new CommitResult(
                        CommitResult.Status.valueOf(match.group(1)),
                        Integer.parseInt(match.group(2)),
                        Integer.parseInt(match.group(3)),
                        Integer.parseInt(match.group(4)),
                        match.group(5)));
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
        }
    }

    private Optional<FencingToken> highest() throws IOException {
        String text;
        try {
            text = Files.readString(folder.resolve("token"));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        var match = TOKEN.matcher(text);
        if (!match.matches()) {
            // Renamed into place, so only a crash of the machine tears it, and that ends all
            // sessions.
            LOG.warn("{} holds no fencing token and is written anew", folder.resolve("token"));
            return Optional.empty();
        }
        return Optional.of(
                new FencingToken(Long.parseLong(match.group(1)), Long.parseLong(match.group(2))));
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
                FileChannel.open(
                        next,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            var octets = StandardCharsets.UTF_8.encode(text);
            while (octets.hasRemaining()) {
                channel.write(octets);
            }
            if (force) {
                channel.force(true);
            }
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static byte[] sha256(byte[] octets) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(octets);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
