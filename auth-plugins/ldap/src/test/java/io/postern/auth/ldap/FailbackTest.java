package io.postern.auth.ldap;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.auth.stored.PasswordCheck;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** After a failover, logins go to the first server again when that is well. */
class FailbackTest {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

    private MemoryServer first;
    private MemoryServer second;

    @BeforeEach
    void startServers() throws Exception {
        first = new MemoryServer();
        second = new MemoryServer();
    }

    @AfterEach
    void stopServers() {
        first.close();
        second.close();
    }

    /** A pool of one connection, and one of several: who is asked does not depend on it. */
    @ParameterizedTest
    @ValueSource(strings = {"1", "8"})
    void loginsGoBackToTheFirstServer(String poolSize) throws Exception {
        first.goesDown();
        try (var ldap = start(first.url(), poolSize)) {
            for (int i = 0; i < 3; i++) {
                assertLogin(ldap);
            }
            assertTrue(second.questions.get() > 0, "it was asked");
            first.comesBack();
            await("all that a login asks goes to the first server")
                    .untilAsserted(() -> {
                        var before = second.questions.get();
                        var asked = first.questions.get();
                        assertLogin(ldap);
                        assertEquals(before, second.questions.get(), "asked of the second");
                        assertTrue(first.questions.get() > asked, "the first was asked");
                    });
        }
    }

    @Test
    void theyGoToAndFroAsOftenAsTheFirstServerDoes() throws Exception {
        try (var ldap = start(first.url(), "2")) {
            for (int i = 0; i < 3; i++) {
                assertLogin(ldap);
                first.goesDown();
                assertLogin(ldap);
                first.comesBack();
                var asked = first.questions.get();
                await("the first server is asked again")
                        .until(() -> {
                            assertLogin(ldap);
                            return first.questions.get() > asked;
                        });
            }
        }
    }

    /** A host that is up before its LDAP server is, or a balancer with nothing behind it. */
    @Test
    void aServerThatOnlyTakesConnectionsIsNotWell() throws Exception {
        first.goesDown();
        var taken = new CopyOnWriteArrayList<Socket>();
        try (var ldap = start(first.url(), "1")) {
            assertLogin(ldap);
            try (var hollow =
                    new ServerSocket(first.port(), 50, InetAddress.getLoopbackAddress())) {
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                while (true) {
                                    taken.add(hollow.accept());
                                }
                            } catch (IOException _) {
                                // The test is over.
                            }
                        });
                await("it was looked at, twice by each pool")
                        .until(() -> {
                            assertLogin(ldap);
                            return taken.size() >= 4;
                        });
            }
        } finally {
            for (var socket : taken) {
                socket.close();
            }
        }
    }

    private Ldap start(String firstUrl, String poolSize) throws Exception {
        var settings = Fixture.search(firstUrl, "pool-size", poolSize, "timeout", "PT1S");
        settings.put("server", List.of(firstUrl, second.url()));
        return Fixture.start(new Ldap(LOOK_AGAIN, new PasswordCheck()), settings);
    }

    private static void assertLogin(Ldap ldap) throws Exception {
        assertInstanceOf(
                Verdict.Accepted.class, Fixture.ask(ldap, "alice", Fixture.PASSWORD), "a login");
    }
}
