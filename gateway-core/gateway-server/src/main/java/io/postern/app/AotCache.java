package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.config.GatewayFile;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * {@code postern aot-cache}: starts a server of its own, with one user and a large maildrop, and
 * reads that. What Java loads meanwhile it writes down at its end; the launcher has told it where
 * to.
 */
@Command(
        name = "aot-cache",
        description = {
            "Write cache/postern.aot, with which \"run\" starts in two thirds of the time. Takes some"
                    + " ten seconds.",
            "To be done again after each update of Java or of Postern; until then Java says that it"
                    + " does not fit, and starts without. Listens on a free port of the loopback"
                    + " address for a moment, and reads no configuration."
        })
final class AotCache implements Callable<Integer> {
    private static final String CONFIGURATION =
            """
            <gateway>
              <server name="localhost"/>
              <listeners>
                <listener address="127.0.0.1" port="0" allow-plaintext="true"/>
                <listener address="127.0.0.1" port="0" tls="implicit"/>
              </listeners>
              <tls><identity self-signed="true"/></tls>
              <authentication>
                <mechanism plugin="user-pass"/>
                <mechanism plugin="sasl-plain"/>
              </authentication>
              <locks plugin="local"/>
              <realms>
                <realm name="main" default="true">
                  <directory plugin="xml-users"><file>users.xml</file></directory>
                  <store plugin="maildir"><root>mail</root></store>
                </realm>
              </realms>
            </gateway>
            """;

    private static final String USERS = "<users><user name=\"a\" password=\"{PLAIN}b\"/></users>\n";
    private static final List<String> COMMANDS =
            List.of("USER a", "PASS b", "CAPA", "STAT", "LIST", "UIDL", "RETR 1", "DELE 1", "QUIT");

    /** Enough for Java to see which parts of a large maildrop's opening are worth compiling. */
    private static final int MESSAGES = 20_000;

    private static final int SESSIONS = 20;

    /** How long the server may take for a line, ms. */
    private static final int PATIENCE = 30_000;

    @Spec private CommandSpec spec;
    @Mixin private Installation installation;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var err = spec.commandLine().getErr();
        var folder = Files.createTempDirectory("postern");
        try (var plugins = installation.plugins()) {
            var file = Files.writeString(folder.resolve("gateway.xml"), CONFIGURATION);
            Files.writeString(folder.resolve("users.xml"), USERS);
            for (var part : List.of("cur", "new", "tmp")) {
                Files.createDirectories(folder.resolve("mail/a").resolve(part));
            }
            for (var message = 1; message <= MESSAGES; message++) {
                Files.writeString(
                        folder.resolve("mail/a/new/" + message + ".a.b"), "Subject: x\n\nx\n");
            }
            var assembly = Assembly.of(GatewayFile.read(file, folder, System::getenv), plugins);
            try (var gateway = Gateway.start(assembly, plugins)) {
                for (var session = 0; session < SESSIONS; session++) {
                    read(gateway.addresses().getFirst());
                }
            }
            return ExitCode.OK;
        } catch (BadConfiguration e) {
            return Check.refuse(e, err);
        } catch (StartException e) {
            err.println("postern: " + e.getMessage());
            return ExitCode.START;
        } finally {
            delete(folder);
        }
    }

    /** A session. A reply that is not the expected one changes nothing here. */
    private static void read(InetSocketAddress server) throws IOException {
        try (var socket = new Socket(server.getAddress(), server.getPort())) {
            socket.setSoTimeout(PATIENCE);
            socket.getOutputStream()
                    .write(
                            (String.join("\r\n", COMMANDS) + "\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
            var in =
                    new BufferedReader(
                            new InputStreamReader(
                                    socket.getInputStream(), StandardCharsets.ISO_8859_1));
            while (in.readLine() != null) {}
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }
}
