package io.postern.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.NoSuchFileException;
import java.sql.SQLException;

class FaultTest {

    @Test
    void theCauseOfTheCauseIsHeard() {
        var root = new SQLException("password authentication failed for user \"postern\"");
        var pool = new SQLException("Connection is not available, request timed out", root);
        assertEquals(
                "the database gave no answer: Connection is not available, request timed out:"
                        + " password authentication failed for user \"postern\"",
                Fault.words(Fault.temporary("the database gave no answer", pool)));
    }

    @Test
    void nothingIsSaidTwice() {
        var root = new ConnectException("Connection refused");
        assertEquals("Connection refused", Fault.words(new IOException(root)));
        assertEquals(
                "connection to 127.0.0.1 refused: Connection refused",
                Fault.words(new IOException("connection to 127.0.0.1 refused", root)));
        assertEquals(
                "it fails (Connection refused)",
                Fault.words(new IOException("it fails (Connection refused)", root)));
    }

    @Test
    void anExceptionWithoutWordsSaysWhatItIs() {
        assertEquals(
                "connect: unresolved address",
                Fault.words(new ConnectException().initCause(new UnresolvedAddressException())));
        assertEquals(
                "unknown host: db.example.org",
                Fault.words(new UnknownHostException("db.example.org")));
        assertEquals(
                "no such file: /etc/ca.pem", Fault.words(new NoSuchFileException("/etc/ca.pem")));
    }

    @Test
    void itIsOneLineWithoutAFullStopAndNotTooLong() {
        assertEquals("one two", Fault.words(new IOException("one\r\n  two.\n")));
        assertEquals(1000, Fault.words(new IOException("x".repeat(5000))).length());
    }

    @Test
    void aCircleOfCausesEnds() {
        var one = new IOException("one");
        var two = new IOException("two", one);
        one.initCause(two);
        assertEquals("one: two", Fault.words(one));
        assertTrue(Fault.words(two).startsWith("two"));
        assertFalse(Fault.words(two).contains("\n"));
    }
}
