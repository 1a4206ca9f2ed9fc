package io.postern.app;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.net.ConnectException;
import java.util.concurrent.Callable;

/** A command that a running server carries out: all of the installation, one after the other. */
abstract class AskServer implements Callable<Integer> {
    static final String RELOAD = "reload";
    static final String HEALTH = "health";

    @Spec private CommandSpec spec;
    @Mixin private Installation installation;

    private final String question;

    private AskServer(String question) {
        this.question = question;
    }

    /** {@code postern plugins reload}. */
    @Command(
            name = RELOAD,
            description = {
                "Have the running server look at plugins/ and gateway.xml again.",
                "Mechanisms, directories, the policy and the rules of realms are exchanged; running"
                        + " sessions go on. If anything is wrong, nothing changes. Stores, lock"
                        + " coordinators and realms come and go with a restart only, and so does"
                        + " everything else in gateway.xml: a change there is reported, and the"
                        + " status is 1."
            })
    static final class Reload extends AskServer {
        Reload() {
            super(RELOAD);
        }
    }

    /** {@code postern plugins health}. */
    @Command(
            name = HEALTH,
            description = {
                "Ask the running server how its plugins are, how often each was called, and how"
                        + " long that took.",
                "The exit status is 1 if a plugin says that it does not work."
            })
    static final class AskHealth extends AskServer {
        AskHealth() {
            super(HEALTH);
        }
    }

    @Override
    public Integer call() throws IOException {
        var out = spec.commandLine().getOut();
        var err = spec.commandLine().getErr();
        var sockets = Control.sockets(installation.control());
        var answers = 0;
        var code = ExitCode.OK;
        for (var socket : sockets) {
            try {
                var reply = Control.ask(socket, question);
                if (sockets.size() > 1) {
                    out.println(socket.getFileName() + ":");
                }
                var refused = reply.code() != ExitCode.OK && !question.equals(HEALTH);
                reply.lines().forEach(refused ? err::println : out::println);
                code = Math.max(code, reply.code());
                answers++;
            } catch (ConnectException _) {
                // A server that was killed has left its socket behind.
            } catch (IOException e) {
                err.println("postern: " + socket + ": " + e.getMessage());
                code = ExitCode.START;
                answers++;
            }
        }
        if (answers == 0) {
            err.println(
                    "postern: no server of this installation runs, as far as can be seen in "
                            + installation.control());
            return ExitCode.START;
        }
        return code;
    }
}
