package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.store.files.IoFaults;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds out what a scan saw under two names of one unique part. Mostly it is one file that was
 * renamed meanwhile, or that stands there twice after a crash or in two states: one message. Where
 * the files hold different mail, because they came from two backups or from a deliverer that makes
 * poor names, each of them is a message. One thread.
 */
final class Duplicates {
    private static final Logger LOG = LoggerFactory.getLogger(Duplicates.class);

    /** What is left out of a listing. */
    interface LeftOut {
        void add(Path file, IOException why);
    }

    private final Maildir maildir;
    private final MessageFiles files;
    private final LeftOut leftOut;

    /** What has one unique name and could not be compared. */
    private int unread;

    /**
     * @param leftOut told of what cannot be read, and so not be compared
     */
    Duplicates(Maildir maildir, MessageFiles files, LeftOut leftOut) {
        this.maildir = maildir;
        this.files = files;
        this.leftOut = leftOut;
    }

    /** One of several messages with one unique name. */
    private record Twin(String digest, List<Path> files, FileTime oldest, boolean knownBefore) {}

    /**
     * The listing with a message for each content. The first of those with one unique name is the
     * one that had it before, as far as that can be found out: the one that was counted at an
     * earlier opening, or else the oldest.
     *
     * @param listing with what an earlier one knows
     */
    MaildirListing apart(MaildirListing listing) throws Fault, InterruptedException {
        try {
            return resolved(listing);
        } catch (IOException e) {
            throw IoFaults.fault("cannot list", maildir.folder(), e);
        }
    }

    private MaildirListing resolved(MaildirListing listing)
            throws IOException, InterruptedException {
        var names = listing.names();
        var uniques = new HashSet<String>();
        for (var at = 0; at < names.count(); at++) {
            if (names.twin(at)) {
                uniques.add(names.unique(at));
            }
        }
        var found = maildir.find(uniques);
        var builder = new Names.Builder(maildir.delimiters());
        var rows = new ArrayList<Integer>(); // of the given listing, or -1
        var digests = new HashMap<Integer, String>();
        var changed = false;
        for (var at = 0; at < names.count(); at++) {
            if (!names.twin(at)) {
                builder.copy(names, at);
                rows.add(at);
                continue;
            }
            var there = found.getOrDefault(names.unique(at), List.of());
            unread = 0;
            var twins = there.size() < 2 ? List.<Twin>of() : twins(there, listing.identity(at));
            if (twins.size() < 2 && unread == 0) {
                builder.copy(names, at);
                rows.add(at);
                continue;
            }
            changed = true;
            for (var twin : twins) {
                var file = twin.files.getFirst();
                builder.add(inNew(file), FileName.of(file), twin.files.size() > 1);
                digests.put(rows.size(), twin.digest);
                rows.add(-1);
            }
        }
        if (!changed) {
            return listing;
        }
        var apart = listing.with(builder.built());
        for (var at = 0; at < rows.size(); at++) {
            if (rows.get(at) >= 0) {
                apart.take(at, listing, rows.get(at));
            }
        }
        digests.forEach(apart::digest);
        apart.unsettle();
        return apart;
    }

    private List<Twin> twins(List<Path> there, int identityBefore)
            throws IOException, InterruptedException {
        var byContent = new LinkedHashMap<String, List<Path>>();
        // Of two names of one message the one in cur is the later state.
        var inOrder =
                there.stream()
                        .sorted(Comparator.comparing(this::inNew).thenComparing(Path::toString))
                        .toList();
        for (var file : inOrder) {
            try {
                byContent.computeIfAbsent(files.digest(file), _ -> new ArrayList<>()).add(file);
            } catch (NoSuchFileException e) {
                LOG.debug("{} was renamed meanwhile: it is among the others", file, e);
            } catch (NotAFile e) {
                LOG.debug("{} is no message, whatever else has its name", file, e);
                unread++;
            } catch (AccessDeniedException | UnreadableMessage e) {
                leftOut.add(file, e);
                unread++;
            }
        }
        var twins = new ArrayList<Twin>();
        for (Map.Entry<String, List<Path>> content : byContent.entrySet()) {
            try {
                twins.add(twin(content.getKey(), content.getValue(), identityBefore));
            } catch (NoSuchFileException e) {
                LOG.debug("{} was renamed or removed meanwhile", content.getValue(), e);
            }
        }
        twins.sort(
                Comparator.comparing((Twin twin) -> !twin.knownBefore)
                        .thenComparing(Twin::oldest)
                        .thenComparing(Twin::digest));
        return twins;
    }

    private Twin twin(String digest, List<Path> same, int identityBefore) throws IOException {
        var oldest = Files.getLastModifiedTime(same.getFirst(), LinkOption.NOFOLLOW_LINKS);
        var known = false;
        for (var file : same) {
            var changed = Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
            oldest = changed.compareTo(oldest) < 0 ? changed : oldest;
            known = known || files.identity(file) == identityBefore;
        }
        return new Twin(digest, same, oldest, known);
    }

    private boolean inNew(Path file) {
        return file.startsWith(maildir.fresh());
    }
}
