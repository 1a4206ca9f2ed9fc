package io.postern.auth.httpusers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import io.postern.auth.remote.Outage;
import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A POST of {@code {"user":"...","password":"...","client":"192.0.2.7","encrypted":true}}, answered
 * by {@code {"result":"accepted", "user":"...","attributes":{...}}} or another result.
 */
final class JsonDialect implements Dialect {
    private static final JsonFactory JSON = new JsonFactory();

    /** More than all takes beside name and password, octets; an address of IPv6 has 39. */
    private static final int FRAME = 160;

    @Override
    public HttpRequest ask(
            HttpRequest.Builder request, String name, byte[] password, Optional<Client> client) {
        var user = name.getBytes(StandardCharsets.UTF_8);
        // Of its final size at once, so that no shorter copy of the password stays behind.
        var body = new Body(6 * (user.length + password.length) + FRAME);
        body.text("{\"user\":");
        body.quoted(user);
        body.text(",\"password\":");
        body.quoted(password);
        if (client.isPresent()) {
            body.text(",\"client\":\"" + client.get().address());
            body.text("\",\"encrypted\":" + client.get().encrypted());
        }
        body.text("}");
        var octets = body.toByteArray();
        body.wipe();
        return request.header("Content-Type", "application/json")
                .header("Accept", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(octets))
                .build();
    }

    @Override
    public Verdict read(HttpResponse<byte[]> answer, String name) throws Outage, Fault {
        var texts = new HashMap<String, String>();
        var attributes = new HashMap<String, String>();
        try (var json = JSON.createParser(answer.body())) {
            object(json, texts, attributes);
        } catch (IOException e) {
            throw Fault.permanent("the service's answer is not the JSON that is asked for", e);
        }
        var result = texts.getOrDefault("result", "");
        return switch (result) {
            case "accepted" -> accepted(texts.get("user"), attributes);
            case "unknown-user" -> new Verdict.Refused(Reason.UNKNOWN_USER);
            case "wrong-password" -> new Verdict.Refused(Reason.WRONG_PROOF);
            case "not-allowed" -> new Verdict.Refused(Reason.NOT_ALLOWED);
            case "unavailable" -> throw new Outage("it says that it cannot tell", false, null);
            default ->
                    throw new Fault(
                            Fault.Kind.PERMANENT,
                            "the service's answer has no \"result\" that is known here: accepted,"
                                    + " unknown-user, wrong-password, not-allowed or unavailable");
        };
    }

    private static Verdict accepted(String user, Map<String, String> attributes) throws Fault {
        try {
            return new Verdict.Accepted(new User(user == null ? "" : user, attributes));
        } catch (IllegalArgumentException e) {
            throw Fault.permanent(
                    "the service accepts a user without the canonical name in \"user\"", e);
        }
    }

    /** Texts of the object, and of the object {@code attributes} in it; all else is left out. */
    private static void object(
            JsonParser json, Map<String, String> texts, Map<String, String> attributes)
            throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw new IOException("no object");
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            var field = json.currentName();
            var token = json.nextToken();
            if (field.equals("attributes") && token == JsonToken.START_OBJECT) {
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    var key = json.currentName();
                    if (json.nextToken().isScalarValue()
                            && json.currentToken() != JsonToken.VALUE_NULL) {
                        attributes.put(key, json.getText());
                    } else {
                        json.skipChildren();
                    }
                }
            } else if (token == JsonToken.VALUE_STRING) {
                texts.put(field, json.getText());
            } else {
                json.skipChildren();
            }
        }
        if (json.currentToken() != JsonToken.END_OBJECT || json.nextToken() != null) {
            throw new IOException("more than an object");
        }
    }

    /** Octets that can be wiped. */
    private static final class Body extends ByteArrayOutputStream {
        Body(int octets) {
            super(octets);
        }

        void text(String ascii) {
            writeBytes(ascii.getBytes(StandardCharsets.US_ASCII));
        }

        /**
         * RFC 8259 §7: quotes, backslashes and controls are escaped, all else stands for itself.
         */
        void quoted(byte[] utf8) {
            write('"');
            for (byte octet : utf8) {
                if (octet >= 0 && (octet < ' ' || octet == '"' || octet == '\\')) {
                    text("\\u00");
                    write(Character.forDigit(octet >> 4, 16));
                    write(Character.forDigit(octet & 15, 16));
                } else {
                    write(octet);
                }
            }
            write('"');
        }

        void wipe() {
            Arrays.fill(buf, (byte) 0);
        }
    }
}
