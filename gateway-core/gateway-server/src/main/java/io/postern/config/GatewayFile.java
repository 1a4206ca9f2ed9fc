package io.postern.config;

import io.postern.config.GatewayConfig.Kept;
import io.postern.config.GatewayConfig.Limits;
import io.postern.config.GatewayConfig.Listener;
import io.postern.config.GatewayConfig.Policy;
import io.postern.config.GatewayConfig.Proxy;
import io.postern.config.GatewayConfig.Realm;
import io.postern.config.GatewayConfig.TlsIdentity;
import io.postern.config.PluginPlace.Given;
import io.postern.limit.ListenerLimits;
import io.postern.limit.Networks;
import io.postern.spi.Secret;
import io.postern.tls.ClientCertificates;
import io.postern.tls.IdentitySource;
import io.postern.tls.TlsMode;
import io.postern.tls.TlsProfile;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads {@code gateway.xml} into a {@link GatewayConfig}. One object for one reading. */
public final class GatewayFile {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
    private static final Pattern DOMAIN =
            Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");

    /** Longest domain name, octets (RFC 1035 §2.3.4). */
    private static final int MAX_DOMAIN = 253;

    private static final int MAX_PORT = 65_535;

    /** Shortest autologout that RFC 1939 §3 allows. */
    private static final Duration SHORTEST_IDLE = Duration.ofMinutes(10);

    private static final Pattern NUMBER = Pattern.compile("([0-9]{1,9})");
    private static final Pattern OCTETS = Pattern.compile("([0-9]{1,9})(|B|KiB|MiB)");

    /** What both the schema and {@link Duration} take. */
    private static final Pattern DURATION =
            Pattern.compile("P([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+([.][0-9]+)?S)?)?");

    /** Trusted where the file names no others. */
    private static final String LOOPBACK = "127.0.0.0/8 ::1";

    /** Loopback, private and link-local networks (RFC 1918, RFC 3927, RFC 4193, RFC 4291). */
    private static final Networks PRIVATE =
            Networks.parse(
                    "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16"
                            + " ::1 fc00::/7 fe80::/10");

    /** The attribute that says that a public address is meant. */
    private static final String PUBLIC_LEGACY = "allow-public-legacy";

    private static final Duration LONGEST_DELAY = Duration.ofMinutes(1);
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration DAY = Duration.ofDays(1);

    private final Path file;
    private final Path home;
    private final List<Problem> problems = new ArrayList<>();
    private final List<PluginPlace> places = new ArrayList<>();

    private GatewayFile(Path file, Path home) {
        this.file = file;
        this.home = home;
    }

    /**
     * Reads it. Opens nothing but the file, and what {@code ${file:...}} in it names.
     *
     * @param file as the operator is shown it
     * @param home the installation's folder, for relative paths and the plugins' state
     * @param environment gives the value of an environment variable, or null
     */
    public static Draft read(Path file, Path home, UnaryOperator<String> environment) {
        return new GatewayFile(file, home).read(environment);
    }

    private Draft read(UnaryOperator<String> environment) {
        XmlSource.Read source;
        try {
            source = new XmlSource(file, new Variables(file, home, environment, problems)).read();
        } catch (BadConfiguration e) {
            return new Draft(Optional.empty(), List.of(), e.problems());
        }
        if (!source.root().name().equals("gateway")) {
            problem(
                    source.root(),
                    "the file does not start with <gateway>",
                    "Begin with the distribution's conf/gateway.xml.");
            return new Draft(Optional.empty(), List.of(), problems);
        }
        var config = gateway(source.root());
        if (problems.isEmpty()) {
            // What is found here is said better; the schema catches what slipped through.
            for (var violation : source.violations()) {
                problems.add(
                        new Problem(
                                file,
                                violation.line(),
                                "",
                                violation.words(),
                                "gateway.xsd says what may stand here."));
            }
        }
        problems.sort(Comparator.comparingInt(Problem::line));
        return new Draft(
                problems.isEmpty() ? Optional.of(config) : Optional.empty(), places, problems);
    }

    private GatewayConfig gateway(Element root) {
        var serverName = one(root, "server").flatMap(this::serverName);
        var taken = new ArrayList<ListenAddress>();
        var limits = limits(one(root, "limits"));
        var listeners =
                group(
                        root,
                        "listeners",
                        "listener",
                        element -> listener(element, taken, limits.usual()));
        var identities = identities(root);
        for (var listener : listeners) {
            if (listener.tls() != TlsMode.NONE && root.children("tls").isEmpty()) {
                problems.add(
                        new Problem(
                                file,
                                listener.line(),
                                "tls",
                                "there is no certificate for it",
                                "Add <tls> with an <identity>, or write tls=\"none\"."));
            }
        }
        var policy =
                root.children("authentication").stream()
                        .findFirst()
                        .flatMap(authentication -> one(authentication, "policy"))
                        .flatMap(this::policy);
        var mechanisms =
                group(
                        root,
                        "authentication",
                        "mechanism",
                        element -> place(element, "mechanism", "server", new HashSet<>()));
        var utf8 = one(root, "utf8").map(this::utf8).orElse(true);
        var realms = realms(root);
        var locks =
                one(root, "locks")
                        .flatMap(element -> place(element, "locks", "server", new HashSet<>()))
                        .orElseGet(this::localLocks);
        close(root);
        return new GatewayConfig(
                file,
                serverName,
                listeners,
                identities,
                limits,
                utf8,
                mechanisms,
                policy,
                locks,
                realms,
                lines(root));
    }

    /** Where those elements stand that a reload does not look at again. */
    private static Map<String, Integer> lines(Element root) {
        var lines = new HashMap<String, Integer>();
        for (var name : List.of("server", "listeners", "tls", "limits")) {
            for (var element : root.children(name)) {
                lines.put(name, element.line());
                if (name.equals("limits")) {
                    element.anyChildren().forEach(one -> lines.put(one.name(), one.line()));
                }
            }
        }
        return lines;
    }

    private boolean utf8(Element element) {
        closeText(element);
        var value = element.content();
        if (!value.text().matches("true|false")) {
            wrong(element, "utf8", value, "is neither true nor false", "Give true or false.");
        }
        return !value.text().equals("false");
    }

    private Optional<String> serverName(Element server) {
        var name = server.attribute("name");
        close(server);
        if (name.isEmpty()) {
            problem(server, "it has no name", "Add name=\"...\", or remove <server>.");
            return Optional.empty();
        }
        var text = name.get().text().toLowerCase(Locale.ROOT);
        if (text.length() > MAX_DOMAIN || !DOMAIN.matcher(text).matches()) {
            wrong(server, "name", name.get(), "is not a host name", "Give one like mail.example.");
        }
        return Optional.of(text);
    }

    private Optional<Listener> listener(
            Element element, List<ListenAddress> taken, ListenerLimits usual) {
        var address = element.attribute("address");
        var port = element.attribute("port");
        var tls = tls(element);
        var profile = profile(element, tls, address);
        var allowPlaintext = flag(element, "allow-plaintext");
        var clients = clients(element, tls);
        var own = one(element, "limits");
        var limits = listenerLimits(own, usual);
        own.ifPresent(this::close);
        var proxy = one(element, "proxy-protocol").flatMap(this::proxy);
        close(element);
        if (allowPlaintext && tls == TlsMode.IMPLICIT) {
            problem(
                    element,
                    "allow-plaintext",
                    "nothing travels in the clear where tls=\"implicit\"",
                    "Remove it.");
        }
        if (address.isEmpty()) {
            problem(
                    element,
                    "address",
                    "it is missing",
                    "Give the address to listen on, such as 127.0.0.1, 0.0.0.0 or ::.");
        } else if (!ListenAddress.fits(address.get().text())) {
            wrong(
                    element,
                    "address",
                    address.get(),
                    "is not an address",
                    "Give one like 127.0.0.1, 0.0.0.0, ::1 or ::.");
        }
        var number = -1;
        if (port.isEmpty()) {
            problem(element, "port", "it is missing", "Give one; POP3's own is 110.");
        } else if (port.get().text().matches("[0-9]{1,5}")) {
            number = Integer.parseInt(port.get().text());
        }
        if (port.isPresent() && (number < 0 || number > MAX_PORT)) {
            wrong(
                    element,
                    "port",
                    port.get(),
                    "is not a port",
                    "Give a number from 0 to 65535; POP3's own is 110, 0 takes any free one.");
        }
        if (address.isPresent() && number > 0) {
            alone(element, ListenAddress.of(address.get().text(), number, element.line()), taken);
        }
        return address.isPresent() && number >= 0
                ? Optional.of(
                        new Listener(
                                address.get().text(),
                                number,
                                tls,
                                profile,
                                allowPlaintext,
                                clients,
                                limits,
                                proxy,
                                element.line()))
                : Optional.empty();
    }

    /** Whether no other listener has the address. */
    private void alone(Element element, ListenAddress address, List<ListenAddress> taken) {
        for (var other : taken) {
            if (address.sameAs(other)) {
                problem(element, "it is the same as at line " + other.line(), "Keep one of them.");
            } else if (address.covers(other)) {
                problem(
                        element,
                        "it and the listener at line "
                                + other.line()
                                + " cannot both have port "
                                + address.port(),
                        "Keep one of them: 0.0.0.0 and :: each take all addresses of this host,"
                                + " of IPv4 and of IPv6.");
            }
        }
        taken.add(address);
    }

    private TlsMode tls(Element listener) {
        var given = listener.attribute("tls");
        return switch (given.map(Element.Value::text).orElse("none")) {
            case "implicit" -> TlsMode.IMPLICIT;
            case "starttls" -> TlsMode.STARTTLS;
            case "none" -> TlsMode.NONE;
            default -> {
                wrong(
                        listener,
                        "tls",
                        given.orElseThrow(),
                        "is no way to use TLS",
                        "Give implicit, starttls or none.");
                yield TlsMode.NONE;
            }
        };
    }

    private TlsProfile profile(Element listener, TlsMode tls, Optional<Element.Value> address) {
        var name = "tls-profile";
        var given = listener.attribute(name);
        var allowed = flag(listener, PUBLIC_LEGACY);
        var word = given.map(Element.Value::text).orElse("modern");
        if (!word.matches("modern|legacy")) {
            wrong(listener, name, given.orElseThrow(), "is not known", "Give modern or legacy.");
        }
        if (!word.equals("legacy")) {
            if (allowed) {
                problem(
                        listener,
                        PUBLIC_LEGACY,
                        "there is nothing to allow without tls-profile=\"legacy\"",
                        "Remove it.");
            }
            return TlsProfile.MODERN;
        }
        if (tls == TlsMode.NONE) {
            problem(
                    listener,
                    name,
                    "there is no TLS here",
                    "Add tls=\"implicit\" or tls=\"starttls\", or remove it.");
        }
        if (address.isPresent() && !allowed && !isPrivate(address.get().text())) {
            problem(
                    listener,
                    name,
                    "TLS 1.0 and 1.1 are broken (RFC 8996), and \"%s\" is not a private address"
                            .formatted(address.get().text()),
                    "Let the devices use a listener on an address like 192.168.1.2, written in"
                            + " digits; or, if the whole Internet is meant, add "
                            + PUBLIC_LEGACY
                            + "=\"true\".");
        }
        return TlsProfile.LEGACY;
    }

    /** Not where it would take a look into DNS to know. */
    private static boolean isPrivate(String address) {
        if (address.equals("localhost")) {
            return true;
        }
        try {
            return PRIVATE.contains(Networks.address(address.replaceFirst("%.*", "")));
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    private Optional<ClientCertificates> clients(Element listener, TlsMode tls) {
        var name = "client-certificates";
        var given = listener.attribute(name);
        var trust = path(listener, "client-trust");
        var word = given.map(Element.Value::text).orElse("none");
        if (!word.matches("none|optional|required")) {
            wrong(
                    listener,
                    name,
                    given.orElseThrow(),
                    "is not known",
                    "Give none, optional or required.");
            return Optional.empty();
        }
        if (word.equals("none")) {
            if (trust.isPresent()) {
                problem(
                        listener,
                        "client-trust",
                        "clients are not asked for certificates",
                        "Add client-certificates=\"optional\" or \"required\", or remove it.");
            }
            return Optional.empty();
        }
        if (tls == TlsMode.NONE) {
            problem(
                    listener,
                    name,
                    "there are no certificates without TLS",
                    "Add tls=\"implicit\" or tls=\"starttls\".");
        }
        if (trust.isEmpty()) {
            problem(
                    listener,
                    "client-trust",
                    "it is missing",
                    "Give a PEM file with the authorities that vouch for your clients.");
        }
        return trust.map(file -> new ClientCertificates(word.equals("required"), file));
    }

    private List<TlsIdentity> identities(Element root) {
        var all = new ArrayList<TlsIdentity>();
        one(root, "tls")
                .ifPresent(tls -> {
                    var elements = tls.children("identity");
                    if (elements.isEmpty()) {
                        problem(tls, "it is empty", "Add at least one <identity>.");
                    }
                    for (var element : elements) {
                        identity(element)
                                .ifPresent(it -> all.add(new TlsIdentity(it, element.line())));
                    }
                    close(tls);
                });
        return all;
    }

    private Optional<IdentitySource> identity(Element element) {
        var certificate = path(element, "certificate");
        var key = path(element, "key");
        var pkcs12 = path(element, "pkcs12");
        var password = element.attribute("password").map(it -> Secret.of(it.text()));
        var selfSigned = flag(element, "self-signed");
        close(element);
        var pem = certificate.isPresent() || key.isPresent();
        if ((pem ? 1 : 0) + (pkcs12.isPresent() ? 1 : 0) + (selfSigned ? 1 : 0) != 1) {
            problem(
                    element,
                    "it is one of three: certificate and key; pkcs12; self-signed",
                    "Give certificate=\"...\" and key=\"...\", such as certbot's fullchain.pem and"
                            + " privkey.pem.");
            return Optional.empty();
        }
        if (selfSigned) {
            return Optional.of(new IdentitySource.SelfSigned(home.resolve("state").resolve("tls")));
        }
        if (pem) {
            for (var name : List.of("certificate", "key")) {
                if (element.attribute(name).isEmpty()) {
                    problem(
                            element,
                            name,
                            "it is missing",
                            "Give both; they may be the same file.");
                }
            }
            return certificate.flatMap(
                    file -> key.map(secret -> new IdentitySource.Pem(file, secret, password)));
        }
        if (password.isEmpty()) {
            problem(
                    element,
                    "password",
                    "it is missing",
                    "Add password=\"${file:UTF-8:...}\" or password=\"${env:...}\".");
        }
        return password.map(it -> new IdentitySource.Pkcs12(pkcs12.orElseThrow(), it));
    }

    private Optional<Path> path(Element element, String name) {
        var given = element.attribute(name);
        try {
            return given.map(it -> home.resolve(it.text()).normalize());
        } catch (InvalidPathException e) {
            wrong(element, name, given.orElseThrow(), "is not a path", "Give the path of a file.");
            return Optional.empty();
        }
    }

    private Limits limits(Optional<Element> element) {
        var idle =
                duration(element, "idle-timeout", Duration.ofMinutes(10), SECOND, DAY, this::idle);
        var limits =
                new Limits(
                        idle,
                        duration(element, "login-timeout", Duration.ofMinutes(3), SECOND, HOUR),
                        duration(element, "write-stall", Duration.ofMinutes(2), SECOND, HOUR),
                        duration(
                                element,
                                "lock-wait",
                                Duration.ofSeconds(2),
                                Duration.ZERO,
                                Duration.ofSeconds(10)),
                        duration(element, "commit-limit", Duration.ofSeconds(60), SECOND, HOUR),
                        duration(element, "drain", Duration.ofSeconds(30), Duration.ZERO, HOUR),
                        duration(
                                element,
                                "handshake-timeout",
                                Duration.ofSeconds(10),
                                SECOND,
                                Duration.ofMinutes(2)),
                        duration(element, "plugin-start", Duration.ofMinutes(1), SECOND, HOUR),
                        duration(element, "plugin-answer", Duration.ofSeconds(30), SECOND, HOUR),
                        listenerLimits(element, ListenerLimits.USUAL),
                        element.flatMap(parent -> one(parent, "trusted-networks"))
                                .map(this::trusted)
                                .orElseGet(() -> Networks.parse(LOOPBACK)),
                        duration(element, "failure-delay", SECOND, Duration.ZERO, LONGEST_DELAY),
                        duration(
                                element,
                                "longest-failure-delay",
                                Duration.ofSeconds(16),
                                Duration.ZERO,
                                LONGEST_DELAY));
        element.ifPresent(this::close);
        return limits;
    }

    /**
     * Those that every listener may have for itself.
     *
     * @param usual what holds where the element says nothing
     */
    private ListenerLimits listenerLimits(Optional<Element> limits, ListenerLimits usual) {
        return new ListenerLimits(
                number(limits, "connections", usual.connections(), 1_000_000),
                number(limits, "connections-per-address", usual.connectionsPerAddress(), 1_000_000),
                number(limits, "sessions-per-user", usual.sessionsPerUser(), 1_000_000),
                number(
                        limits,
                        "sessions-per-user-and-address",
                        usual.sessionsPerUserAndAddress(),
                        1_000_000),
                number(limits, "logins", usual.logins(), 1_000_000),
                number(limits, "bad-commands", usual.badCommands(), 1_000_000),
                number(
                        limits,
                        "bad-commands-before-login",
                        usual.badCommandsBeforeLogin(),
                        1_000_000),
                number(limits, "octets-before-login", usual.octetsBeforeLogin(), 1 << 30),
                number(limits, "lines-before-login", usual.linesBeforeLogin(), 1_000_000));
    }

    /** A number from 1; with the units of octets where {@code most} is one of octets. */
    private int number(Optional<Element> limits, String name, int fallback, int most) {
        var element = limits.flatMap(parent -> one(parent, name));
        if (element.isEmpty()) {
            return fallback;
        }
        var at = element.get();
        closeText(at);
        var octets = name.startsWith("octets-");
        var match = (octets ? OCTETS : NUMBER).matcher(at.content().text());
        if (!match.matches()) {
            wrong(
                    at,
                    name,
                    at.content(),
                    octets ? "is not a size" : "is not a whole number",
                    octets ? "Give octets, like 4096, 64KiB or 1MiB." : "Give one, like 100.");
            return fallback;
        }
        var unit =
                !octets
                        ? 1L
                        : "KiB".equals(match.group(2))
                                ? 1L << 10
                                : "MiB".equals(match.group(2)) ? 1L << 20 : 1L;
        var number = Long.parseLong(match.group(1)) * unit;
        if (number < 1 || number > most) {
            wrong(at, name, at.content(), "is out of range", "Give 1 to " + most + ".");
            return fallback;
        }
        return (int) number;
    }

    private Networks trusted(Element element) {
        closeText(element);
        return networks(element, element.name(), element.content());
    }

    private Networks networks(Element element, String setting, Element.Value value) {
        try {
            return Networks.parse(value.text());
        } catch (IllegalArgumentException _) {
            wrong(
                    element,
                    setting,
                    value,
                    "is not a list of networks",
                    "Give addresses and networks like 192.0.2.7 198.51.100.0/24 2001:db8::/32.");
            return Networks.NONE;
        }
    }

    private Optional<Proxy> proxy(Element element) {
        var from = element.attribute("from");
        var timeout =
                duration(
                        element,
                        "header-timeout",
                        element.attribute("header-timeout"),
                        Duration.ofSeconds(5),
                        SECOND,
                        HOUR);
        close(element);
        if (from.isEmpty() || from.get().text().isBlank()) {
            problem(
                    element,
                    "from",
                    "it is missing",
                    "Give the addresses of the proxies: nobody else may connect here then.");
            return Optional.empty();
        }
        return Optional.of(new Proxy(networks(element, "from", from.get()), timeout));
    }

    private Optional<Policy> policy(Element element) {
        var timeLimit =
                duration(
                        element,
                        "time-limit",
                        element.attribute("time-limit"),
                        Duration.ofSeconds(2),
                        Duration.ofMillis(1),
                        Duration.ofMinutes(1));
        var onFailure = element.attribute("on-failure");
        if (onFailure.isPresent() && !onFailure.get().text().matches("allow|refuse")) {
            wrong(
                    element,
                    "on-failure",
                    onFailure.get(),
                    "is neither allow nor refuse",
                    "Give refuse, or allow to let logins go on without the policy.");
        }
        return place(element, "policy", "server", new HashSet<>())
                .map(place ->
                        new Policy(
                                place,
                                timeLimit,
                                onFailure.isPresent() && onFailure.get().text().equals("allow")));
    }

    private void idle(Element element, Duration idle) {
        var allowed = element.attribute("allow-short").map(Element.Value::text).orElse("false");
        if (!allowed.equals("true") && !allowed.equals("false")) {
            wrong(
                    element,
                    "allow-short",
                    element.attribute("allow-short").get(),
                    "is neither true nor false",
                    "Give true or false.");
        } else if (idle.compareTo(SHORTEST_IDLE) < 0 && allowed.equals("false")) {
            problem(
                    element,
                    "it is shorter than the 10 minutes that RFC 1939 §3 promises to clients",
                    "Give PT10M or more, or add allow-short=\"true\".");
        }
    }

    private Duration duration(
            Optional<Element> limits,
            String name,
            Duration fallback,
            Duration least,
            Duration most) {
        return duration(limits, name, fallback, least, most, (_, _) -> {});
    }

    private Duration duration(
            Optional<Element> limits,
            String name,
            Duration fallback,
            Duration least,
            Duration most,
            BiConsumer<Element, Duration> further) {
        var element = limits.flatMap(parent -> one(parent, name));
        if (element.isEmpty()) {
            return fallback;
        }
        var at = element.get();
        var given = duration(at, name, Optional.of(at.content()), fallback, least, most);
        further.accept(at, given);
        closeText(at);
        return given;
    }

    private Duration duration(
            Element at,
            String setting,
            Optional<Element.Value> value,
            Duration fallback,
            Duration least,
            Duration most) {
        if (value.isEmpty()) {
            return fallback;
        }
        try {
            var text = value.get().text();
            if (!DURATION.matcher(text).matches()) {
                throw new DateTimeParseException("not as gateway.xsd has it", text, 0);
            }
            var given = Duration.parse(text);
            if (given.compareTo(least) < 0 || given.compareTo(most) > 0) {
                wrong(
                        at,
                        setting,
                        value.get(),
                        "is out of range",
                        "Give " + least + " to " + most + ".");
            }
            return given;
        } catch (DateTimeParseException _) {
            wrong(
                    at,
                    setting,
                    value.get(),
                    "is not a duration",
                    "Give one like PT30S, PT10M or PT1H.");
            return fallback;
        }
    }

    private OptionalInt expire(Element realm) {
        var element = one(realm, "expire");
        if (element.isEmpty()) {
            return OptionalInt.empty();
        }
        var at = element.get();
        closeText(at);
        var text = at.content().text();
        if (text.equals("NEVER")) {
            return OptionalInt.of(0);
        }
        if (text.matches("[1-9][0-9]{0,5}")) {
            return OptionalInt.of(Integer.parseInt(text));
        }
        wrong(
                at,
                at.name(),
                at.content(),
                "is no time to keep mail",
                "Give NEVER, or days from 1.");
        return OptionalInt.empty();
    }

    private List<Realm> realms(Element root) {
        var names = new HashMap<String, Integer>();
        var domains = new HashMap<String, Integer>();
        var defaults = new ArrayList<Element>();
        var group = root.children("realms");
        var realms =
                group(root, "realms", "realm", element -> realm(element, names, domains, defaults));
        var elements = group.stream().flatMap(one -> one.children("realm").stream()).toList();
        if (defaults.size() > 1) {
            for (var more : defaults.subList(1, defaults.size())) {
                problem(
                        more,
                        "default",
                        "the realm at line " + defaults.getFirst().line() + " is the default",
                        "Let one realm only be the default.");
            }
        } else if (defaults.isEmpty() && elements.size() > 1) {
            problem(
                    group.getFirst(),
                    "no realm is the default",
                    "Add default=\"true\" to the one that takes names without a domain.");
        }
        // A single realm has no rival: it is the default without saying so.
        return realms.size() == 1
                ? List.of(
                        new Realm(
                                realms.getFirst().name(),
                                true,
                                realms.getFirst().domains(),
                                realms.getFirst().stripDomain(),
                                realms.getFirst().loginDelay(),
                                realms.getFirst().expire(),
                                realms.getFirst().directories(),
                                realms.getFirst().stopOnUnknown(),
                                realms.getFirst().nextOnFailure(),
                                realms.getFirst().store(),
                                realms.getFirst().kept()))
                : realms;
    }

    private Optional<Realm> realm(
            Element element,
            Map<String, Integer> names,
            Map<String, Integer> domainLines,
            List<Element> defaults) {
        var name = realmName(element, names);
        var byDefault = flag(element, "default");
        var stripDomain = flag(element, "strip-domain");
        if (byDefault) {
            defaults.add(element);
        }
        var domains = new ArrayList<String>();
        for (var domain : element.children("domain")) {
            domain(domain, domainLines).ifPresent(domains::add);
        }
        var taken = new HashSet<String>();
        var directories = new ArrayList<PluginPlace>();
        var stopOnUnknown = new HashSet<PluginPlace>();
        var nextOnFailure = new HashSet<PluginPlace>();
        for (var directory : element.children("directory")) {
            var stops = word(directory, "on-unknown", "next", "stop");
            var goesOn = word(directory, "on-failure", "stop", "next");
            var place = place(directory, "directory", name, taken);
            place.ifPresent(directories::add);
            place.filter(_ -> stops).ifPresent(stopOnUnknown::add);
            place.filter(_ -> goesOn).ifPresent(nextOnFailure::add);
        }
        if (element.children("directory").isEmpty()) {
            problem(
                    element,
                    "it has no <directory>",
                    "Add <directory plugin=\"...\">: where its users are known.");
        }
        var stores = element.children("store");
        if (stores.size() != 1) {
            problem(
                    stores.isEmpty() ? element : stores.get(1),
                    stores.isEmpty() ? "it has no <store>" : "a realm has one <store>",
                    stores.isEmpty()
                            ? "Add <store plugin=\"...\">: where its mail is kept."
                            : "Keep one of them.");
        }
        var store = Optional.<PluginPlace>empty();
        for (var one : stores) {
            store = place(one, "store", name, taken);
        }
        var loginDelay =
                duration(Optional.of(element), "login-delay", Duration.ZERO, Duration.ZERO, DAY);
        var expire = expire(element);
        var kept = one(element, "kept-deletions").flatMap(it -> kept(it, name));
        close(element);
        return store.map(place ->
                new Realm(
                        name,
                        byDefault,
                        domains,
                        stripDomain,
                        loginDelay,
                        expire,
                        directories,
                        stopOnUnknown,
                        nextOnFailure,
                        place,
                        kept));
    }

    private Optional<Kept> kept(Element element, String realm) {
        var folder = path(element, "folder");
        var days = element.attribute("days");
        close(element);
        if (element.attribute("folder").isEmpty()) {
            problem(
                    element,
                    "folder",
                    "it is missing",
                    "Name a folder for the removed mail, outside of every store's.");
        }
        if (days.isEmpty()) {
            problem(element, "days", "it is missing", "Say how long to keep it, like 30.");
            return Optional.empty();
        }
        if (!days.get().text().matches("[1-9][0-9]{0,3}")) {
            wrong(
                    element,
                    "days",
                    days.get(),
                    "is not a number of days",
                    "Give 1 to 9999, like 30.");
            return Optional.empty();
        }
        return folder.map(it ->
                new Kept(it.resolve(realm), Integer.parseInt(days.get().text()), element.line()));
    }

    private String realmName(Element element, Map<String, Integer> names) {
        var given = element.attribute("name");
        if (given.isEmpty()) {
            problem(element, "name", "it is missing", "Give the realm a name.");
            return "unnamed";
        }
        var name = given.get().text();
        if (!NAME.matcher(name).matches()) {
            wrong(
                    element,
                    "name",
                    given.get(),
                    "is not a realm's name",
                    "Use 1 to 63 lower-case letters, digits and hyphens.");
            return "unnamed";
        }
        var before = names.putIfAbsent(name, element.line());
        if (before != null) {
            wrong(
                    element,
                    "name",
                    given.get(),
                    "is the name of the realm at line " + before,
                    "Give each realm its own.");
        }
        return name;
    }

    private Optional<String> domain(Element element, Map<String, Integer> lines) {
        closeText(element);
        var domain = element.content().text().toLowerCase(Locale.ROOT);
        if (domain.length() > MAX_DOMAIN || !DOMAIN.matcher(domain).matches()) {
            wrong(
                    element,
                    "domain",
                    element.content(),
                    "is not a domain",
                    "Give one like example.org.");
            return Optional.empty();
        }
        var before = lines.putIfAbsent(domain, element.line());
        if (before != null) {
            wrong(
                    element,
                    "domain",
                    element.content(),
                    "stands at line " + before + " already",
                    "Give each domain to one realm.");
        }
        return Optional.of(domain);
    }

    private boolean flag(Element element, String name) {
        var given = element.attribute(name);
        if (given.isPresent() && !given.get().text().matches("true|false")) {
            wrong(element, name, given.get(), "is neither true nor false", "Give true or false.");
        }
        return given.isPresent() && given.get().text().equals("true");
    }

    /** Whether an attribute says the second word, and not the first, which it means if absent. */
    private boolean word(Element element, String name, String usual, String other) {
        var given = element.attribute(name);
        if (given.isPresent() && !given.get().text().matches(usual + "|" + other)) {
            wrong(
                    element,
                    name,
                    given.get(),
                    "is neither " + usual + " nor " + other,
                    "Give one of them; without it, it is " + usual + ".");
        }
        return given.isPresent() && given.get().text().equals(other);
    }

    /**
     * Reads the element that names a plugin.
     *
     * @param owner the realm's name, or {@code server}: the plugin's state is kept below it
     * @param taken the state folders that this owner's plugins have
     */
    private Optional<PluginPlace> place(
            Element element, String kind, String owner, Set<String> taken) {
        var plugin = element.attribute("plugin");
        var given = new ArrayList<Given>();
        for (var setting : element.anyChildren()) {
            if (!setting.anyChildren().isEmpty() || !setting.unknownAttributes().isEmpty()) {
                problem(
                        setting,
                        "a plugin's setting is a plain text",
                        "Write <" + setting.name() + ">...</" + setting.name() + ">.");
            }
            given.add(
                    new Given(
                            setting.name(),
                            setting.line(),
                            setting.content().written(),
                            setting.content().text()));
        }
        close(element);
        if (plugin.isEmpty()) {
            problem(
                    element,
                    "plugin",
                    "it is missing",
                    "Name a plugin; \"postern plugins\" shows which there are.");
            return Optional.empty();
        }
        var name = plugin.get().text();
        if (!NAME.matcher(name).matches()) {
            wrong(
                    element,
                    "plugin",
                    plugin.get(),
                    "is not a plugin's name",
                    "Name a plugin; \"postern plugins\" shows which there are.");
            return Optional.empty();
        }
        // A second plugin of the same name in one realm keeps its state apart from the first's.
        var folder = name;
        for (var number = 2; !taken.add(kind + "/" + folder); number++) {
            folder = name + "-" + number;
        }
        var state = home.resolve("state").resolve(kind).resolve(owner).resolve(folder);
        var place = new PluginPlace(file, element.line(), kind, name, given, home, state);
        places.add(place);
        return Optional.of(place);
    }

    private PluginPlace localLocks() {
        var state = home.resolve("state").resolve("locks").resolve("server").resolve("local");
        var place = new PluginPlace(file, 0, "locks", "local", List.of(), home, state);
        places.add(place);
        return place;
    }

    /** Reads the members of a list that must be there once and hold at least one. */
    private <T> List<T> group(
            Element root, String name, String member, Function<Element, Optional<T>> read) {
        var group = one(root, name);
        if (group.isEmpty()) {
            problem(
                    root,
                    name,
                    "it is missing",
                    "Add <" + name + "> with at least one <" + member + ">.");
            return List.of();
        }
        var members = group.get().children(member);
        if (members.isEmpty()) {
            problem(group.get(), "it is empty", "Add at least one <" + member + ">.");
        }
        var all = new ArrayList<T>();
        members.forEach(element -> read.apply(element).ifPresent(all::add));
        close(group.get());
        return all;
    }

    private Optional<Element> one(Element parent, String name) {
        var found = parent.children(name);
        for (var more : found.stream().skip(1).toList()) {
            problem(
                    more,
                    "it stands at line " + found.getFirst().line() + " already",
                    "Keep one of them.");
        }
        return found.stream().findFirst();
    }

    /** Refuses what nobody asked for, and any text. */
    private void close(Element element) {
        if (!element.content().written().isBlank()) {
            problem(
                    element,
                    "text stands in <" + element.name() + ">, which takes none",
                    "Remove \"" + element.content().written().strip() + "\".");
        }
        closeText(element);
    }

    /** Refuses what nobody asked for in an element with a text. */
    private void closeText(Element element) {
        for (var unknown : element.unknownChildren()) {
            problem(
                    unknown,
                    "there is no such element in <" + element.name() + ">",
                    instead("<%s>", element.knownChildren()));
        }
        for (var unknown : element.unknownAttributes()) {
            problem(
                    element,
                    unknown,
                    "<" + element.name() + "> has no such attribute",
                    instead("%s", element.knownAttributes()));
        }
    }

    private static String instead(String shape, Set<String> known) {
        return known.isEmpty()
                ? "Remove it."
                : "Remove it, or use one of: "
                        + known.stream()
                                .map(name -> String.format(Locale.ROOT, shape, name))
                                .collect(Collectors.joining(", "))
                        + ".";
    }

    /** A value that does not fit; shown as it is written, so that no secret comes to light. */
    private void wrong(
            Element element, String setting, Element.Value value, String what, String remedy) {
        problem(element, setting, "\"" + value.written() + "\" " + what, remedy);
    }

    private void problem(Element element, String what, String remedy) {
        problem(element, element.name(), what, remedy);
    }

    private void problem(Element element, String setting, String what, String remedy) {
        // An unresolved variable has been told; that its value does not fit is no news.
        var line = element.line(setting);
        var told =
                problems.stream()
                        .anyMatch(one -> one.line() == line && one.setting().equals(setting));
        if (!told) {
            problems.add(new Problem(file, line, setting, what, remedy));
        }
    }
}
