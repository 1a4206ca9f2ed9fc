package io.postern.auth.sasloauth;

import io.postern.spi.Secret;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What OAUTHBEARER and XOAUTH2 send (RFC 7628 §3.1): a header, pairs of key and value, each ended
 * by octet 1, and one more octet 1. It refers to the response and does not copy it, but for {@link
 * #token}.
 */
final class Pairs {
    private static final byte END = 1;
    private static final String AUTH = "auth";
    private static final String SCHEME = "bearer ";

    private record Part(int from, int to) {}

    private final byte[] response;
    private final String header;
    private final Map<String, Part> values = new HashMap<>();

    /**
     * @throws IllegalArgumentException if it is not made like that, or a key is there twice
     */
    Pairs(byte[] response) {
        this.response = response;
        int at = end(0);
        header = utf8(0, at);
        at++;
        while (at < response.length && response[at] != END) {
            int end = end(at);
            int equals = at;
            while (equals < end && isLetter(response[equals])) {
                equals++;
            }
            if (equals == at || equals == end || response[equals] != '=') {
                throw new IllegalArgumentException("not a pair of key and value");
            }
            var key = new String(response, at, equals - at, StandardCharsets.US_ASCII);
            for (int i = equals + 1; i < end; i++) {
                requireValue(response[i]);
            }
            if (values.putIfAbsent(key, new Part(equals + 1, end)) != null) {
                throw new IllegalArgumentException("a key is there twice");
            }
            at = end + 1;
        }
        if (at != response.length - 1) {
            throw new IllegalArgumentException("not ended, or not where it ends");
        }
    }

    String header() {
        return header;
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(values.get(key)).map(it -> utf8(it.from(), it.to()));
    }

    /**
     * The bearer token (RFC 6750 §2.1).
     *
     * @return the caller's
     * @throws IllegalArgumentException if there is none
     */
    Secret token() {
        var value = values.get(AUTH);
        if (value == null || value.to() - value.from() <= SCHEME.length()) {
            throw new IllegalArgumentException("no token");
        }
        for (int i = 0; i < SCHEME.length(); i++) {
            int octet = response[value.from() + i];
            if ((octet >= 'A' && octet <= 'Z' ? octet + 'a' - 'A' : octet) != SCHEME.charAt(i)) {
                throw new IllegalArgumentException("not a bearer token");
            }
        }
        int from = value.from() + SCHEME.length();
        int at = from;
        while (at < value.to() && isTokenCharacter(response[at])) {
            at++;
        }
        int padding = at;
        while (padding < value.to() && response[padding] == '=') {
            padding++;
        }
        if (at == from || padding < value.to()) {
            throw new IllegalArgumentException("not the characters of a bearer token");
        }
        return Secret.of(response, from, value.to());
    }

    private int end(int from) {
        int at = from;
        while (at < response.length && response[at] != END) {
            at++;
        }
        if (at == response.length) {
            throw new IllegalArgumentException("not ended");
        }
        return at;
    }

    private String utf8(int from, int to) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(response, from, to - from))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("not UTF-8", e);
        }
    }

    /** VCHAR, SP, HTAB, CR or LF. */
    private static void requireValue(byte octet) {
        if ((octet < ' ' || octet > '~') && octet != '\t' && octet != '\r' && octet != '\n') {
            throw new IllegalArgumentException("a character that no value holds");
        }
    }

    private static boolean isLetter(byte octet) {
        return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
    }

    private static boolean isTokenCharacter(byte octet) {
        return isLetter(octet) || (octet >= '0' && octet <= '9') || "-._~+/".indexOf(octet) >= 0;
    }
}
