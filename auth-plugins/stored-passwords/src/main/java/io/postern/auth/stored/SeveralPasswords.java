package io.postern.auth.stored;

import io.postern.spi.Secret;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The passwords of one account: its own, if it has one, and one for each of its devices. A login is
 * compared with all of them, whichever fits, so that its time tells nothing.
 */
final class SeveralPasswords implements StoredPassword {
    private final Optional<StoredPassword> own;
    private final List<StoredPassword> parts = new ArrayList<>();
    private final List<String> labels = new ArrayList<>();

    /**
     * @param devices by label, one or more
     */
    SeveralPasswords(Optional<StoredPassword> own, Map<String, StoredPassword> devices) {
        this.own = own;
        own.ifPresent(it -> {
            parts.add(it);
            labels.add("");
        });
        devices.forEach((label, password) -> {
            parts.add(password);
            labels.add(label);
        });
    }

    @Override
    public List<StoredPassword> parts() {
        return List.copyOf(parts);
    }

    @Override
    public Optional<StoredPassword> own() {
        return own;
    }

    @Override
    public Optional<String> device(int part) {
        return Optional.of(labels.get(part)).filter(label -> !label.isEmpty());
    }

    @Override
    public boolean matches(Secret password) {
        var fits = false;
        for (var one : parts) {
            fits |= one.matches(password);
        }
        return fits;
    }

    @Override
    public String form() {
        return parts.stream().map(StoredPassword::form).collect(Collectors.joining(", "));
    }
}
