package io.postern.spi.store;

/**
 * The one name of one maildrop, over all stores and realms: the key of its lock.
 *
 * <p>Two users, realms or stores that lead to the same mail must come to the same id, or two
 * sessions could hold it at once. So it names the mail and not the login: {@code
 * maildir:/var/mail/alice}, {@code jdbc:5f2c/alice}.
 *
 * @param value 1 to 1,024 characters, none of them a control character
 */
public record MaildropId(String value) {
    private static final int MAX = 1024;

    public MaildropId {
        if (value.isEmpty() || value.length() > MAX) {
            throw new IllegalArgumentException(
                    "a maildrop id has 1 to " + MAX + " characters, not " + value.length());
        }
        if (value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a maildrop id holds no control characters");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
