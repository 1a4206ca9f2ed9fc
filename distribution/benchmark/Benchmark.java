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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures the packaged gateway beside Dovecot in four configurations and beside the limit, on the
 * same mail, in the same run: every round has every server once, one after the other. Started by
 * {@code distribution/benchmark/run}, which says what it needs.
 */
final class Benchmark {
    private static final int IDLE = 5_000;

    /** Beside so many, only the gateway's others are measured. */
    private static final int MANY_IDLE = 10_000;

    /** How long idle clients may take to log in, seconds: a Dovecot forks for each of them. */
    private static final int PATIENCE = 300;

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
                    "start",
                    "start-aot",
                    "aot-open-50000");

    private final Path folder;
    private final Path programs;
    private final Path installed;
    private final Optional<Path> jar;
    private final Optional<String> james;
    private final int rounds;
    private final int seconds;
    private final int warmUp;
    private final List<String> only;
    private final List<String> servers;

    /** Figures by row and server, one for each round. */
    private final Map<String, Map<String, List<Double>>> figures = new LinkedHashMap<>();

    private final Map<String, String> units = new LinkedHashMap<>();

    /** Why there is no figure, by row and server. */
    private final Map<String, Map<String, String>> failures = new LinkedHashMap<>();

    /** What each server was started with. */
    private final Map<String, String> configurations = new LinkedHashMap<>();

    private Benchmark(Map<String, String> options) {
        folder = Path.of(options.getOrDefault("folder", "target/benchmark")).toAbsolutePath();
        programs = Path.of(options.get("programs"));
        installed = Path.of(options.get("installed"));
        jar = Optional.ofNullable(options.get("greenmail")).map(Path::of);
        james = Optional.ofNullable(options.get("james"));
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
                        "--greenmail",
                        "--james" -> {
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
                open("open-50000", small, home.resolve("open"), pair, "many", 50_000);
            }
            if (wanted("open-500000")) {
                open("open-500000", small, home.resolve("open"), pair, "very-many", 500_000);
            }
            if (wanted("idle-memory") || wanted("idle-p99")) {
                idle(small, home.resolve("idle"), pair);
            }
            if (wanted("stalled-memory")) {
                stalled(big, home.resolve("stalled"), pair);
            }
            if (wanted("start")) {
                start("start", home.resolve("start"), pair);
            }
            // Last of all rows: with the cache every later start would be another one.
            if ((wanted("start-aot") || wanted("aot-open-50000")) && writeCache(home)) {
                if (wanted("start-aot")) {
                    start("start-aot", home.resolve("start-aot"), pair);
                }
                if (wanted("aot-open-50000")) {
                    open("aot-open-50000", small, home.resolve("aot"), pair, "many", 50_000);
                }
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
            var empty = new ArrayList<Server>(); // those without mail: only logins
            if (wanted("logins-16")) {
                if (jar.isPresent() && asked("greenmail")) {
                    empty.add(Server.greenMail(jar.get(), home.resolve("greenmail")));
                }
                if (james.isPresent() && asked("james")) {
                    empty.add(Server.james(james.get(), home.resolve("james")));
                }
                for (var server : empty) {
                    limits.add(server); // its turn is not the others'
                    all.add(server);
                    server.start();
                    if (server.name().equals("james")) {
                        server.admit(small.users());
                    }
                    if (warmUp > 0) {
                        say("warming up " + server.name());
                        load(server, "logins", small, 16, false, warmUp);
                    }
                }
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
                    // Dovecot has nothing to compile.
                    var time = server.name().equals("postern") ? warmUp : Math.min(warmUp, seconds);
                    var _ = load(server, row.kind(), corpus, row.clients(), row.tls(), time);
                }
                for (var round = 0; round < rounds; round++) {
                    for (var server : real) {
                        measure(row, server, corpus);
                    }
                    for (var server : row.name().equals("logins-16") ? empty : List.<Server>of()) {
                        measure(row, server, corpus);
                    }
                    if (asked("limit")) {
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

    /** First ever, first after a restart, and warm; Dovecot in one of the rows only. */
    private void open(String name, Corpus small, Path home, Path[] pair, String user, int count)
            throws Exception {
        for (var round = 0; round < (count > 100_000 ? 1 : rounds); round++) {
            for (var server : peers(home.resolve(count + "-" + round), List.of(user), pair)) {
                // Nothing is new of Dovecot where the gateway has its cache.
                if (!name.equals("open-50000") && !server.name().equals("postern")) {
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

    /** Memory of sessions that are logged in and silent, and what they cost others. */
    private void idle(Corpus small, Path home, Path[] pair) throws Exception {
        var users = new ArrayList<>(small.users());
        for (var user = 0; user < MANY_IDLE; user++) {
            users.add(Corpus.name('i', user));
        }
        for (var server : peers(home, users, pair)) {
            small.link(server.mail());
            var most = server.name().equals("postern") ? MANY_IDLE : IDLE;
            for (var user = 0; user < most; user++) {
                small.linkMany(server.mail().resolve(Corpus.name('i', user)), 1);
            }
            give(server);
            idle(small, server, IDLE, "idle-memory", "idle-p99");
            if (server.name().equals("postern")) {
                idle(small, server, MANY_IDLE, "idle-memory-10000", "idle-p99-10000");
            }
            empty(server.home());
        }
    }

    private void idle(Corpus small, Server server, int count, String memory, String p99)
            throws Exception {
        try (server) {
            say(memory + ": " + server.name());
            server.start();
            load(server, "sessions", small, 64, false, Math.max(seconds, warmUp));
            for (var round = 0; round < rounds; round++) {
                var alone = load(server, "sessions", small, 64, false, seconds);
                var before = server.memory();
                Process clients = null;
                try {
                    clients = hold(server, "idle", small, count);
                    // What the first round has taken stays taken, so only that one counts.
                    if (round == 0) {
                        add(memory, server, "KiB", (server.memory() - before) / 1024.0 / count);
                    }
                    var beside = load(server, "sessions", small, 64, false, seconds);
                    if (alone.get("sessions") == 0 || beside.get("sessions") == 0) {
                        throw new IOException("no session ended in " + seconds + " s");
                    }
                    add(p99, server, "ratio", beside.get("p99_s") / alone.get("p99_s"));
                    add(p99 + "-ms", server, "ms", 1000 * beside.get("p99_s"));
                } catch (IOException e) {
                    // A server that cannot hold them has no figure; the others still have theirs.
                    couldNot(p99, server.name(), e.getMessage());
                    return;
                } finally {
                    if (clients != null) {
                        letGo(clients);
                    }
                }
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

    /** Whether there is a cache now. */
    private boolean writeCache(Path home) throws Exception {
        if (!asked("postern")) {
            return true;
        }
        say("start-aot: writing the cache");
        var log = Files.createDirectories(home).resolve("aot-cache.log");
        var made =
                new ProcessBuilder(installed.resolve("bin/postern").toString(), "aot-cache")
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start()
                        .waitFor();
        if (made != 0) {
            var last = Files.readAllLines(log).getLast();
            couldNot("start-aot", "postern", "postern aot-cache says: " + last);
        }
        return made == 0;
    }

    /** From the start of the process to the first greeting. */
    private void start(String row, Path home, Path[] pair) throws Exception {
        for (var round = 0; round < rounds; round++) {
            for (var server : peers(home.resolve("" + round), List.of("u00000"), pair)) {
                try (server) {
                    say(row + ": " + server.name());
                    add(row, server, "ms", server.start() * 1e-6);
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
    private Process hold(Server server, String kind, Corpus corpus, int clients) throws Exception {
        var process = loader(server, kind, corpus, clients + "", false, 0).start();
        // A server that neither answers nor closes would keep this waiting for ever.
        var line =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return process.inputReader().readLine();
                    } catch (IOException _) {
                        return null;
                    }
                });
        try {
            if ("ready".equals(line.get(PATIENCE, TimeUnit.SECONDS))) {
                return process;
            }
            throw new IOException(
                    kind + " clients ended; the server's last line: " + server.lastLine());
        } catch (TimeoutException _) {
            process.destroyForcibly();
            throw new IOException(
                    "not all %s clients were logged in after %d s".formatted(kind, PATIENCE));
        }
    }

    private static void letGo(Process clients) throws Exception {
        clients.getOutputStream().close();
        clients.waitFor();
    }

    private void add(String row, Server server, String unit, double figure) throws IOException {
        units.put(row, unit);
        figures.computeIfAbsent(row, _ -> new LinkedHashMap<>())
                .computeIfAbsent(server.name(), _ -> new ArrayList<>())
                .add(figure);
        if (!configurations.containsKey(server.name())) {
            configurations.put(server.name(), server.configuration());
        }
    }

    /** Notes that a server could not do what a row asks for. */
    private void couldNot(String row, String server, String why) {
        say(row + ": " + server + " could not: " + why);
        failures.computeIfAbsent(row, _ -> new LinkedHashMap<>()).put(server, why);
    }

    /** Medians, the range, and the ratio of the gateway to the best Dovecot and to the limit. */
    private void report() throws Exception {
        var about = about();
        var table = new StringBuilder();
        about.forEach((what, text) -> table.append("%s: %s%n".formatted(what, text)));
        table.append(
                "%n%-24s %-24s %12s %12s %12s %s%n"
                        .formatted("row", "server", "median", "least", "most", "unit"));
        var rows = new LinkedHashMap<String, Object>();
        figures.forEach((row, servers) -> {
            var unit = units.get(row);
            var line = new LinkedHashMap<String, Object>();
            line.put("unit", unit);
            servers.forEach((server, all) -> {
                var range = all.stream().mapToDouble(x -> x).summaryStatistics();
                table.append(
                        "%-24s %-24s %12.2f %12.2f %12.2f %s%n"
                                .formatted(
                                        row,
                                        server,
                                        median(all),
                                        range.getMin(),
                                        range.getMax(),
                                        unit));
                var columns = new LinkedHashMap<String, Object>();
                columns.put("median", median(all));
                columns.put("least", range.getMin());
                columns.put("most", range.getMax());
                columns.put("rounds", all);
                line.put(server, columns);
            });
            ratios(servers, unit.endsWith("/s"))
                    .forEach((name, ratio) -> {
                        table.append("%-24s %-24s %12.2f%n".formatted(row, name, ratio));
                        line.put(name, ratio);
                    });
            rows.put(row, line);
        });
        failures.forEach((row, servers) ->
                servers.forEach((server, why) ->
                        table.append("%-24s %-24s could not: %s%n".formatted(row, server, why))));
        var results = new LinkedHashMap<String, Object>(about);
        results.put("configurations", configurations);
        results.put("rows", rows);
        results.put("could not", failures);
        Files.writeString(folder.resolve("table.txt"), table);
        Files.writeString(folder.resolve("results.json"), json(results, "") + "\n");
        System.out.print(table);
    }

    private static Map<String, Double> ratios(Map<String, List<Double>> servers, boolean more) {
        var ratios = new LinkedHashMap<String, Double>();
        if (servers.containsKey("postern")) {
            var ours = median(servers.get("postern"));
            var dovecots =
                    servers.entrySet().stream()
                            .filter(server -> server.getKey().startsWith("dovecot"))
                            .mapToDouble(server -> median(server.getValue()));
            (more ? dovecots.max() : dovecots.min())
                    .ifPresent(figure -> ratios.put("postern / best dovecot", ours / figure));
            for (var other : List.of("limit", "greenmail", "james")) {
                if (servers.containsKey(other)) {
                    ratios.put("postern / " + other, ours / median(servers.get(other)));
                }
            }
        }
        return ratios;
    }

    /** The machine, the versions and the options of this run. */
    private Map<String, String> about() throws Exception {
        var about = new LinkedHashMap<String, String>();
        about.put(
                "machine",
                "%s %s, %d processors%s, %s of memory"
                        .formatted(
                                System.getProperty("os.name"),
                                System.getProperty("os.version"),
                                Runtime.getRuntime().availableProcessors(),
                                found("/proc/cpuinfo", "model name\\s*: (.*)", " (%s)"),
                                found("/proc/meminfo", "MemTotal: *(.*)", "%s")));
        about.put("postern", installed.getFileName().toString());
        about.put("java", Runtime.version().toString());
        about.put(
                "dovecot", output(new ProcessBuilder("dovecot", "--version").start(), "").strip());
        about.put("openssl", output(new ProcessBuilder("openssl", "version").start(), "").strip());
        jar.ifPresent(greenMail -> about.put("greenmail", greenMail.getFileName().toString()));
        james.map(path -> Pattern.compile("james-server-memory-app-[^:/]*\\.jar").matcher(path))
                .filter(Matcher::find)
                .ifPresent(name -> about.put("james", name.group()));
        about.put(
                "run",
                "%d rounds of %d s after %d s of warming up".formatted(rounds, seconds, warmUp));
        return about;
    }

    private static String found(String file, String pattern, String format) throws IOException {
        var matcher = Pattern.compile(pattern).matcher(Files.readString(Path.of(file)));
        return matcher.find() ? format.formatted(matcher.group(1)) : "";
    }

    /** JSON of maps, lists, texts and numbers. */
    private static String json(Object value, String indent) {
        return switch (value) {
            case Map<?, ?> map ->
                    map.entrySet().stream()
                            .map(entry ->
                                    "%s  %s: %s"
                                            .formatted(
                                                    indent,
                                                    json(entry.getKey(), ""),
                                                    json(entry.getValue(), indent + "  ")))
                            .collect(Collectors.joining(",\n", "{\n", "\n" + indent + "}"));
            case List<?> list ->
                    list.stream()
                            .map(item -> json(item, ""))
                            .collect(Collectors.joining(", ", "[", "]"));
            case Number number -> number.toString();
            default ->
                    "\""
                            + value.toString()
                                    .replace("\\", "\\\\")
                                    .replace("\"", "\\\"")
                                    .replace("\n", "\\n")
                                    .replaceAll("\\p{Cntrl}", " ")
                            + "\"";
        };
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

    private boolean asked(String server) {
        return servers.isEmpty() || matches(server, servers);
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
