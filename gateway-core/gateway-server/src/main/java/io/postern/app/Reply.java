package io.postern.app;

import java.util.List;

/**
 * What a running server answers to a command.
 *
 * @param code the command's exit code
 * @param lines for the operator
 */
record Reply(int code, List<String> lines) {
    Reply {
        lines = List.copyOf(lines);
    }
}
