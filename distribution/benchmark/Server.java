import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A server under measurement: its processes, and the Maildirs that only it uses. */
final class Server implements AutoCloseable {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

    private final String name;
    private final Path home;
    private final int port;
    private final int tlsPort;
    private final ProcessBuilder command;
    private Process process;

    private Server(String name, Path home, int port, int tlsPort, ProcessBuilder command) {
        this.name = name;
        this.home = home;
        this.port = port;
        this.tlsPort = tlsPort;
        this.command =
                command.redirectErrorStream(true).redirectOutput(home.resolve("log").toFile());
    }

    /**
     * How a Dovecot is set up, from what Debian installs to all of its documented short cuts. Only
     * its numbers of processes and sessions are raised in all of them: with its own it would close
     * idle sessions from the 1,025th on.
     */
    enum Mode {
        DEFAULT("", "", ""),
        /** One login process for many connections. */
        HIGH_PERFORMANCE(
                "service_count = 0\n  process_min_avail = 2\n  client_limit = 4096", "", ""),
        /** And one mail process for many sessions. */
        SHARED(
                "service_count = 0\n  process_min_avail = 2\n  client_limit = 4096",
                "service_count = 0\n  process_min_avail = 2\n  client_limit = 1024",
                ""),
        SHORT_CUTS(
                "service_count = 0\n  process_min_avail = 2\n  client_limit = 4096",
                "service_count = 0\n  process_min_avail = 2\n  client_limit = 1024",
                """
                maildir_very_dirty_syncs = yes
                pop3_fast_size_lookups = yes
                pop3_no_flag_updates = yes
                """);

        private final String login;
        private final String mail;
        private final String cuts;

        Mode(String login, String mail, String cuts) {
            this.login = login;
            this.mail = mail;
            this.cuts = cuts;
        }
    }

    static Server limit(Path program, Path home, Corpus corpus, Path[] pair) throws IOException {
        var port = freePort();
        return new Server(
                "limit",
                Files.createDirectories(home),
                port,
                port,
                new ProcessBuilder(
                        pair.length == 0
                                ? List.of(
                                        program.toString(),
                                        port + "",
                                        corpus.folder().toString(),
                                        "2")
                                : List.of(
                                        program.toString(),
                                        port + "",
                                        corpus.folder().toString(),
                                        "2",
                                        pair[0].toString(),
                                        pair[1].toString())));
    }

    /**
     * The gateway as it is packaged.
     *
     * @param installed the unpacked tarball
     */
    static Server postern(Path installed, Path home, List<String> users, Path[] pair)
            throws IOException {
        Files.createDirectories(home);
        var port = freePort();
        var tlsPort = freePort();
        var list = new StringBuilder("<users>\n");
        for (var user : users) {
            list.append(
                    "<user name=\"%s\" password=\"{PLAIN}%s\"/>%n"
                            .formatted(user, Corpus.PASSWORD));
        }
        Files.writeString(home.resolve("users.xml"), list + "</users>\n");
        Files.writeString(
                home.resolve("gateway.xml"),
                """
                <gateway>
                  <server name="bench"/>
                  <listeners>
                    <listener address="127.0.0.1" port="%1$d" allow-plaintext="true"/>
                    <listener address="127.0.0.1" port="%2$d" tls="implicit"/>
                  </listeners>
                  <tls><identity certificate="%4$s" key="%5$s"/></tls>
                  <limits>
                    <connections>20000</connections>
                    <connections-per-address>20000</connections-per-address>
                    <logins>10000</logins>
                  </limits>
                  <authentication><mechanism plugin="user-pass"/></authentication>
                  <locks plugin="local"/>
                  <realms>
                    <realm name="main" default="true">
                      <directory plugin="xml-users"><file>%3$s/users.xml</file></directory>
                      <store plugin="maildir">
                        <root>%3$s/mail</root>
                        <state-folder>%3$s/state</state-folder>
                        <trust-size-hints>true</trust-size-hints>
                      </store>
                    </realm>
                  </realms>
                </gateway>
                """
                        .formatted(port, tlsPort, home, pair[0], pair[1]));
        return new Server(
                "postern",
                home,
                port,
                tlsPort,
                new ProcessBuilder(
                        installed.resolve("bin/postern").toString(),
                        "run",
                        "--config",
                        home.resolve("gateway.xml").toString()));
    }

    /**
     * Debian's, with a configuration and folders of its own; it runs as root, its mail as "mail".
     */
    static Server dovecot(Mode mode, Path home, List<String> users, Path[] pair)
            throws IOException {
        Files.createDirectories(home);
        var port = freePort();
        var tlsPort = freePort();
        // The name of a Unix socket takes at most 107 octets.
        var run = Files.createTempDirectory("dovecot");
        run.toFile().deleteOnExit();
        var list = new StringBuilder();
        for (var user : users) {
            list.append("%s:{PLAIN}%s%n".formatted(user, Corpus.PASSWORD));
        }
        Files.writeString(home.resolve("users"), list);
        Files.writeString(
                home.resolve("dovecot.conf"),
                """
                base_dir = %9$s
                state_dir = %1$s/state
                log_path = %1$s/dovecot.log
                protocols = pop3
                listen = 127.0.0.1
                ssl = yes
                ssl_cert = <%5$s
                ssl_key = <%6$s
                disable_plaintext_auth = no
                mail_max_userip_connections = 0
                default_process_limit = 20000
                default_client_limit = 18000
                default_vsz_limit = 0
                first_valid_uid = 1
                mail_location = maildir:%1$s/mail/%%u
                mail_privileged_group =
                passdb {
                  driver = passwd-file
                  args = %1$s/users
                }
                userdb {
                  driver = static
                  args = uid=mail gid=mail home=%1$s/mail/%%u
                }
                service pop3-login {
                  inet_listener pop3 {
                    port = %2$d
                  }
                  inet_listener pop3s {
                    port = %3$d
                  }
                  %7$s
                }
                service pop3 {
                  process_limit = 20000
                  %8$s
                }
                %4$s
                """
                        .formatted(
                                home,
                                port,
                                tlsPort,
                                mode.cuts,
                                pair[0],
                                pair[1],
                                mode.login,
                                mode.mail,
                                run));
        return new Server(
                "dovecot " + mode.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'),
                home,
                port,
                tlsPort,
                new ProcessBuilder("dovecot", "-F", "-c", home.resolve("dovecot.conf").toString()));
    }

    /**
     * GreenMail, which keeps its mail in memory; here it has none. It lets every user in, and makes
     * the one who comes.
     *
     * @param jar its standalone one
     */
    static Server greenMail(Path jar, Path home) throws IOException {
        var port = freePort();
        return new Server(
                "greenmail",
                Files.createDirectories(home),
                port,
                port,
                new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-Dgreenmail.pop3.hostname=127.0.0.1",
                        "-Dgreenmail.pop3.port=" + port,
                        "-Dgreenmail.auth.disabled",
                        "-jar",
                        jar.toString()));
    }

    /**
     * Apache James with everything in memory, mail included; here it has none. Its users come from
     * {@link #admit}, as its configuration cannot name them.
     *
     * @param classPath of its memory app
     */
    static Server james(String classPath, Path home) throws IOException {
        var conf = Files.createDirectories(home.resolve("conf"));
        var port = freePort();
        var admin = freePort();
        Files.writeString(
                conf.resolve("pop3server.xml"),
                """
                <pop3servers>
                  <pop3server enabled="true">
                    <jmxName>pop3server</jmxName>
                    <bind>127.0.0.1:%d</bind>
                    <connectionBacklog>4096</connectionBacklog>
                    <tls socketTLS="false" startTLS="false"/>
                    <connectiontimeout>1200</connectiontimeout>
                    <connectionLimit>0</connectionLimit>
                    <connectionLimitPerIP>0</connectionLimitPerIP>
                    <handlerchain>
                      <handler class="org.apache.james.pop3server.core.CoreCmdHandlerLoader"/>
                    </handlerchain>
                  </pop3server>
                </pop3servers>
                """
                        .formatted(port));
        // Its other doors would need ports, and those below 1024 may be taken.
        for (var other : List.of("imap", "smtp", "lmtp", "managesieve")) {
            Files.writeString(conf.resolve(other + "server.xml"), "<%sservers/>".formatted(other));
        }
        Files.writeString(conf.resolve("jmap.properties"), "enabled=false\n");
        Files.writeString(conf.resolve("jmx.properties"), "jmx.enabled=false\n");
        Files.writeString(
                conf.resolve("webadmin.properties"),
                "enabled=true\nhost=127.0.0.1\nport=%d\n".formatted(admin));
        // The quickest of its hashes: the others keep passwords as they are.
        Files.writeString(
                conf.resolve("usersrepository.xml"),
                """
                <usersrepository name="LocalUsers">
                  <algorithm>SHA-512</algorithm>
                  <enableVirtualHosting>false</enableVirtualHosting>
                </usersrepository>
                """);
        Files.writeString(
                conf.resolve("domainlist.xml"),
                """
                <domainlist>
                  <autodetect>false</autodetect>
                  <autodetectIP>false</autodetectIP>
                  <defaultDomain>localhost</defaultDomain>
                </domainlist>
                """);
        // Without this it logs every step of every session.
        Files.writeString(
                conf.resolve("logback.xml"),
                """
                <configuration>
                  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
                    <encoder><pattern>%d %level %logger %msg%n</pattern></encoder>
                  </appender>
                  <root level="WARN"><appender-ref ref="out"/></root>
                </configuration>
                """);
        var server =
                new Server(
                        "james",
                        home,
                        port,
                        admin,
                        new ProcessBuilder(
                                ProcessHandle.current().info().command().orElse("java"),
                                "-Xmx2g",
                                "-Dworking.directory=" + home,
                                "-Dlogback.configurationFile=" + conf.resolve("logback.xml"),
                                "-cp",
                                classPath,
                                "org.apache.james.MemoryJamesServerMain"));
        server.command.directory(home.toFile());
        return server;
    }

    /** Tells James its users, over the HTTP that its administrators use. */
    void admit(List<String> users) throws IOException, InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            var begun = System.nanoTime();
            while (true) {
                try {
                    put(http, "domains/localhost", "");
                    break;
                } catch (ConnectException e) {
                    // It opens this door after the one of POP3.
                    if (System.nanoTime() - begun > PATIENCE) {
                        throw e;
                    }
                    Thread.sleep(100);
                }
            }
            for (var user : users) {
                put(http, "users/" + user, "{\"password\": \"%s\"}".formatted(Corpus.PASSWORD));
            }
        }
    }

    private void put(HttpClient http, String what, String json)
            throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + tlsPort + "/" + what))
                        .header("Content-Type", "application/json")
                        .timeout(Duration.ofNanos(PATIENCE))
                        .PUT(HttpRequest.BodyPublishers.ofString(json))
                        .build();
        var status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status / 100 != 2) {
            throw new IOException("james answers %d to PUT %s".formatted(status, what));
        }
    }

    String name() {
        return name;
    }

    /** What it said last. */
    String lastLine() throws IOException {
        var lines = Files.readAllLines(home.resolve("log"));
        return lines.isEmpty() ? "" : lines.getLast();
    }

    /** Its command, and its own configuration file where it has one. */
    String configuration() throws IOException {
        var text = new StringBuilder(String.join(" ", command.command()));
        for (var file : List.of("gateway.xml", "dovecot.conf", "conf/pop3server.xml")) {
            if (Files.exists(home.resolve(file))) {
                text.append('\n').append(Files.readString(home.resolve(file)));
            }
        }
        return text.toString();
    }

    Path home() {
        return home;
    }

    Path mail() {
        return home.resolve("mail");
    }

    int port(boolean tls) {
        return tls ? tlsPort : port;
    }

    /**
     * Starts it.
     *
     * @return from there to its first greeting, nanoseconds
     */
    long start() throws IOException {
        var start = System.nanoTime();
        process = command.start();
        while (!greets()) {
            if (!process.isAlive() || System.nanoTime() - start > PATIENCE) {
                close();
                throw new IOException(
                        name + " does not start:\n" + Files.readString(home.resolve("log")));
            }
            // It has the processors to itself: who asks without a pause takes one of two.
            LockSupport.parkNanos(1_000_000);
        }
        return System.nanoTime() - start;
    }

    /** Proportional memory of all its processes, octets. */
    long memory() {
        return sum("smaps_rollup", "Pss:", 1024);
    }

    /** User and system time of all its processes so far, clock ticks of 10 ms; ended ones count. */
    long ticks() {
        var pids = pids();
        var sum = 0L;
        for (var pid : pids) {
            try {
                var stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
                var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
                sum += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
                sum += Long.parseLong(fields[13]) + Long.parseLong(fields[14]);
            } catch (IOException _) {
                continue; // it has ended: its parent counts it
            }
        }
        return sum;
    }

    @Override
    public void close() {
        if (process == null) {
            return;
        }
        var children = process.descendants().toList();
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        children.forEach(ProcessHandle::destroyForcibly);
        process = null;
    }

    private long sum(String file, String line, long unit) {
        var sum = 0L;
        for (var pid : pids()) {
            try {
                for (var text : Files.readAllLines(Path.of("/proc/" + pid + "/" + file))) {
                    if (text.startsWith(line)) {
                        sum += unit * Long.parseLong(text.replaceAll("[^0-9]", ""));
                    }
                }
            } catch (IOException _) {
                continue; // it has ended
            }
        }
        return sum;
    }

    private List<Long> pids() {
        return java.util.stream.Stream.concat(
                        java.util.stream.Stream.of(process.toHandle()), process.descendants())
                .map(ProcessHandle::pid)
                .toList();
    }

    private boolean greets() {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(1000);
            return tlsPort == port || socket.getInputStream().read() == '+';
        } catch (IOException _) {
            return false; // not yet
        }
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
