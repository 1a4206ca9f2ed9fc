package io.postern.limit;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A list of networks and single addresses, of both families. Immutable. */
public final class Networks {
    /** In no network is anybody. */
    public static final Networks NONE = new Networks(List.of());

    private static final Pattern IPV4 =
            Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,3}");

    /**
     * @param octets 4 or 16
     * @param bits how many of them, from the left, have to be the same
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Network(byte[] octets, int bits) {

        boolean contains(byte[] address) {
            if (address.length != octets.length) {
                return false;
            }
            for (var bit = 0; bit < bits; bit += 8) {
                var mask = bits - bit >= 8 ? 0xFF : 0xFF << (8 - (bits - bit));
                if (((address[bit / 8] ^ octets[bit / 8]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private final List<Network> all;

    private Networks(List<Network> all) {
        this.all = List.copyOf(all);
    }

    /**
     * Reads a list such as {@code 192.0.2.0/24, 2001:db8::/32 ::1}, with spaces or commas between.
     *
     * @throws IllegalArgumentException naming the part that is no network
     */
    public static Networks parse(String text) {
        var networks = new ArrayList<Network>();
        for (var part : text.split("[\\s,]+", -1)) {
            if (!part.isEmpty()) {
                networks.add(network(part));
            }
        }
        return networks.isEmpty() ? NONE : new Networks(networks);
    }

    private static Network network(String text) {
        var slash = text.indexOf('/');
        var address = address(slash < 0 ? text : text.substring(0, slash)).getAddress();
        var length = slash < 0 ? "" : text.substring(slash + 1);
        var most = address.length * 8;
        if (slash < 0) {
            return new Network(address, most);
        }
        if (!LENGTH.matcher(length).matches() || Integer.parseInt(length) > most) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" has no prefix length from 0 to " + most);
        }
        return new Network(address, Integer.parseInt(length));
    }

    /**
     * Reads an address that is written in digits. No name is looked up.
     *
     * @return an {@link Inet4Address} for an IPv4-mapped IPv6 address, too
     * @throws IllegalArgumentException if it is none
     */
    public static InetAddress address(String text) {
        if (IPV4.matcher(text).matches()) {
            return Inet4Address.ofLiteral(text);
        }
        if (IPV6.matcher(text).matches()) {
            return Inet6Address.ofLiteral(text);
        }
        throw new IllegalArgumentException("\"" + text + "\" is no address in digits");
    }

    public boolean contains(InetAddress address) {
        var octets = address.getAddress();
        return all.stream().anyMatch(network -> network.contains(octets));
    }

    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** Equal if the same is written in the same order. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Networks them && toString().equals(them.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    /** As {@link #parse} takes it. */
    @Override
    public String toString() {
        return all.stream()
                .map(network -> {
                    try {
                        var address = InetAddress.getByAddress(network.octets());
                        return address.getHostAddress() + "/" + network.bits();
                    } catch (UnknownHostException e) {
                        throw new IllegalStateException(e); // 4 or 16 octets, always
                    }
                })
                .collect(Collectors.joining(" "));
    }
}
