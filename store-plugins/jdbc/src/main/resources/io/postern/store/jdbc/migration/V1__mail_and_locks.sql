-- One script for all databases; the placeholders hold what differs.
-- Times are milliseconds since 1970 by the clock of the database.

-- The name of this database in the ids of its maildrops.
CREATE TABLE postern_database (
  one INTEGER NOT NULL PRIMARY KEY,
  id VARCHAR(26) NOT NULL
) ${table};

-- mailbox_key is a digest of the name, so that no collation decides which names are equal.
-- fence_*: the highest token that was seen.
CREATE TABLE mailbox (
  id BIGINT NOT NULL PRIMARY KEY,
  mailbox_key VARCHAR(64) NOT NULL UNIQUE,
  name VARCHAR(255) NOT NULL,
  next_seq BIGINT NOT NULL,
  fence_generation BIGINT NOT NULL,
  fence_counter BIGINT NOT NULL
) ${table};

-- octets: exact size on the wire. stored_octets: those in blob_chunk.
CREATE TABLE message (
  mailbox_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  unique_id VARCHAR(70) NOT NULL,
  octets BIGINT NOT NULL,
  blob_id VARCHAR(26) NOT NULL,
  stored_octets BIGINT NOT NULL,
  received BIGINT NOT NULL,
  PRIMARY KEY (mailbox_id, seq),
  UNIQUE (mailbox_id, unique_id)
) ${table};

CREATE TABLE blob_chunk (
  blob_id VARCHAR(26) NOT NULL,
  n INTEGER NOT NULL,
  data ${octets} NOT NULL,
  PRIMARY KEY (blob_id, n)
) ${table};

-- Bodies whose message is gone; their chunks go later.
CREATE TABLE removed_blob (
  blob_id VARCHAR(26) NOT NULL PRIMARY KEY,
  removed_at BIGINT NOT NULL
) ${table};
CREATE INDEX removed_blob_by_time ON removed_blob (removed_at);

-- Results of commits, for one that is asked for again.
CREATE TABLE commit_journal (
  commit_id VARCHAR(36) NOT NULL PRIMARY KEY,
  mailbox_id BIGINT NOT NULL,
  removed INTEGER NOT NULL,
  already_gone INTEGER NOT NULL,
  committed_at BIGINT NOT NULL
) ${table};
CREATE INDEX commit_journal_by_time ON commit_journal (committed_at);

-- One row for each life of a server. A row that is gone never comes back.
CREATE TABLE pop3_node (
  id VARCHAR(26) NOT NULL PRIMARY KEY,
  expires BIGINT NOT NULL,
  revocations BIGINT NOT NULL
) ${table};

-- One row for each maildrop that ever had a lock; never removed. Free where node is null or has
-- no row of its own that is not expired. nonce names the acquisition.
CREATE TABLE pop3_lock (
  lock_key VARCHAR(64) NOT NULL PRIMARY KEY,
  maildrop VARCHAR(1024) NOT NULL,
  generation BIGINT NOT NULL,
  counter BIGINT NOT NULL,
  node VARCHAR(26),
  nonce VARCHAR(26) NOT NULL,
  owner_node VARCHAR(255) NOT NULL,
  owner_session VARCHAR(255) NOT NULL,
  owner_name VARCHAR(255) NOT NULL,
  acquired BIGINT NOT NULL
) ${table};
CREATE INDEX pop3_lock_by_node ON pop3_lock (node);
