package org.example.template.directory;

import io.postern.spi.PluginConfig;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.testkit.auth.PasswordDirectoryContract;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The contract of directories that check passwords. */
class TemplateTest implements PasswordDirectoryContract {

    @Override
    public PasswordDirectory directory() {
        var directory = new Template();
        var settings = Map.of("user", List.of(user()), "password", List.of(password()));
        var here = Path.of("target");
        directory.start(new PluginConfig(directory.settings(), settings, here, here));
        return directory;
    }
}
