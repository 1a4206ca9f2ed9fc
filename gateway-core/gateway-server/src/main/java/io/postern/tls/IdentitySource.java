package io.postern.tls;

import io.postern.spi.Secret;
import io.postern.spi.SettingException;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.UnrecoverableKeyException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Where a private key and its certificate are kept. Immutable; the secrets live as long as it. */
public sealed interface IdentitySource {

    /** The files that {@link #load} reads. */
    List<Path> files();

    /**
     * Reads the files.
     *
     * @throws SettingException if they give no key with its certificate
     */
    Identity load() throws SettingException;

    /**
     * PEM files, as certbot and OpenSSL write them; both may be the same file.
     *
     * @param certificate the server's certificate first, then those that lead to its root
     * @param key PKCS#8, encrypted or not; PKCS#1 (RSA); SEC 1 (EC)
     * @param password of an encrypted key
     */
    record Pem(Path certificate, Path key, Optional<Secret> password) implements IdentitySource {
        @Override
        public List<Path> files() {
            return List.of(certificate, key);
        }

        @Override
        public Identity load() {
            var chain = PemFile.read("certificate", certificate).certificates();
            var privateKey = PemFile.read("key", key).key(chain.getFirst(), password);
            return Identity.of("key", certificate, chain, privateKey, key);
        }
    }

    /** A PKCS#12 file with one private key. */
    record Pkcs12(Path file, Secret password) implements IdentitySource {
        private static final String SETTING = "pkcs12";

        @Override
        public List<Path> files() {
            return List.of(file);
        }

        @Override
        public Identity load() {
            var octets = PemFile.octets(SETTING, file);
            var chars = password.chars();
            try {
                var store = KeyStore.getInstance("PKCS12");
                store.load(new java.io.ByteArrayInputStream(octets), chars);
                var keys = new ArrayList<String>();
                for (var alias : Collections.list(store.aliases())) {
                    if (store.isKeyEntry(alias)) {
                        keys.add(alias);
                    }
                }
                if (keys.size() != 1) {
                    throw new SettingException(
                            SETTING,
                            file + " has " + keys.size() + " private keys",
                            "Give a file with one key and its certificates.");
                }
                Key key = store.getKey(keys.getFirst(), chars);
                var chain =
                        Arrays.stream(store.getCertificateChain(keys.getFirst()))
                                .map(X509Certificate.class::cast)
                                .toList();
                return Identity.of(SETTING, file, chain, (PrivateKey) key, file);
            } catch (IOException e) {
                if (e.getCause() instanceof UnrecoverableKeyException) {
                    throw new SettingException(
                            "password",
                            "it does not open " + file,
                            "Give the password with which the file was made.");
                }
                throw unusable(e);
            } catch (GeneralSecurityException e) {
                throw unusable(e);
            } finally {
                Arrays.fill(chars, '\0');
                Arrays.fill(octets, (byte) 0);
            }
        }

        private SettingException unusable(Exception e) {
            return new SettingException(
                    SETTING,
                    file + " is no PKCS#12 file that Java can read (" + e.getMessage() + ")",
                    "Make it anew, for example with: openssl pkcs12 -export.");
        }
    }

    /**
     * A pair that the server makes for itself, for a first look: nobody vouches for it.
     *
     * @param folder the server's own; made where it is not there
     */
    record SelfSigned(Path folder) implements IdentitySource {
        @Override
        public List<Path> files() {
            return pair().files();
        }

        /** Whether it was made before. */
        public boolean made() {
            return files().stream().allMatch(java.nio.file.Files::exists);
        }

        /**
         * Makes it.
         *
         * @param host the server's name
         */
        public void make(String host) throws IOException {
            SelfSignedPair.make(host, pair().certificate(), pair().key());
        }

        @Override
        public Identity load() {
            return pair().load();
        }

        private Pem pair() {
            return new Pem(
                    folder.resolve("certificate.pem"), folder.resolve("key.pem"), Optional.empty());
        }
    }
}
