package io.postern.engine;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whole conversations, one file each; see {@link Transcript}. */
class TranscriptTest {

    @Test
    @Tag("protocol-1")
    @Tag("protocol-2")
    @Tag("protocol-13")
    @Tag("protocol-17")
    @Tag("protocol-29")
    void theExampleOfRfc1939() {
        Transcript.play("rfc1939-example");
    }

    @Test
    @Tag("protocol-1")
    @Tag("protocol-9")
    @Tag("protocol-10")
    @Tag("protocol-11")
    @Tag("protocol-12")
    @Tag("protocol-13")
    @Tag("protocol-14")
    @Tag("protocol-15")
    @Tag("protocol-16")
    @Tag("protocol-27")
    @Tag("protocol-28")
    void linesThatAreNotQuiteCommands() {
        Transcript.play("lines");
    }

    @Test
    @Tag("protocol-19")
    void aRefusalInsteadOfAGreeting() {
        Transcript.play("turned-away");
    }

    @Test
    @Tag("protocol-17")
    @Tag("protocol-20")
    @Tag("protocol-43")
    void quitBeforeLogin() {
        Transcript.play("quit-before-login");
    }

    @Test
    @Tag("protocol-32")
    @Tag("protocol-35")
    @Tag("protocol-36")
    @Tag("protocol-37")
    @Tag("protocol-38")
    @Tag("protocol-39")
    @Tag("protocol-40")
    @Tag("protocol-45")
    @Tag("protocol-47")
    @Tag("protocol-48")
    void userAndPass() {
        Transcript.play("user-pass");
    }

    @Test
    @Tag("protocol-45")
    @Tag("protocol-47")
    @Tag("protocol-52")
    @Tag("protocol-53")
    @Tag("protocol-54")
    @Tag("protocol-55")
    @Tag("protocol-56")
    @Tag("protocol-57")
    @Tag("protocol-58")
    @Tag("protocol-59")
    @Tag("protocol-60")
    @Tag("protocol-61")
    @Tag("protocol-69")
    void auth() {
        Transcript.play("auth");
    }

    @Test
    @Tag("protocol-62")
    @Tag("protocol-76")
    @Tag("protocol-77")
    @Tag("protocol-79")
    @Tag("protocol-82")
    @Tag("protocol-83")
    @Tag("protocol-86")
    void capabilitiesBeforeAndAfterLogin() {
        Transcript.play("capa");
    }

    @Test
    @Tag("protocol-63")
    @Tag("protocol-77")
    @Tag("protocol-78")
    @Tag("protocol-116")
    @Tag("protocol-119")
    void startTls() {
        Transcript.play("stls");
    }

    @Test
    @Tag("protocol-118")
    void startTlsForgetsTheUser() {
        Transcript.play("stls-forgets");
    }

    @Test
    @Tag("protocol-28")
    @Tag("protocol-34")
    @Tag("protocol-87")
    @Tag("protocol-88")
    @Tag("protocol-89")
    @Tag("protocol-90")
    @Tag("protocol-93")
    @Tag("protocol-94")
    @Tag("protocol-100")
    @Tag("protocol-101")
    @Tag("protocol-106")
    void theCommandsOfTransaction() {
        Transcript.play("transaction");
    }

    @Test
    @Tag("protocol-87")
    @Tag("protocol-88")
    void anEmptyMaildrop() {
        Transcript.play("empty");
    }

    @Test
    @Tag("protocol-112")
    void quitThatCouldNotRemoveAll() {
        Transcript.play("quit-fails");
    }

    @Test
    @Tag("protocol-142")
    void aSessionThatCannotGoOnSaysSoToTheNextCommand() {
        Transcript.play("doomed");
    }

    @Test
    @Tag("protocol-92")
    @Tag("protocol-126")
    void utf8BeforeTheLogin() {
        Transcript.play("utf8");
    }

    @Test
    @Tag("protocol-92")
    @Tag("protocol-127")
    @Tag("protocol-128")
    void withoutUtf8ThereAreSurrogates() {
        Transcript.play("surrogate");
    }

    @Test
    @Tag("protocol-127")
    void whereUtf8IsNotOfferedMessagesAreSentAsTheyAre() {
        Transcript.play("utf8-off");
    }

    @Test
    @Tag("protocol-129")
    void noTlsAfterUtf8() {
        Transcript.play("utf8-stls");
    }

    @Test
    @Tag("protocol-118")
    void startTlsTakesTheLanguageBack() {
        Transcript.play("stls-lang");
    }

    @Test
    @Tag("protocol-132")
    @Tag("protocol-133")
    void languagesInBothStates() {
        Transcript.play("lang");
    }
}
