package io.postern.distribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** A certificate authority of a test's own, made with OpenSSL in a folder. */
final class Authority {
    /** What a certificate on the internet has: a name, and where to ask whether it still holds. */
    private static final String SERVER =
            """
            subjectAltName=DNS:localhost,IP:127.0.0.1
            basicConstraints=critical,CA:FALSE
            keyUsage=critical,digitalSignature
            extendedKeyUsage=serverAuth
            authorityInfoAccess=OCSP;URI:http://ocsp.example/
            crlDistributionPoints=URI:http://crl.example/
            """;

    private final Path folder;

    Authority(Path folder) throws IOException, InterruptedException {
        this.folder = Files.createDirectories(folder);
        openssl(
                "req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj /CN=TestAuthority"
                        + " -keyout ca.key -out ca.pem"
                        + " -addext keyUsage=critical,keyCertSign,cRLSign");
        Files.writeString(folder.resolve("server.ext"), SERVER);
        Files.writeString(
                folder.resolve("ca.conf"),
                """
                [ca]
                default_ca=ours
                [ours]
                database=index.txt
                new_certs_dir=.
                serial=serial
                certificate=ca.pem
                private_key=ca.key
                default_md=sha256
                policy=any
                unique_subject=no
                [any]
                commonName=supplied
                """);
        Files.writeString(folder.resolve("index.txt"), "");
        Files.writeString(folder.resolve("serial"), "01\n");
    }

    /** What clients have to trust. */
    Path certificate() {
        return folder.resolve("ca.pem");
    }

    /**
     * A pair for localhost: {@code name.pem} and {@code name.key}, as an identity in the
     * configuration.
     *
     * @param key OpenSSL's word for its kind, such as {@code rsa:2048}
     * @param validity OpenSSL's option for it
     */
    String identity(String name, String key, String validity)
            throws IOException, InterruptedException {
        openssl(
                "req -newkey %s -nodes -subj /CN=localhost -keyout %s.key -out %s.csr"
                        .formatted(key, name, name));
        openssl(
                "ca -batch -notext -config ca.conf -in %s.csr -out %s.pem -extfile server.ext %s"
                        .formatted(name, name, validity));
        Files.setPosixFilePermissions(
                folder.resolve(name + ".key"), PosixFilePermissions.fromString("rw-------"));
        return "<identity certificate=\"%s\" key=\"%s\"/>"
                .formatted(folder.resolve(name + ".pem"), folder.resolve(name + ".key"));
    }

    private void openssl(String words) throws InterruptedException {
        var command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(words.split(" ", -1)));
        Program.client(command.toArray(String[]::new)).in(folder).run().well();
    }
}
