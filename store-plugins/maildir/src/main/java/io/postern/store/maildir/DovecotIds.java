package io.postern.store.maildir;

import java.io.IOException;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/**
 * Reads {@code dovecot-uidlist}, version 1 and 3, and makes the unique-ids that Dovecot's POP3
 * server makes of it.
 *
 * @param format Dovecot's {@code pop3_uidl_format}
 */
record DovecotIds(Format format) implements IdList {

    /** The formats of {@code pop3_uidl_format} that are known here. */
    enum Format {
        /** UID and UIDVALIDITY in hexadecimal, eight digits each. */
        UID_AND_VALIDITY("%08Xu%08Xv"),
        /** The file name up to the colon. */
        FILE_NAME("%f"),
        /** The message's GUID: the one in the list, or else the file name. */
        GUID("%g");

        private final String spelling;

        Format(String spelling) {
            this.spelling = spelling;
        }

        /** As it stands in Dovecot's configuration. */
        String spelling() {
            return spelling;
        }

        static Format of(String spelling) {
            for (var format : values()) {
                if (format.spelling.equals(spelling)) {
                    return format;
                }
            }
            throw new IllegalArgumentException(spelling);
        }
    }

    /** UIDs and UIDVALIDITY are unsigned numbers of 32 bits, from 1. */
    private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,9}");

    private static final long MAX = 0xFFFF_FFFFL;

    @Override
    public String file() {
        return "dovecot-uidlist";
    }

    @Override
    public boolean needed() {
        return format != Format.FILE_NAME;
    }

    @Override
    public Lines reader(InfoDelimiters delimiters, BiConsumer<String, String> taker) {
        return new Reader(delimiters, taker);
    }

    private final class Reader implements Lines {
        private final InfoDelimiters delimiters;
        private final BiConsumer<String, String> taker;
        private int version;
        private long validity;
        private long last;

        Reader(InfoDelimiters delimiters, BiConsumer<String, String> taker) {
            this.delimiters = delimiters;
            this.taker = taker;
        }

        @Override
        public void line(int number, byte[] octets) throws IOException {
            var line = IdList.text(octets);
            if (number == 1) {
                head(line);
            } else {
                record(number, line);
            }
        }

        private void head(String line) throws IOException {
            var words = line.split(" ", -1);
            version = words[0].equals("1") ? 1 : words[0].equals("3") ? 3 : 0;
            if (version == 1 && words.length >= 3) {
                validity = number(1, words[1]);
            }
            for (var word : words) {
                if (version == 3 && word.startsWith("V")) {
                    validity = number(1, word.substring(1));
                }
            }
            if (version == 0 || validity == 0) {
                throw new Damaged(file(), 1, "its head is not that of version 1 or 3");
            }
        }

        private void record(int number, String line) throws IOException {
            var at = line.indexOf(' ');
            if (at < 0) {
                throw new Damaged(file(), number, "there is no file name");
            }
            var uid = number(number, line.substring(0, at));
            if (uid <= last) {
                throw new Damaged(file(), number, "its UID is not above the one before");
            }
            last = uid;
            String guid = null;
            String override = null;
            at++;
            if (version == 3) {
                while (at < line.length() && line.charAt(at) != ':') {
                    var end = line.indexOf(' ', at);
                    if (end < 0) {
                        throw new Damaged(file(), number, "there is no file name");
                    }
                    if (end > at) {
                        switch (line.charAt(at)) {
                            case 'G' -> guid = line.substring(at + 1, end);
                            case 'P' -> override = line.substring(at + 1, end);
                            default -> {
                                // Sizes, order and what later versions may add: no part of an id.
                            }
                        }
                    }
                    at = end + 1;
                }
                at++;
            }
            if (at >= line.length()) {
                throw new Damaged(file(), number, "there is no file name");
            }
            var unique = IdList.unique(delimiters, line.substring(at));
            taker.accept(unique, id(uid, unique, guid, override));
        }

        /** An empty override means the file name. */
        private String id(long uid, String unique, String guid, String override) {
            if (override != null) {
                return override.isEmpty() ? unique : override;
            }
            return switch (format) {
                case UID_AND_VALIDITY -> hex(uid) + hex(validity);
                case FILE_NAME -> unique;
                case GUID -> guid == null || guid.isEmpty() ? unique : guid;
            };
        }

        private String hex(long value) {
            var digits = Long.toHexString(value);
            return "0".repeat(8 - digits.length()) + digits;
        }

        private long number(int line, String text) throws IOException {
            if (!NUMBER.matcher(text).matches() || Long.parseLong(text) > MAX) {
                throw new Damaged(file(), line, "\"" + text + "\" is no UID or UIDVALIDITY");
            }
            return Long.parseLong(text);
        }
    }
}
