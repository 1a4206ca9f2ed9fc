package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code conf/gateway.xsd} by libxml2, which editors use: a schema that it takes, too. */
class SchemaIT {
    @TempDir private Path folder;

    private Program.Ending xmllint(Path file) throws Exception {
        var schema = Installation.shared().home().resolve("conf/gateway.xsd");
        return Program.of("xmllint", "--noout", "--schema", schema.toString(), file.toString())
                .run();
    }

    @Test
    void theShippedConfigurationIsValid() throws Exception {
        var ended = xmllint(Installation.shared().home().resolve("conf/gateway.xml"));
        assertEquals(0, ended.status(), ended.err());
    }

    @Test
    void whatTheServerTakesIsValidAndWhatItRefusesIsNot() throws Exception {
        var mechanism = ConfigurationCase.MECHANISM;
        var policy = "<policy plugin=\"mine\" time-limit=\"PT1S\"/>";
        for (var good :
                List.of(
                        mechanism,
                        policy + mechanism,
                        mechanism + policy + mechanism,
                        mechanism.replace("user-pass", "${env:MECHANISM:-user-pass}"))) {
            assertEquals(0, written(mechanism, good), good);
        }
        var port = "port=\"0\"";
        for (var good : List.of("port=\"${env:PORT}\"", "port=\"${file:UTF-8:port}\"")) {
            assertEquals(0, written(port, good), good);
        }
        for (var bad : List.of("port=\"x\"", "prt=\"1\"", "port=\"$\"", "")) {
            assertFalse(written(port, bad) == 0, bad);
        }
        assertFalse(written("<realms>", "<realm/><realms>") == 0);
    }

    private int written(String good, String other) throws Exception {
        var file = folder.resolve("gateway.xml");
        Files.writeString(file, ConfigurationCase.GOOD.replace(good, other));
        return xmllint(file).status();
    }
}
