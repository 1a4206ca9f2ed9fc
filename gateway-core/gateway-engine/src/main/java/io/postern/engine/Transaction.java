package io.postern.engine;

import java.util.BitSet;

/**
 * A maildrop in the TRANSACTION state: the frozen listing, what is marked as deleted, and what was
 * retrieved (RFC 1939 §5).
 */
final class Transaction {
    private final MessageTable messages;

    /** Whether surrogates are sent in place of internationalised messages (RFC 6856 §2.1). */
    private final boolean surrogates;

    private final BitSet marked = new BitSet();
    private final BitSet seen = new BitSet();
    private int count;
    private long octets;

    /** The marks as the last listing saw them, or null since they changed. */
    private BitSet marksOfListing;

    Transaction(MessageTable messages, boolean surrogates) {
        this.messages = messages;
        this.surrogates = surrogates;
        unmarkAll();
    }

    /** Messages that are not marked. */
    int count() {
        return count;
    }

    /** Their octets. */
    long octets() {
        return octets;
    }

    /** Whether the message is there and not marked. Takes any number. */
    boolean has(int number) {
        return number >= 1 && number <= messages.count() && !marked.get(number);
    }

    /** Size on the wire of what is sent, octets. */
    long octets(int number) {
        return messages.octets(number, surrogates);
    }

    /** Whether a surrogate is sent. */
    boolean surrogate(int number) {
        return surrogates && messages.needsSurrogate(number);
    }

    /**
     * @param number of a message that {@link #has has} no mark
     */
    void mark(int number) {
        marked.set(number);
        count--;
        octets -= octets(number);
        marksOfListing = null;
    }

    /** RSET. */
    void unmarkAll() {
        marked.clear();
        count = messages.count();
        octets = messages.totalOctets(surrogates);
        marksOfListing = null;
    }

    void retrieved(int number) {
        seen.set(number);
    }

    Reply scanListing(int number) {
        return Reply.ok(number, octets(number));
    }

    Reply uniqueIdListing(int number) {
        return Reply.ok(number, messages);
    }

    /**
     * All messages that are not marked. The body may be taken at any later time: it does not see
     * marks that are made after this.
     *
     * @param uniqueIds UIDL; LIST otherwise
     * @param language of the status line, which says how many messages follow
     */
    Reply listing(boolean uniqueIds, Language language) {
        if (marksOfListing == null) {
            marksOfListing = (BitSet) marked.clone();
        }
        return Reply.ok(
                uniqueIds
                        ? language.text(Text.MESSAGES, count)
                        : language.text(Text.INSIDE, count, octets),
                language,
                new ScanListing(messages, marksOfListing, uniqueIds, surrogates));
    }

    /** Ends this state: nothing may be marked after that. */
    Effect.Commit commit() {
        seen.andNot(marked);
        return new Effect.Commit(marked, seen);
    }
}
