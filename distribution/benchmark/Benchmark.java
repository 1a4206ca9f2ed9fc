import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Measures the packaged gateway beside Dovecot in four configurations and beside the limit, on the
 * same mail, in the same run: every round has every server once, one after the other. Started by
 * {@code distribution/benchmark/run}, which says what it needs.
 */
final class Benchmark {
    private static final int IDLE = 5000;

    private static final String USAGE =
            """
            usage: distribution/benchmark/run [OPTION...]

              --rounds N      how often every server has its turn: 5
              --seconds N     how long one turn takes: 4
              --warm-up N     seconds of the same load before the first turn, not counted: 10
              --rows A,B,...  only the rows whose names begin so; --list shows them
              --servers A,..  only the servers whose names begin so
              --folder DIR    where to work; mail that is there is used again: target/benchmark
              --list          shows the rows
              --help          shows this text

            Writes the table to standard output, and table.txt and results.json to the folder.
            """;

    /**
     * What a standing load does.
     *
     * @param kind the word that {@code load} knows
     * @param unit of the figure
     * @param tls over TLS 1.3, with full handshakes
     */
    private record Row(
            String name,
            String kind,
            int clients,
            boolean tls,
            String unit,
            ToDoubleFunction<Map<String, Double>> figure) {}

    private static final List<Row> ROWS =
            List.of(
                    row("sessions-16", "sessions", 16, false),
                    row("sessions-64", "sessions", 64, false),
                    row("sessions-256", "sessions", 256, false),
                    row("logins-16", "logins", 16, false),
                    row("retr-small-8", "retr", 8, false),
                    row("retr-big-1", "retr", 1, false),
                    row("pipeline-1", "pipeline", 1, false),
                    row("pipeline-8", "pipeline", 8, false),
                    row("tls-logins-16", "logins", 16, true),
                    row("tls-sessions-16", "sessions", 16, true),
                    row("tls-retr-small-8", "retr", 8, true),
                    row("tls-retr-big-1", "retr", 1, true));

    /** Rows with a shape of their own. */
    private static final List<String> SPECIAL =
            List.of(
                    "open-50000",
                    "open-500000",
                    "idle-memory",
                    "stalled-memory",
                    "idle-p99",
                    "start");

    private final Path folder;
    private final Path programs;
    private final Path installed;
    private final Optional<Path> jar;
    private final int rounds;
    private final int seconds;
    private final int warmUp;
    private final List<String> only;
    private final List<String> servers;

    /** Figures by row and server, one for each round. */
    private final Map<String, Map<String, List<Double>>> figures = new LinkedHashMap<>();

    private final Map<String, String> units = new LinkedHashMap<>();

    private Benchmark(Map<String, String> options) {
        folder = Path.of(options.getOrDefault("folder", "target/benchmark")).toAbsolutePath();
        programs = Path.of(options.get("programs"));
        installed = Path.of(options.get("installed"));
        jar = Optional.ofNullable(options.get("greenmail")).map(Path::of);
        rounds = Integer.parseInt(options.getOrDefault("rounds", "5"));
        seconds = Integer.parseInt(options.getOrDefault("seconds", "4"));
        warmUp = Integer.parseInt(options.getOrDefault("warm-up", "10"));
        only = list(options.getOrDefault("rows", ""));
        servers = list(options.getOrDefault("servers", ""));
    }

    public static void main(String[] arguments) throws Exception {
        var options = new LinkedHashMap<String, String>();
        for (var i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--help" -> {
                    System.out.print(USAGE);
                    return;
                }
                case "--list" -> {
                    ROWS.forEach(row -> System.out.println(row.name()));
                    SPECIAL.forEach(System.out::println);
                    return;
                }
                case "--rounds",
                        "--seconds",
                        "--warm-up",
                        "--rows",
                        "--servers",
                        "--folder",
                        "--programs",
                        "--installed",
                        "--greenmail" -> {
                    if (i + 1 == arguments.length) {
                        refuse(arguments[i] + " needs a value");
                    }
                    options.put(arguments[i].substring(2), arguments[++i]);
                }
                default -> refuse("no option " + arguments[i]);
            }
        }
        new Benchmark(options).run();
    }

    private void run() throws Exception {
        var small = Corpus.small(folder.resolve("small"));
        var big = Corpus.big(folder.resolve("big"));
        var home = folder.resolve("servers");
        empty(home);
        var pair = pair();
        try {
            standing(small, big, home.resolve("standing"), pair);
            if (wanted("open-50000")) {
                open(small, home.resolve("open"), pair, "many", 50_000);
            }
            if (wanted("open-500000")) {
                open(small, home.resolve("open"), pair, "very-many", 500_000);
            }
            if (wanted("idle-memory") || wanted("idle-p99")) {
                idle(small, home.resolve("idle"), pair);
            }
            if (wanted("stalled-memory")) {
                stalled(big, home.resolve("stalled"), pair);
            }
            if (wanted("start")) {
                start(home.resolve("start"), pair);
            }
        } finally {
            report();
        }
        empty(home);
    }

    /** Every server stands, and has its turn under every load. */
    private void standing(Corpus small, Corpus big, Path home, Path[] pair) throws Exception {
        if (ROWS.stream().noneMatch(row -> wanted(row.name()))) {
            return;
        }
        var users = new ArrayList<>(small.users());
        users.addAll(big.users());
        var all = new ArrayList<Server>();
        try {
            for (var server : peers(home, users, pair)) {
                all.add(server);
                say("linking the mail of " + server.name());
                small.link(server.mail());
                big.link(server.mail());
                give(server);
                server.start();
            }
            var limits = new ArrayList<Server>();
            for (var corpus : List.of(small, big)) {
                for (var tls : List.of(new Path[0], pair)) {
                    var limit =
                            Server.limit(
                                    programs.resolve("limit"),
                                    home.resolve("limit" + limits.size()),
                                    corpus,
                                    tls);
                    limits.add(limit);
                    all.add(limit);
                    limit.start();
                }
            }
            var greenMail = Optional.<Server>empty();
            if (jar.isPresent() && (servers.isEmpty() || matches("greenmail", servers))) {
                greenMail = Optional.of(Server.greenMail(jar.get(), home.resolve("greenmail")));
                all.addFirst(greenMail.get());
                greenMail.get().start();
                load(greenMail.get(), "logins", small, 16, false, warmUp);
                all.addLast(all.removeFirst()); // its turn is not the others'
                limits.add(greenMail.get());
            }
            var real = all.subList(0, all.size() - limits.size());
            // Once for every server and maildrop before anything counts: indexes and caches.
            for (var server : real) {
                load(server, "sessions", small, 64, false, 2 * seconds);
            }
            for (var row : ROWS) {
                if (!wanted(row.name())) {
                    continue;
                }
                var corpus = row.name().contains("big") ? big : small;
                // A server is up for weeks: what a JVM has to compile for this row is not counted.
                for (var server : warmUp > 0 ? real : List.<Server>of()) {
                    say("warming up for " + row.name() + ": " + server.name());
                    var _ = load(server, row.kind(), corpus, row.clients(), row.tls(), warmUp);
                }
                for (var round = 0; round < rounds; round++) {
                    for (var server : real) {
                        measure(row, server, corpus);
                    }
                    if (greenMail.isPresent() && row.name().equals("logins-16")) {
                        measure(row, greenMail.get(), corpus);
                    }
                    if (servers.isEmpty() || matches("limit", servers)) {
                        measure(
                                row,
                                limits.get((corpus == big ? 2 : 0) + (row.tls() ? 1 : 0)),
                                corpus);
                    }
                }
            }
        } finally {
            all.forEach(Server::close);
        }
    }

    private void measure(Row row, Server server, Corpus corpus) throws Exception {
        say(row.name() + ": " + server.name());
        var ticks = server.ticks();
        var result = load(server, row.kind(), corpus, row.clients(), row.tls(), seconds);
        ticks = server.ticks() - ticks;
        add(row.name(), server, row.unit(), row.figure().applyAsDouble(result));
        if (row.name().equals("sessions-16")) {
            add("cpu-per-1000-sessions", server, "s", ticks * 10.0 / result.get("sessions"));
        } else if (row.name().equals("retr-small-8")) {
            add("cpu-per-GB", server, "s", ticks / 100.0 / (result.get("octets") * 1e-9));
        }
    }

    /** First ever, first after a restart, and warm; Dovecot twice, the gateway, no limit. */
    private void open(Corpus small, Path home, Path[] pair, String user, int count)
            throws Exception {
        var name = "open-" + count;
        for (var round = 0; round < (count > 100_000 ? 1 : rounds); round++) {
            for (var server : peers(home.resolve(count + "-" + round), List.of(user), pair)) {
                if (count > 100_000 && !server.name().equals("postern")) {
                    continue;
                }
                try (server) {
                    say(name + ": " + server.name());
                    small.linkMany(server.mail().resolve(user), count);
                    give(server);
                    for (var when : List.of("first", "restarted", "warm")) {
                        if (!when.equals("warm")) {
                            server.close();
                            server.start();
                        }
                        var result = json(load(server, "open", small, user, false, 0));
                        add(name + "-" + when, server, "ms", 1000 * result.get("stat_s"));
                        if (when.equals("warm")) {
                            add(name + "-list", server, "ms", 1000 * result.get("list_s"));
                            add(name + "-uidl", server, "ms", 1000 * result.get("uidl_s"));
                        }
                    }
                }
                empty(server.home());
            }
        }
    }

    /**
     * Memory of {@link #IDLE} sessions that are logged in and silent, and what they cost others.
     */
    private void idle(Corpus small, Path home, Path[] pair) throws Exception {
        var users = new ArrayList<>(small.users());
        for (var user = 0; user < IDLE; user++) {
            users.add(Corpus.name('i', user));
        }
        for (var server : peers(home, users, pair)) {
            try (server) {
                say("idle-memory: " + server.name());
                small.link(server.mail());
                for (var user = 0; user < IDLE; user++) {
                    small.linkMany(server.mail().resolve(Corpus.name('i', user)), 1);
                }
                give(server);
                server.start();
                load(server, "sessions", small, 64, false, seconds);
                var alone = json(load(server, "sessions", small, "64", false, seconds));
                var before = server.memory();
                var clients = hold(server, "idle", small, IDLE);
                add("idle-memory", server, "KiB", (server.memory() - before) / 1024.0 / IDLE);
                var beside = json(load(server, "sessions", small, "64", false, seconds));
                add("idle-p99", server, "ratio", beside.get("p99_s") / alone.get("p99_s"));
                letGo(clients);
            }
        }
    }

    /** What 200 clients cost that ask for 25 MiB and more and read nothing. */
    private void stalled(Corpus big, Path home, Path[] pair) throws Exception {
        for (var server : peers(home, big.users(), pair)) {
            try (server) {
                say("stalled-memory: " + server.name());
                big.link(server.mail());
                give(server);
                server.start();
                load(server, "sessions", big, 4, false, seconds);
                var before = server.memory();
                var clients = hold(server, "stall", big, 200);
                Thread.sleep(3000); // what a server would buffer, it has buffered by then
                add("stalled-memory", server, "MiB", (server.memory() - before) / 1024.0 / 1024);
                letGo(clients);
            }
        }
    }

    private void start(Path home, Path[] pair) throws Exception {
        for (var round = 0; round < rounds; round++) {
            for (var server : peers(home.resolve("" + round), List.of("u00000"), pair)) {
                try (server) {
                    add("start", server, "ms", server.start() * 1e-6);
                }
            }
        }
    }

    private List<Server> peers(Path home, List<String> users, Path[] pair) throws IOException {
        var peers = new ArrayList<Server>();
        peers.add(Server.postern(installed, home.resolve("postern"), users, pair));
        for (var mode : Server.Mode.values()) {
            peers.add(
                    Server.dovecot(
                            mode,
                            home.resolve("dovecot-" + mode.name().toLowerCase(Locale.ROOT)),
                            users,
                            pair));
        }
        peers.removeIf(server -> !servers.isEmpty() && !matches(server.name(), servers));
        return peers;
    }

    private Map<String, Double> load(
            Server server, String kind, Corpus corpus, int clients, boolean tls, int seconds)
            throws Exception {
        return json(load(server, kind, corpus, clients + "", tls, seconds));
    }

    private String load(
            Server server, String kind, Corpus corpus, String clients, boolean tls, int seconds)
            throws Exception {
        return output(
                loader(server, kind, corpus, clients, tls, seconds).start(),
                kind + " at " + server.name());
    }

    private ProcessBuilder loader(
            Server server, String kind, Corpus corpus, String clients, boolean tls, int seconds) {
        var command =
                new ArrayList<>(
                        List.of(
                                programs.resolve("load").toString(),
                                kind,
                                server.port(tls) + "",
                                corpus.folder().toString(),
                                clients,
                                seconds + ""));
        if (tls) {
            command.add("tls");
        }
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    /** Clients that stay until {@link #letGo}. */
    private Process hold(Server server, String kind, Corpus corpus, int clients)
            throws IOException {
        var process = loader(server, kind, corpus, clients + "", false, 0).start();
        if (!"ready".equals(process.inputReader().readLine())) {
            throw new IOException(kind + " clients of " + server.name() + " ended");
        }
        return process;
    }

    private static void letGo(Process clients) throws Exception {
        clients.getOutputStream().close();
        clients.waitFor();
    }

    private void add(String row, Server server, String unit, double figure) {
        units.put(row, unit);
        figures.computeIfAbsent(row, _ -> new LinkedHashMap<>())
                .computeIfAbsent(server.name(), _ -> new ArrayList<>())
                .add(figure);
    }

    /** Medians, the range, and the ratio of the gateway to the best Dovecot and to the limit. */
    private void report() throws Exception {
        var table = new StringBuilder();
        table.append(
                "%-24s %-24s %12s %12s %12s %s%n"
                        .formatted("row", "server", "median", "least", "most", "unit"));
        var json = new StringBuilder("{\n");
        figures.forEach((row, servers) -> {
            var unit = units.get(row);
            var more = unit.endsWith("/s");
            servers.forEach((server, all) ->
                    table.append(
                            "%-24s %-24s %12.2f %12.2f %12.2f %s%n"
                                    .formatted(
                                            row,
                                            server,
                                            median(all),
                                            all.stream().mapToDouble(x -> x).min().orElseThrow(),
                                            all.stream().mapToDouble(x -> x).max().orElseThrow(),
                                            unit)));
            var dovecots =
                    servers.entrySet().stream()
                            .filter(server -> server.getKey().startsWith("dovecot"))
                            .mapToDouble(server -> median(server.getValue()));
            var best = more ? dovecots.max() : dovecots.min();
            if (servers.containsKey("postern")) {
                var ours = median(servers.get("postern"));
                best.ifPresent(figure ->
                        table.append(
                                "%-24s %-24s %12.2f%n"
                                        .formatted(row, "postern / best dovecot", ours / figure)));
                if (servers.containsKey("limit")) {
                    table.append(
                            "%-24s %-24s %12.2f%n"
                                    .formatted(
                                            row,
                                            "postern / limit",
                                            ours / median(servers.get("limit"))));
                }
            }
            json.append("  \"%s\": {\"unit\": \"%s\"".formatted(row, unit));
            servers.forEach((server, all) -> json.append(", \"%s\": %s".formatted(server, all)));
            json.append("},\n");
        });
        var end = json.lastIndexOf(",");
        if (end > 0) {
            json.deleteCharAt(end);
        }
        json.append("}\n");
        var head =
                "%s, %d processors, Java %s, %s%n"
                        .formatted(
                                System.getProperty("os.name")
                                        + " "
                                        + System.getProperty("os.version"),
                                Runtime.getRuntime().availableProcessors(),
                                Runtime.version(),
                                output(
                                                new ProcessBuilder("dovecot", "--version").start(),
                                                "dovecot --version")
                                        .strip());
        Files.writeString(folder.resolve("table.txt"), head + table);
        Files.writeString(folder.resolve("results.json"), json);
        System.out.print(head + table);
    }

    private static double median(List<Double> figures) {
        var sorted = figures.stream().sorted().toList();
        var middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** Dovecot reads mail as the user "mail", and its processes must get to it. */
    private static void give(Server server) throws Exception {
        if (server.name().startsWith("dovecot")) {
            for (var above = server.home(); above != null; above = above.getParent()) {
                output(new ProcessBuilder("chmod", "a+x", above.toString()).start(), "chmod");
            }
            output(
                    new ProcessBuilder("chown", "-R", "mail:mail", server.mail().toString())
                            .start(),
                    "chown");
        }
    }

    /** A certificate for all of them, and its key, as PEM. */
    private Path[] pair() throws Exception {
        var pair = new Path[] {folder.resolve("certificate.pem"), folder.resolve("key.pem")};
        if (!Files.exists(pair[0])) {
            output(
                    new ProcessBuilder(
                                    ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
                                                    + " -days 3650 -subj /CN=localhost -keyout "
                                                    + pair[1]
                                                    + " -out "
                                                    + pair[0])
                                            .split(" "))
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start(),
                    "openssl");
        }
        return pair;
    }

    private static String output(Process process, String what) throws Exception {
        try (var reader =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            var text = reader.readAllAsString();
            if (process.waitFor() != 0) {
                throw new IOException(what + " ended with status " + process.exitValue());
            }
            return text;
        }
    }

    private static Map<String, Double> json(String line) {
        var values = new LinkedHashMap<String, Double>();
        var pattern = Pattern.compile("\"(\\w+)\": ([0-9.]+)").matcher(line);
        while (pattern.find()) {
            values.put(pattern.group(1), Double.valueOf(pattern.group(2)));
        }
        return values;
    }

    private static void empty(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (var file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private boolean wanted(String row) {
        return only.isEmpty() || matches(row, only);
    }

    private static boolean matches(String name, List<String> beginnings) {
        return beginnings.stream().anyMatch(name::startsWith);
    }

    private static List<String> list(String option) {
        return Arrays.stream(option.split(",")).filter(word -> !word.isEmpty()).toList();
    }

    private static Row row(String name, String kind, int clients, boolean tls) {
        return switch (kind) {
            case "retr" ->
                    new Row(
                            name,
                            kind,
                            clients,
                            tls,
                            "MB/s",
                            result -> result.get("octets") * 1e-6 / result.get("seconds"));
            case "pipeline" ->
                    new Row(
                            name,
                            kind,
                            clients,
                            tls,
                            "replies/s",
                            result -> result.get("replies") / result.get("seconds"));
            default ->
                    new Row(
                            name,
                            kind,
                            clients,
                            tls,
                            "sessions/s",
                            result -> result.get("sessions") / result.get("seconds"));
        };
    }

    private static void say(String text) {
        System.err.println("benchmark: " + text);
    }

    private static void refuse(String why) {
        System.err.print("benchmark: " + why + "\n" + USAGE);
        System.exit(2);
    }
}
