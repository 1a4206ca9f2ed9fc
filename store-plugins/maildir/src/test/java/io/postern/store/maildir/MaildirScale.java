package io.postern.store.maildir;

import io.postern.spi.User;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * Measures openings of one very large Maildir. No test: run by hand, with a folder that may grow by
 * some gigabytes, the number of messages, and optionally the heap's limit as the JVM's {@code
 * -Xmx}. With {@code make} behind them it makes the Maildir and does nothing more; a Maildir that
 * is there is measured as it is.
 */
final class MaildirScale {
    private MaildirScale() {}

    public static void main(String[] arguments) throws Exception {
        var home = Path.of(arguments[0]);
        var count = Integer.parseInt(arguments[1]);
        var there = Files.exists(home.resolve("mail/alice"));
        var mail = new Mail(home).make("alice");
        if (!there) {
            fill(mail, count);
        }
        if (arguments.length == 2) {
            measure(mail, count);
        }
    }

    private static void fill(Mail mail, int count) throws Exception {
        var start = System.nanoTime();
        for (var i = 0; i < count; i++) {
            var name = 1_600_000_000 + i / 7 + ".M" + i % 1_000_000 + "P4242.mail.example.org";
            var folder = i % 10 == 0 ? "new/" + name : "cur/" + name + ",S=412:2,S";
            mail.put("alice", folder, message(i));
        }
        tell("made " + count, start);
    }

    private static void measure(Mail mail, int count) throws Exception {
        opening(mail, "cold", "unique-ids", "name");
        opening(mail, "warm, folders changed just now", "unique-ids", "name");
        mail.settle("alice");
        opening(mail, "warm, scanned", "unique-ids", "name");
        opening(mail, "warm, no scan", "unique-ids", "name");
        mail.put("alice", "new/1900000000.later", message(0));
        opening(mail, "warm, one delivery", "unique-ids", "name");
        var list = new StringBuilder("3 V1600000000 N" + (count + 1) + "\n");
        for (var i = 0; i < count; i++) {
            var name = 1_600_000_000 + i / 7 + ".M" + i % 1_000_000 + "P4242.mail.example.org";
            list.append(i + 1)
                    .append(" :")
                    .append(i % 10 == 0 ? name : name + ",S=412")
                    .append('\n');
        }
        mail.put("alice", "dovecot-uidlist", list.toString());
        mail.settle("alice");
        opening(mail, "after Dovecot, first", "unique-ids", "dovecot");
        opening(mail, "after Dovecot, second", "unique-ids", "dovecot");
        commit(mail, count);
    }

    private static void commit(Mail mail, int count) throws Exception {
        try (var drop = Mail.open(mail.store(), "alice")) {
            var start = System.nanoTime();
            for (var number = 1; number <= 1000; number++) {
                try (var in = drop.content(number * (count / 1001))) {
                    in.readAllBytes();
                }
            }
            tell("read 1000", start);
            var every = IntStream.rangeClosed(1, count / 2).map(number -> 2 * number).toArray();
            var request = Mail.removal(drop, every);
            start = System.nanoTime();
            var result = drop.commit(request);
            tell("removed every second: " + result, start);
        }
        opening(mail, "after the commit", "unique-ids", "name");
    }

    private static void opening(Mail mail, String what, String... settings) throws Exception {
        var before = heap();
        peak();
        var store = mail.store(settings);
        var id = store.locate(new User("alice"));
        var thread = ManagementFactory.getThreadMXBean();
        var start = System.nanoTime();
        var cpu = thread.getCurrentThreadCpuTime();
        try (var drop = store.open(id, Mail.token())) {
            var time = (System.nanoTime() - start) / 1e6;
            var worked = (thread.getCurrentThreadCpuTime() - cpu) / 1e6;
            var held = (heap() - before) / 1048576.0;
            var peak = peak() / 1048576.0;
            System.out.printf(
                    "%-32s %8d messages %8.0f ms (processor %6.0f ms), holds %5.1f MiB,"
                            + " heap was at most %5.1f MiB%n",
                    what, drop.listing().count(), time, worked, held, peak);
        }
    }

    private static String message(int i) {
        return "From: someone@example.org\nSubject: message " + i + "\n\n" + "x".repeat(350) + "\n";
    }

    private static long heap() {
        var memory = ManagementFactory.getMemoryMXBean();
        memory.gc();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed();
    }

    /** The most that the heap has held since the last question, garbage included. */
    private static long peak() {
        var sum = 0L;
        for (var pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getType() == MemoryType.HEAP) {
                sum += pool.getPeakUsage().getUsed();
                pool.resetPeakUsage();
            }
        }
        return sum;
    }

    private static void tell(String what, long start) {
        System.out.printf("%-32s %.0f ms%n", what, (System.nanoTime() - start) / 1e6);
    }
}
