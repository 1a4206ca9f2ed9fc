package io.postern.store.memory;

import io.postern.spi.User;
import io.postern.testkit.MaildropFixture;

import java.util.List;
import java.util.Set;

/** The contract's way into a {@link MemoryStore}: nothing of it outlives the store object. */
final class MemoryFixture implements MaildropFixture {
    private final MemoryStore store = new MemoryStore();

    @Override
    public Set<Ability> abilities() {
        return Set.of(
                Ability.KEEPS_RESULTS,
                Ability.DELIVERY,
                Ability.KEEPS_GIVEN_IDS,
                Ability.SURROGATES);
    }

    @Override
    public MemoryStore store() {
        return store;
    }

    @Override
    public User user(String name) {
        return new User(name);
    }

    @Override
    public void deliver(User user, byte[] stored) {
        store.deliver(user, stored);
    }

    @Override
    public void vanish(User user, byte[] stored) {
        if (!store.vanish(user, stored)) {
            throw new AssertionError("no message has these octets");
        }
    }

    @Override
    public List<byte[]> stored(User user) {
        return store.stored(user);
    }

    @Override
    public void close() {
        store.close();
    }
}
