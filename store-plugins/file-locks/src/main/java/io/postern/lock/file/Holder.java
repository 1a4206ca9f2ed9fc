package io.postern.lock.file;

import io.postern.spi.lock.LockOwner;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * What a lock file says of who holds the lock.
 *
 * @param nonce of this one acquisition; empty where the file is not whole, as between its creation
 *     and its writing
 * @param touched the file's time of change, nanoseconds: a number that changes, not a time
 * @param process whose it is, where the file tells and is as it was written
 */
record Holder(String nonce, long touched, LockOwner owner, Optional<Server> process) {

    /** Begins the last line that is written with the file, behind which the checksum stands. */
    private static final String WHOLE = "whole";

    /**
     * A server process of this or another host, as the kernel names it.
     *
     * @param boot the kernel's name for this run of itself; empty where it has none
     * @param namespace which processes the pid is counted among
     * @param account whose process it is: a kernel may hide those of others
     * @param started the process's start, ticks since the boot; two processes of one pid differ
     */
    record Server(
            String host, String boot, String namespace, String account, long pid, String started) {

        static Server current() {
            var pid = ProcessHandle.current().pid();
            return new Server(
                    text(Path.of("/proc/sys/kernel/hostname")).orElse("unknown"),
                    text(Path.of("/proc/sys/kernel/random/boot_id")).orElse(""),
                    namespaceHere(),
                    System.getProperty("user.name", ""),
                    pid,
                    startOf(pid).orElse(""));
        }

        /**
         * Whether it surely runs no more. False for any doubt: a process of another host, of
         * another boot or of a kernel that tells nothing ends by its silence only.
         */
        boolean isGone() {
            var here = current();
            if (boot.isEmpty()
                    || started.isEmpty()
                    || !boot.equals(here.boot)
                    || !namespace.equals(here.namespace)
                    || !account.equals(here.account)) {
                return false;
            }
            var now = startOf(pid);
            return now.isEmpty() ? !ProcessHandle.of(pid).isPresent() : !now.get().equals(started);
        }

        private static String namespaceHere() {
            try {
                return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
            } catch (IOException | UnsupportedOperationException e) {
                return "";
            }
        }

        /** Field 22 of the process's {@code stat}; empty where there is no such process. */
        private static Optional<String> startOf(long pid) {
            return text(Path.of("/proc", Long.toString(pid), "stat"))
                    .map(stat -> stat.substring(stat.lastIndexOf(')') + 2).split(" "))
                    // A zombie has ended; only its parent does not know yet.
                    .map(fields -> fields[0].matches("[ZX]") ? "ended" : fields[19]);
        }

        private static Optional<String> text(Path file) {
            try {
                return Optional.of(Files.readString(file).strip());
            } catch (IOException e) {
                return Optional.empty();
            }
        }
    }

    /** The lines of a new lock file, without its token, which comes last. */
    static String lines(String nonce, String maildrop, LockOwner owner, Server process) {
        var lines =
                line("nonce", nonce)
                        + line("maildrop", maildrop)
                        + line("node", owner.node())
                        + line("session", owner.session())
                        + line("user", owner.user())
                        + line("host", process.host)
                        + line("boot", process.boot)
                        + line("namespace", process.namespace)
                        + line("account", process.account)
                        + line("pid", Long.toString(process.pid))
                        + line("started", process.started);
        return lines + line(WHOLE, checksum(lines));
    }

    private static String checksum(String lines) {
        var checksum = new CRC32C();
        checksum.update(lines.getBytes(StandardCharsets.ISO_8859_1));
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    /** False where octets are not those that were written. Once there was no checksum. */
    private static boolean isAsWritten(String text, String checksum) {
        var end = text.indexOf("\n" + WHOLE) + 1;
        return checksum.isEmpty() || (end > 0 && checksum.equals(checksum(text.substring(0, end))));
    }

    static String newNonce() {
        return UUID.randomUUID().toString();
    }

    /** As a properties file has it. */
    private static String line(String name, String value) {
        var line = new StringBuilder(name).append('=');
        for (var at = 0; at < value.length(); at++) {
            var c = value.charAt(at);
            var plain = c > ' ' && c < 0x7F && c != '\\';
            if (plain || (c == ' ' && at > 0)) {
                line.append(c);
            } else {
                line.append("\\u%04x".formatted((int) c));
            }
        }
        return line.append('\n').toString();
    }

    static Holder read(Path file) throws IOException {
        // In this order: a file that is touched in between looks older, which does no harm.
        var touched = touched(file);
        if (Files.isDirectory(file)) {
            throw new FileSystemException(file.toString(), null, "it is a folder: move it away");
        }
        var lines = new Properties();
        var text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        try {
            lines.load(new java.io.StringReader(text));
        } catch (IllegalArgumentException damaged) {
            lines.clear();
        }
        if (!lines.containsKey(WHOLE)) {
            var nobody = new LockOwner("unknown", "unknown", "unknown");
            return new Holder("", touched, nobody, Optional.empty());
        }
        var pid = lines.getProperty("pid", "");
        var process =
                new Server(
                        lines.getProperty("host", ""),
                        lines.getProperty("boot", ""),
                        lines.getProperty("namespace", ""),
                        lines.getProperty("account", ""),
                        pid.matches("[0-9]{1,18}") ? Long.parseLong(pid) : 0,
                        lines.getProperty("started", ""));
        return new Holder(
                lines.getProperty("nonce", ""),
                touched,
                new LockOwner(
                        lines.getProperty("node", "unknown"),
                        lines.getProperty("session", "unknown"),
                        lines.getProperty("user", "unknown")),
                isAsWritten(text, lines.getProperty(WHOLE))
                        ? Optional.of(process)
                        : Optional.empty());
    }

    private static long touched(Path file) throws IOException {
        return Files.getLastModifiedTime(file).to(java.util.concurrent.TimeUnit.NANOSECONDS);
    }
}
