package io.postern.store.mbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Says in a lock file which process made it, so that a lock that a crash left is known as such by
 * the next server on this machine. Its first line is the process's number, as other programs write
 * it. Immutable.
 *
 * @param kernel this run of the kernel and the set of processes that it counts together; empty
 *     where the system does not tell
 * @param pid the process's number
 * @param started when it started, in the kernel's ticks; two processes of one number differ
 */
record ProcessMark(String kernel, long pid, String started) {
    private static final Path PROC = Path.of("/proc");
    private static final String NAME = "postern";

    static ProcessMark own() {
        var pid = ProcessHandle.current().pid();
        return new ProcessMark(kernelHere(), pid, startOf(pid).orElse(""));
    }

    /** The content of a lock file. */
    byte[] octets() {
        return (pid + "\n" + NAME + " " + kernel + " " + started + "\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** What a lock file says; empty where another program wrote it. */
    static Optional<ProcessMark> of(byte[] octets) {
        var lines = new String(octets, StandardCharsets.ISO_8859_1).split("\n", -1);
        if (lines.length != 3 || !lines[0].matches("[0-9]{1,18}")) {
            return Optional.empty();
        }
        var words = lines[1].split(" ", -1);
        return words.length == 3 && words[0].equals(NAME)
                ? Optional.of(new ProcessMark(words[1], Long.parseLong(lines[0]), words[2]))
                : Optional.empty();
    }

    /** Whether the process surely runs no more. False for one that cannot be looked for here. */
    boolean isGone() {
        return !kernel.isEmpty()
                && !started.isEmpty()
                && kernel.equals(kernelHere())
                && !startOf(pid).equals(Optional.of(started));
    }

    private static String kernelHere() {
        try {
            var boot = Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
            return boot + "/" + Files.readSymbolicLink(PROC.resolve("self/ns/pid"));
        } catch (IOException | UnsupportedOperationException e) {
            return "";
        }
    }

    /** Field 22 of its {@code stat}; empty where there is no such process, or only its corpse. */
    private static Optional<String> startOf(long pid) {
        try {
            var stat = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return fields[0].matches("[ZX]") ? Optional.empty() : Optional.of(fields[19]);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
