package io.postern.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What reading {@code gateway.xml} came to. Even where something is wrong, the places that name
 * plugins are there, so that their settings can be looked at and everything be told at once.
 *
 * @param config present if there are no problems
 * @param places in the order of the file, the lock coordinator's last where the file names none
 * @param problems in the order of the lines
 */
public record Draft(
        Optional<GatewayConfig> config, List<PluginPlace> places, List<Problem> problems) {
    public Draft {
        places = List.copyOf(places);
        problems = List.copyOf(problems);
    }

    /** The same with more problems, which were found elsewhere. */
    public Draft with(List<Problem> more) {
        var all = new ArrayList<>(problems);
        all.addAll(more);
        return new Draft(config, places, all);
    }
}
