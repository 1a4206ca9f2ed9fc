package io.postern.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.config.GatewayConfig.Listener;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

import javax.xml.parsers.DocumentBuilderFactory;

/** The files of {@code conf/} are good as they are shipped. */
class ShippedConfigurationTest {
    private static final Path CONF = Path.of("../../conf");
    private static final String XSD = "http://www.w3.org/2001/XMLSchema";

    @Test
    void theShippedFileIsReadWithoutAProblem() {
        var draft = read();
        assertEquals(List.of(), draft.problems());
        var config = draft.config().orElseThrow();
        assertEquals(
                List.of("local", "maildir", "xml-users", "user-pass", "apop", "sasl-plain"),
                config.places().stream().map(PluginPlace::plugin).toList());
    }

    @Test
    void itListensOnThisMachineOnlyAndNeedsNoPrivilege() throws Exception {
        for (Listener listener : read().config().orElseThrow().listeners()) {
            assertTrue(InetAddress.getByName(listener.address()).isLoopbackAddress());
            assertTrue(listener.port() >= 1024, "port " + listener.port());
        }
    }

    @Test
    void theLimitsItShowsAreTheDefaults() throws Exception {
        var without = Files.createTempFile("gateway", ".xml");
        try {
            Files.writeString(
                    without,
                    Files.readString(CONF.resolve("gateway.xml"))
                            .replaceAll("(?s)<limits>.*</limits>", ""));
            var defaults = GatewayFile.read(without, CONF, _ -> null).config().orElseThrow();
            assertEquals(defaults.limits(), read().config().orElseThrow().limits());
        } finally {
            Files.delete(without);
        }
    }

    @Test
    void theSchemaExplainsEveryElementAndAttribute() throws Exception {
        var schema =
                DocumentBuilderFactory.newDefaultNSInstance()
                        .newDocumentBuilder()
                        .parse(CONF.resolve("gateway.xsd").toFile());
        var unexplained = new ArrayList<String>();
        for (var kind : List.of("element", "attribute")) {
            var nodes = schema.getElementsByTagNameNS(XSD, kind);
            for (var i = 0; i < nodes.getLength(); i++) {
                var node = (org.w3c.dom.Element) nodes.item(i);
                var own = node.getElementsByTagNameNS(XSD, "documentation").getLength();
                // One of a type of ours is explained where the type is.
                var type = node.getAttribute("type");
                if (own == 0 && (type.isEmpty() || type.startsWith("xs:"))) {
                    unexplained.add(node.getAttribute("name"));
                }
            }
        }
        assertEquals(List.of(), unexplained);
    }

    @Test
    void theServersOwnSchemaIsTheShippedOne() throws Exception {
        try (var own = GatewayFile.class.getResourceAsStream("gateway.xsd")) {
            assertNotNull(own);
            assertEquals(
                    Files.readString(CONF.resolve("gateway.xsd")),
                    new String(own.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));
        }
    }

    @Test
    void minasNoisyLoggerIsOff() throws Exception {
        var properties = new Properties();
        try (var in = Files.newInputStream(CONF.resolve("simplelogger.properties"))) {
            properties.load(in);
        }
        var prefix = "org.slf4j.simpleLogger.";
        assertEquals(
                "off",
                properties.getProperty(prefix + "log.org.apache.mina.core.service.IoProcessor"));
        assertEquals("true", properties.getProperty(prefix + "showDateTime"));
    }

    private static Draft read() {
        return GatewayFile.read(CONF.resolve("gateway.xml"), CONF, _ -> null);
    }
}
