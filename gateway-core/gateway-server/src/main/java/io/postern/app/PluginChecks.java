package io.postern.app;

import io.postern.config.Draft;
import io.postern.config.PluginPlace;
import io.postern.config.Problem;
import io.postern.plugin.Loaded;
import io.postern.plugin.PluginException;
import io.postern.plugin.Plugins;
import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What the plugins say of their settings without being started.
 *
 * @param problems for which they would refuse to start
 * @param warnings with which they would start
 */
record PluginChecks(List<Problem> problems, List<Problem> warnings) {
    private static final Logger log = LoggerFactory.getLogger(PluginChecks.class);

    PluginChecks {
        problems = List.copyOf(problems);
        warnings = List.copyOf(warnings);
    }

    /**
     * Asks each plugin that the configuration names and whose settings are well-formed; of the
     * others {@link Assembly} tells what is wrong.
     */
    static PluginChecks of(Draft draft, Plugins plugins) throws InterruptedException {
        var problems = new ArrayList<Problem>();
        var warnings = new ArrayList<Problem>();
        for (var place : draft.places()) {
            check(place, plugins, problems, warnings);
        }
        return new PluginChecks(problems, warnings);
    }

    private static void check(
            PluginPlace place, Plugins plugins, List<Problem> problems, List<Problem> warnings)
            throws InterruptedException {
        Loaded<?> plugin;
        PluginConfig config;
        try {
            plugin = plugins.make(Assembly.kind(place).service(), place.plugin());
            config = place.config(plugin.settings());
        } catch (PluginException | SettingException e) {
            log.debug("{} cannot be made or is set wrongly, which the assembly tells", place, e);
            return;
        }
        var found = new Found();
        try {
            plugin.check(config, found);
        } catch (SettingException e) {
            found.problem(e);
        } catch (PluginException e) {
            problems.add(place.problem(e.getMessage(), e.remedy()));
        } catch (Fault e) {
            log.debug("{} cannot be checked", place, e);
            problems.add(
                    place.problem(
                            "it cannot be checked: " + e.getMessage(), "Mend what it names."));
        } catch (RuntimeException | Error e) {
            log.error("{} has a defect", place, e);
            problems.add(
                    place.problem(
                            "it cannot be checked, it has a defect: " + e,
                            "Ask the plugin's author."));
        }
        found.problems.forEach(one -> problems.add(place.problem(one)));
        found.warnings.forEach(one -> warnings.add(place.problem(one)));
    }

    /** Findings of one check. A check that was left behind may go on adding to it. */
    private static final class Found implements Findings {
        private final Queue<SettingException> problems = new ConcurrentLinkedQueue<>();
        private final Queue<SettingException> warnings = new ConcurrentLinkedQueue<>();

        @Override
        public void problem(SettingException problem) {
            problems.add(Objects.requireNonNull(problem));
        }

        @Override
        public void warning(SettingException warning) {
            warnings.add(Objects.requireNonNull(warning));
        }
    }
}
