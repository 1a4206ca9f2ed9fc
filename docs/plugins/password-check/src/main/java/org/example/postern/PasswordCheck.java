package org.example.postern;

import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;

import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;
import org.apache.commons.lang3.StringUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;

/**
 * Knows one user. It shows what a plugin looks like, and is no way to keep passwords: the hash has
 * neither salt nor rounds.
 */
public final class PasswordCheck implements PasswordDirectory {
    private static final Logger log = LoggerFactory.getLogger(PasswordCheck.class);

    private static final Setting USER =
            Setting.required("user", Setting.Kind.TEXT, "The name of the one user.");
    private static final Setting HASH =
            Setting.required(
                    "sha256",
                    Setting.Kind.TEXT,
                    "SHA-256 of the password, in 64 hexadecimal digits.");

    private String user;
    private String hash;

    @Override
    public List<Setting> settings() {
        return List.of(USER, HASH);
    }

    @Override
    public void start(PluginConfig config) {
        user = config.text(USER.name());
        hash = StringUtils.lowerCase(config.text(HASH.name()));
        if (!hash.matches("[0-9a-f]{64}")) {
            throw new SettingException(
                    HASH.name(),
                    "it is not 64 hexadecimal digits",
                    "Make it with: printf %s PASSWORD | sha256sum");
        }
        log.info(
                "password-check uses commons-codec {} and commons-lang3 {}",
                DigestUtils.class.getPackage().getImplementationVersion(),
                StringUtils.class.getPackage().getImplementationVersion());
    }

    @Override
    public Verdict verify(String name, Secret password) {
        var octets = password.octets();
        try {
            var made = Hex.encodeHexString(DigestUtils.sha256(octets));
            // Hashed and compared for everybody, so that a stranger takes the same time.
            var fits =
                    MessageDigest.isEqual(
                            made.getBytes(StandardCharsets.US_ASCII),
                            hash.getBytes(StandardCharsets.US_ASCII));
            if (!name.equals(user)) {
                return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
            }
            return fits
                    ? new Verdict.Accepted(new User(user))
                    : new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }
}
