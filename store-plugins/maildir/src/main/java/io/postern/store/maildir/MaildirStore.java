package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.store.files.IoFaults;
import io.postern.store.files.MaildropLayout;
import io.postern.store.files.MaildropState;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Keeps mail in Maildirs, beside delivery agents and IMAP servers that use the same ones. It reads
 * {@code new} and {@code cur}, removes what a client marked, and touches nothing else there. What
 * is delivered through it goes the way of any delivery agent's mail.
 */
public final class MaildirStore implements MaildropStore, Delivery {
    private static final String PREFIX = "maildir:";

    private MaildropLayout layout;
    private Path state;
    private boolean refuseMissing;
    private boolean trustHints;
    private boolean markSeen;
    private Optional<IdList> idList;
    private Deliverer deliverer;
    private RecentListings recent;

    @Override
    public String name() {
        return "maildir";
    }

    @Override
    public List<Setting> settings() {
        return List.of(
                Setting.required("root", Setting.Kind.PATH, "The folder that holds all Maildirs."),
                Setting.withDefault(
                        "layout",
                        Setting.Kind.TEXT,
                        "{user}",
                        "Where below root a user's Maildir is, from {user}, {local}, {domain} and"
                                + " {attribute:name}."),
                Setting.choice(
                        "missing",
                        List.of("empty", "refuse"),
                        "Whether a user without a Maildir has an empty maildrop or none."),
                Setting.withDefault(
                        "links-outside",
                        Setting.Kind.FLAG,
                        "false",
                        "Whether a symbolic link may lead out of root."),
                Setting.choice(
                        "unique-ids",
                        List.of("name", "dovecot", "courier"),
                        "Whose unique-ids the messages keep: those of their file names, or those"
                                + " that Dovecot's or Courier's POP3 server gave them."),
                Setting.choice(
                        "dovecot-format",
                        Stream.of(DovecotIds.Format.values())
                                .map(DovecotIds.Format::spelling)
                                .toList(),
                        "With unique-ids dovecot: its pop3_uidl_format."),
                Setting.withDefault(
                        "trust-size-hints",
                        Setting.Kind.FLAG,
                        "false",
                        "Whether ,W= in a file name is believed, so that the first login need not"
                                + " read the message."),
                Setting.withDefault(
                        "mark-seen",
                        Setting.Kind.FLAG,
                        "false",
                        "Whether a retrieved message that stays gets the flag S at QUIT."),
                Setting.optional(
                        "state-folder",
                        Setting.Kind.PATH,
                        "Where tokens, commit results and size indexes are; servers that share"
                                + " Maildirs share it."));
    }

    @Override
    public void start(PluginConfig config) {
        state = config.optionalPath("state-folder").orElseGet(config::stateFolder);
        layout =
                new MaildropLayout(
                        config.path("root"), config.text("layout"), config.flag("links-outside"));
        refuseMissing = config.text("missing").equals("refuse");
        trustHints = config.flag("trust-size-hints");
        markSeen = config.flag("mark-seen");
        idList =
                switch (config.text("unique-ids")) {
                    case "dovecot" ->
                            Optional.of(
                                    new DovecotIds(
                                            DovecotIds.Format.of(config.text("dovecot-format"))));
                    case "courier" -> Optional.of(new CourierIds());
                    default -> Optional.empty();
                };
        deliverer = new Deliverer(idList);
        recent = new RecentListings();
    }

    @Override
    public FenceMode fenceMode() {
        return FenceMode.VERIFY;
    }

    @Override
    public MaildropId locate(User user) throws Fault, InterruptedException {
        return layout.id(PREFIX, user);
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault, InterruptedException {
        var folder = layout.path(PREFIX, id);
        layout.check(folder);
        var maildropState = new MaildropState(state, id);
        maildropState.raise(token);
        var maildir = new Maildir(folder);
        var opening = new Opening(maildir, maildropState.file("index"), trustHints, recent, id);
        if (!present(maildir)) {
            return new MaildirDrop(maildir, MaildirListing.EMPTY, maildropState, opening, markSeen);
        }
        var listing = opening.list();
        if (idList.isPresent()) {
            new KnownIds(maildir, idList.get()).assign(listing);
        }
        return new MaildirDrop(maildir, listing, maildropState, opening, markSeen);
    }

    @Override
    public String deliver(User user, InputStream content, Optional<String> uniqueId)
            throws Fault, IOException, InterruptedException {
        var id = locate(user);
        var maildir = new Maildir(layout.path(PREFIX, id));
        if (refuseMissing) {
            var _ = present(maildir);
        }
        return deliverer.deliver(maildir, new MaildropState(state, id), content, uniqueId);
    }

    private boolean present(Maildir maildir) throws Fault, InterruptedException {
        if (!folder(maildir.folder())) {
            if (refuseMissing) {
                throw Fault.permanent("there is no Maildir " + maildir.folder(), null);
            }
            return false;
        }
        for (var part : List.of(maildir.fresh(), maildir.current())) {
            if (!folder(part)) {
                throw Fault.permanent(
                        maildir.folder() + " is no Maildir: it has no folder " + part.getFileName(),
                        null);
            }
        }
        return true;
    }

    /** Whether there is a folder; an error is not taken for a no. */
    private static boolean folder(Path path) throws Fault, InterruptedException {
        try {
            var attributes =
                    Files.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!attributes.isDirectory()) {
                throw Fault.permanent(path + " is not a folder", null);
            }
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw IoFaults.fault("cannot look at", path, e);
        }
    }
}
