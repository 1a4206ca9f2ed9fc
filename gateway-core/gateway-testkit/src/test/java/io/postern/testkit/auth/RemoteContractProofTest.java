package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.ContractRun;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;

/** {@link RemoteDirectoryContract} lets a good one pass, and broken ones fail what they break. */
class RemoteContractProofTest {

    @Test
    void aGoodOnePasses() {
        var run = ContractRun.of(Good.class);
        assertEquals(Map.of(), run.failed());
        assertTrue(run.passed().size() > 5, run.toString());
    }

    @TestFactory
    Stream<DynamicTest> brokenOnesFailTheRuleTheyBreak() {
        return Stream.of(
                Proof.of(CallsOutagesWrong.class, "aServerThatIsGoneIsAnOutage"),
                Proof.of(CallsOutagesForEver.class, "aServerThatIsGoneIsAnOutage"),
                Proof.of(TellsThePassword.class, "aServerThatIsGoneIsAnOutage"),
                Proof.of(CallsSilenceWrong.class, "aServerThatHangsIsAnOutage"),
                Proof.of(GivesUp.class, "aServerThatIsGoneIsAnOutage"),
                Proof.of(TiresOfOutages.class, "aLongOutageStaysOne"),
                Proof.of(NeedsItsServer.class, "itStartsBeforeItsServer"),
                Proof.of(
                        KeepsADeadConnection.class,
                        "aConnectionThatWasLostMeanwhileIsNoticedByNobody"));
    }

    /** Asks on one connection, which it makes again where it was lost. */
    private static class Asking implements PasswordDirectory {
        private final int port;
        private Socket connection;

        Asking(int port) {
            this.port = port;
        }

        @Override
        public String name() {
            return "asking";
        }

        @Override
        public synchronized Verdict verify(String name, Secret password) throws Fault {
            var question = name + "\0" + new String(password.octets(), UTF_8) + "\n";
            try {
                return ask(question);
            } catch (IOException lost) {
                try {
                    connection = null;
                    return again(question, lost);
                } catch (IOException e) {
                    connection = null;
                    return outage(question, e);
                }
            }
        }

        Verdict again(String question, IOException lost) throws IOException {
            if (lost instanceof SocketTimeoutException) {
                throw lost;
            }
            return ask(question);
        }

        Verdict outage(String unusedQuestion, IOException e) throws Fault {
            throw Fault.temporary("no answer", e);
        }

        private Verdict ask(String question) throws IOException {
            if (connection == null) {
                connection = new Socket(InetAddress.getLoopbackAddress(), port);
                connection.setSoTimeout(500);
            }
            connection.getOutputStream().write(question.getBytes(UTF_8));
            return switch (connection.getInputStream().read()) {
                case 'A' -> new Verdict.Accepted(new User("alice"));
                case 'W' -> new Verdict.Refused(Reason.WRONG_PROOF);
                case 'U' -> new Verdict.Refused(Reason.UNKNOWN_USER);
                default -> throw new IOException("the server has closed");
            };
        }
    }

    /** The contract with a server that knows alice. */
    static class Good implements RemoteDirectoryContract {
        private ServerSocket server;
        private Relay relay;

        @BeforeEach
        void start() throws Exception {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread.ofVirtual().start(this::serve);
            relay = Relay.to(server.getLocalPort());
        }

        @AfterEach
        void stop() throws Exception {
            relay.close();
            server.close();
        }

        @Override
        public PasswordDirectory directory() throws Exception {
            return new Asking(relay.port());
        }

        @Override
        public Relay relay() {
            return relay;
        }

        @Override
        public Duration patience() {
            return Duration.ofSeconds(10);
        }

        private void serve() {
            while (!server.isClosed()) {
                try {
                    var client = server.accept();
                    Thread.ofVirtual().start(() -> answer(client));
                } catch (IOException e) {
                    return; // the test is over
                }
            }
        }

        private void answer(Socket client) {
            try (client;
                    var in =
                            new BufferedReader(
                                    new InputStreamReader(client.getInputStream(), UTF_8))) {
                for (String line; (line = in.readLine()) != null; ) {
                    var right = line.equals("alice\0" + password());
                    client.getOutputStream()
                            .write(right ? 'A' : line.startsWith("alice\0") ? 'W' : 'U');
                }
            } catch (IOException e) {
                // The client's connection was cut.
            }
        }
    }

    static class CallsOutagesWrong extends Good {
        @Override
        public PasswordDirectory directory() {
            return new Asking(relay().port()) {
                @Override
                Verdict outage(String question, IOException e) {
                    return new Verdict.Refused(Reason.WRONG_PROOF);
                }
            };
        }
    }

    static class CallsOutagesForEver extends Good {
        @Override
        public PasswordDirectory directory() {
            return new Asking(relay().port()) {
                @Override
                Verdict outage(String question, IOException e) throws Fault {
                    throw Fault.permanent("no answer", e);
                }
            };
        }
    }

    static class TellsThePassword extends Good {
        @Override
        public PasswordDirectory directory() {
            return new Asking(relay().port()) {
                @Override
                Verdict outage(String question, IOException e) throws Fault {
                    throw Fault.temporary("no answer to " + question, e);
                }
            };
        }
    }

    static class CallsSilenceWrong extends Good {
        @Override
        public PasswordDirectory directory() {
            return new Asking(relay().port()) {
                @Override
                Verdict outage(String question, IOException e) throws Fault {
                    if (e instanceof SocketTimeoutException) {
                        return new Verdict.Refused(Reason.WRONG_PROOF);
                    }
                    throw Fault.temporary("no answer", e);
                }
            };
        }
    }

    static class GivesUp extends Good {
        @Override
        public PasswordDirectory directory() {
            return new Asking(relay().port()) {
                private boolean gone;

                @Override
                public synchronized Verdict verify(String name, Secret password) throws Fault {
                    if (gone) {
                        throw Fault.temporary("gone", null);
                    }
                    return super.verify(name, password);
                }

                @Override
                Verdict outage(String question, IOException e) throws Fault {
                    gone = true;
                    throw Fault.temporary("no answer", e);
                }
            };
        }

        @Override
        public Duration patience() {
            return Duration.ofSeconds(1);
        }
    }

    static class TiresOfOutages extends Good {
        @Override
        public PasswordDirectory directory() {
            return new Asking(relay().port()) {
                private int outages;

                @Override
                Verdict outage(String question, IOException e) throws Fault {
                    if (++outages > 10) {
                        return new Verdict.Refused(Reason.UNKNOWN_USER);
                    }
                    throw Fault.temporary("no answer", e);
                }
            };
        }
    }

    static class NeedsItsServer extends Good {
        @Override
        public PasswordDirectory directory() throws Exception {
            try (var probe = new Socket(InetAddress.getLoopbackAddress(), relay().port())) {
                probe.getOutputStream().write("alice\0\n".getBytes(UTF_8));
                if (probe.getInputStream().read() < 0) {
                    throw Fault.temporary("no answer", null);
                }
            }
            return super.directory();
        }
    }

    static class KeepsADeadConnection extends Good {
        @Override
        public PasswordDirectory directory() {
            return new Asking(relay().port()) {
                @Override
                Verdict again(String question, IOException lost) throws IOException {
                    throw lost;
                }
            };
        }
    }
}
