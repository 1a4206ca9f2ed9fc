package io.postern.auth.stored;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The passwords of one account's devices, collected while a directory reads the account. One
 * thread.
 *
 * <p>Whatever is wrong with a device is an {@link IllegalArgumentException} whose message goes on
 * from the account's name, such as {@code has a device "phone" whose password is not in base64},
 * and shows nothing of a password. An account with such a device is to be refused as a whole: see
 * {@link Account#barred}.
 */
public final class DevicePasswords {
    /** Most devices of an account: a login is compared with the passwords of all of them. */
    public static final int MAX = 10;

    /** What the session's line in the log can show. */
    private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9._-]{1,63}");

    private static final String LABEL_RULE =
            "of 1 to 63 letters, digits, dots, hyphens and underscores";

    private final String unnamed;
    private final Map<String, StoredPassword> devices = new LinkedHashMap<>();

    /**
     * @param unnamed the scheme of a password that names none; empty where that is a mistake
     */
    public DevicePasswords(String unnamed) {
        this.unnamed = unnamed;
    }

    /**
     * Adds a device.
     *
     * @param label what the log shows: 1 to 63 of {@code A-Z a-z 0-9 . _ -}
     * @param password as {@link StoredPassword#parse(String, String)} takes it; {@code PLAIN}
     *     passwords are taken, too
     * @throws IllegalArgumentException if one of them cannot be used, the label is there already,
     *     or there are more than {@value #MAX}
     */
    public void add(String label, String password) {
        if (!LABEL.matcher(label).matches()) {
            // Not shown: a password may stand in its place.
            throw new IllegalArgumentException("has a device without a label " + LABEL_RULE);
        }
        if (devices.containsKey(label)) {
            throw new IllegalArgumentException("has two devices \"" + label + "\"");
        }
        if (devices.size() == MAX) {
            throw new IllegalArgumentException("has more than " + MAX + " devices");
        }
        try {
            devices.put(label, StoredPassword.parse(password, unnamed));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "has a device \"" + label + "\" whose password " + e.getMessage(), e);
        }
    }

    /**
     * Adds a device that is one text, {@code LABEL=PASSWORD}, for directories whose values have no
     * parts.
     *
     * @throws IllegalArgumentException as {@link #add(String, String)}
     */
    public void addLabelled(String labelled) {
        int equals = labelled.indexOf('=');
        add(labelled.substring(0, Math.max(0, equals)), labelled.substring(equals + 1));
    }

    public boolean isEmpty() {
        return devices.isEmpty();
    }

    /**
     * What a login to the account is compared with.
     *
     * @param own the account's own password; empty where it has none
     * @throws IllegalArgumentException if there is neither that nor a device
     */
    public StoredPassword with(Optional<StoredPassword> own) {
        if (devices.isEmpty()) {
            return own.orElseThrow(() -> new IllegalArgumentException("has no password"));
        }
        return new SeveralPasswords(own, devices);
    }
}
