package org.example.postern;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What messages take on the wire, octets, by box and id. A message never changes and no id is given
 * twice, so what was counted once is true for ever. Any number of threads.
 */
final class Sizes {
    /** Some 100 octets of heap for each. */
    private static final int MOST = 200_000;

    private final Map<String, Long> octets =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                    return size() > MOST;
                }
            };

    synchronized OptionalLong of(String box, String id) {
        var known = octets.get(box + " " + id);
        return known == null ? OptionalLong.empty() : OptionalLong.of(known);
    }

    synchronized void keep(String box, String id, long size) {
        octets.put(box + " " + id, size);
    }

    synchronized void forget(String box, String id) {
        octets.remove(box + " " + id);
    }
}
