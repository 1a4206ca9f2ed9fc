package io.postern.distribution;

import org.junit.jupiter.api.AfterEach;

import java.nio.file.Path;

/** Mail and locks in one PostgreSQL, which judges a removal and its lock in one transaction. */
class SqlLocksIT extends SeveralServers {
    private SqlServer database;
    private SqlMail mail;

    @Override
    Site site(Path folder) throws Exception {
        database = SqlServer.postgresql(folder.resolve("database"));
        mail = new SqlMail(Installation.shared(), database.url(), folder);
        return new Site(folder)
                .store("<store plugin=\"jdbc\">" + database.settings() + "</store>")
                .locks(
                        "<locks plugin=\"jdbc\">%s<lease>%s</lease></locks>"
                                .formatted(database.settings(), LEASE));
    }

    @Override
    Letters.Delivery delivery(Site site) {
        return mail::deliver;
    }

    @AfterEach
    void stop() throws Exception {
        mail.close();
        database.close();
    }
}
