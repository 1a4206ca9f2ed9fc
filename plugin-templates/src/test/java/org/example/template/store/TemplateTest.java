package org.example.template.store;

import io.postern.spi.User;
import io.postern.spi.store.MaildropStore;
import io.postern.testkit.MaildropFixture;
import io.postern.testkit.MaildropStoreContract;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The contract of stores. */
class TemplateTest extends MaildropStoreContract {

    @Override
    protected MaildropFixture fixture(Path scratch) {
        var store = new Template();
        return new MaildropFixture() {
            // What more it can do: the contract then asks for it.
            @Override
            public Set<Ability> abilities() {
                return Set.of(Ability.KEEPS_RESULTS);
            }

            @Override
            public MaildropStore store() {
                return store;
            }

            @Override
            public User user(String name) {
                return new User(name);
            }

            @Override
            public void deliver(User user, byte[] stored) {
                store.mail(store.locate(user)).deliver(stored);
            }

            @Override
            public void vanish(User user, byte[] stored) {
                if (!store.mail(store.locate(user)).vanish(stored)) {
                    throw new AssertionError("no message has these octets");
                }
            }

            @Override
            public List<byte[]> stored(User user) {
                return store.mail(store.locate(user)).stored();
            }

            @Override
            public void close() {
                store.close();
            }
        };
    }
}
