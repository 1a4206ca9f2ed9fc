package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.Health;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.store.files.MaildropLayout;
import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Keeps mail in Maildirs, beside delivery agents and IMAP servers that use the same ones. It reads
 * {@code new} and {@code cur}, removes what a client marked, and touches nothing else there. What
 * is delivered through it goes the way of any delivery agent's mail.
 */
public final class MaildirStore implements MaildropStore, Delivery, Health {
    private static final Logger LOG = LoggerFactory.getLogger(MaildirStore.class);

    private static final String PREFIX = "maildir:";

    private MaildropLayout layout;
    private Path state;
    private Folders folders;
    private MessageFiles files;
    private boolean trustHints;
    private boolean refuseUnreadable;
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
                        "Whether a user without a Maildir has an empty maildrop or none, and whether"
                                + " a folder that it lacks is made."),
                Setting.withDefault(
                        "links-outside",
                        Setting.Kind.FLAG,
                        "false",
                        "Whether a symbolic link may lead out of root, or to what belongs to another"
                                + " user."),
                Setting.choice(
                        "unreadable",
                        List.of("leave-out", "refuse"),
                        "Whether a message that the server's user may not read, or that is a damaged"
                                + " archive, is left out or makes the login fail."),
                Setting.withDefault(
                                "info-delimiter",
                                Setting.Kind.TEXT,
                                ":;!",
                                "The characters that may stand before the flags in a file name; the"
                                        + " first is written.")
                        .matching(
                                "[!-~&&[^A-Za-z0-9%,./=]]{1,8}", "one to eight punctuation marks"),
                Setting.withDefault(
                                "unpacked-limit",
                                Setting.Kind.SIZE,
                                "256MiB",
                                "The size up to which a compressed message is unpacked.")
                        .between("1MiB", "1TiB"),
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
    public void check(PluginConfig config, Findings findings) {
        layout(config)
                .trouble()
                .ifPresent(trouble ->
                        findings.warning(
                                new SettingException("root", trouble, MaildropLayout.REMEDY)));
    }

    private static MaildropLayout layout(PluginConfig config) {
        return new MaildropLayout(
                config.path("root"), config.text("layout"), config.flag("links-outside"));
    }

    @Override
    public void start(PluginConfig config) {
        state = config.optionalPath("state-folder").orElseGet(config::stateFolder);
        layout = layout(config);
        // Not refused: the disk may be mounted later, and logins fail until then.
        layout.trouble()
                .ifPresent(trouble ->
                        LOG.warn(
                                "<root> of a maildir store: {}. {}",
                                trouble,
                                MaildropLayout.REMEDY));
        var delimiters = new InfoDelimiters(config.text("info-delimiter"));
        var links = new Links(config.path("root"), config.flag("links-outside"));
        folders = new Folders(delimiters, links, config.text("missing").equals("refuse"));
        files = new MessageFiles(delimiters, links, new Unpacking(config.size("unpacked-limit")));
        refuseUnreadable = config.text("unreadable").equals("refuse");
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
        deliverer = new Deliverer(folders, files, idList);
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
        var there = folders.find(folder);
        var maildir = there.isPresent() ? there.get() : folders.at(folder);
        var opening =
                new Opening(
                        maildir,
                        files,
                        maildropState.file("index"),
                        trustHints,
                        refuseUnreadable,
                        recent,
                        id);
        var listing = there.isPresent() ? opening.list() : MaildirListing.EMPTY;
        if (there.isPresent()) {
            new KnownIds(maildir, idList, files, opening.leftOut()).assign(listing);
        }
        return new MaildirDrop(maildir, files, listing, maildropState, opening, markSeen);
    }

    @Override
    public String deliver(User user, InputStream content, Optional<String> uniqueId)
            throws Fault, IOException, InterruptedException {
        var id = locate(user);
        var folder = layout.path(PREFIX, id);
        if (folders.refuseMissing()) {
            var _ = folders.find(folder);
        }
        return deliverer.deliver(folder, new MaildropState(state, id), content, uniqueId);
    }

    @Override
    public Optional<String> trouble() {
        return layout.trouble();
    }
}
