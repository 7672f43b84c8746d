-- Live sessions, archived sessions and figures in one file.
--
-- Instants are microseconds since 1970, ids the 16 bytes of a UUID. What grows with a session lies in
-- tables of its own, so that an append never rewrites it.

PRAGMA application_id = 1179209036; -- "FIML"
PRAGMA user_version = 1;

CREATE TABLE sessions (
    row_id INTEGER PRIMARY KEY NOT NULL,
    id BLOB NOT NULL UNIQUE,
    user_id TEXT,
    session_type TEXT NOT NULL,
    assets TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_accessed_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    total_queries INTEGER NOT NULL,
    cache_hits INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    context_entries INTEGER NOT NULL,
    preference_entries INTEGER NOT NULL,
    result_entries INTEGER NOT NULL,
    metadata_entries INTEGER NOT NULL,
    quarantined_at INTEGER,
    quarantine_reason TEXT
) STRICT;

-- The expiry rides along, so that what has not expired is counted without leaving the index.
CREATE INDEX sessions_by_creation ON sessions (created_at, id, expires_at);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id, expires_at);
CREATE INDEX sessions_by_type ON sessions (session_type, created_at, id, expires_at);
CREATE INDEX sessions_by_user_and_type ON sessions (user_id, session_type, created_at, id, expires_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at, id) WHERE quarantined_at IS NULL;
CREATE INDEX sessions_in_quarantine ON sessions (quarantined_at, id) WHERE quarantined_at IS NOT NULL;

CREATE TABLE session_labels (
    session INTEGER NOT NULL REFERENCES sessions (row_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    user_id TEXT,
    created_at INTEGER NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (session, kind, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_labels_by_creation ON session_labels (kind, label, created_at, id);
CREATE INDEX session_labels_by_user ON session_labels (user_id, kind, label, created_at, id);

CREATE TABLE queries (
    session INTEGER NOT NULL REFERENCES sessions (row_id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

-- How often each query type, source, error and execution time occurs, so that figures need no history;
-- every 64 queries are counted together, and the rest is read from `queries`.
CREATE TABLE session_counts (
    session INTEGER NOT NULL REFERENCES sessions (row_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (session, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    session INTEGER NOT NULL REFERENCES sessions (row_id) ON DELETE CASCADE,
    map TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (session, map, key)
) STRICT, WITHOUT ROWID;

-- What was answered under idempotency keys; ordered by row_id.
CREATE TABLE answers (
    row_id INTEGER PRIMARY KEY NOT NULL,
    session INTEGER NOT NULL REFERENCES sessions (row_id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    answer TEXT NOT NULL
) STRICT;

CREATE INDEX answers_by_key ON answers (session, key);
CREATE INDEX answers_by_age ON answers (session, given_at);

-- Ids promised to creations under idempotency keys; an owner of '' is nobody.
CREATE TABLE reservations (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    reservation TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX reservations_by_age ON reservations (created_at);

-- `unsettled` is null once archived, else 'pending' or 'restoring'.
CREATE TABLE archived_sessions (
    row_id INTEGER PRIMARY KEY NOT NULL,
    id BLOB NOT NULL UNIQUE,
    user_id TEXT,
    session_type TEXT NOT NULL,
    assets TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_accessed_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    total_queries INTEGER NOT NULL,
    cache_hits INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    context_entries INTEGER NOT NULL,
    preference_entries INTEGER NOT NULL,
    result_entries INTEGER NOT NULL,
    metadata_entries INTEGER NOT NULL,
    since INTEGER NOT NULL,
    unsettled TEXT CHECK (unsettled IN ('pending', 'restoring')),
    token BLOB
) STRICT;

CREATE INDEX archived_sessions_by_creation ON archived_sessions (created_at, id, expires_at);
CREATE INDEX archived_sessions_by_user ON archived_sessions (user_id, created_at, id, expires_at);
CREATE INDEX archived_sessions_by_type ON archived_sessions (session_type, created_at, id, expires_at);
CREATE INDEX archived_sessions_by_user_and_type
    ON archived_sessions (user_id, session_type, created_at, id, expires_at);
CREATE INDEX archived_sessions_by_age ON archived_sessions (since, id) WHERE unsettled IS NULL;
CREATE INDEX archived_sessions_unsettled ON archived_sessions (id) WHERE unsettled IS NOT NULL;

CREATE TABLE archived_labels (
    session INTEGER NOT NULL REFERENCES archived_sessions (row_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    user_id TEXT,
    created_at INTEGER NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (session, kind, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX archived_labels_by_creation ON archived_labels (kind, label, created_at, id);
CREATE INDEX archived_labels_by_user ON archived_labels (user_id, kind, label, created_at, id);

-- Apart from the row, so that a change of its state does not rewrite the session; the last queries before
-- the snapshot, so that they are read without it.
CREATE TABLE archived_content (
    session INTEGER PRIMARY KEY NOT NULL REFERENCES archived_sessions (row_id) ON DELETE CASCADE,
    recent TEXT NOT NULL,
    snapshot TEXT NOT NULL
) STRICT;

-- What remains of a deleted session: it refuses late copies.
CREATE TABLE tombstones (
    id BLOB PRIMARY KEY NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstones_by_age ON tombstones (since);

-- The figures of archived sessions; they may outlive the archived row, so nothing cascades here.
CREATE TABLE session_metrics (
    id BLOB PRIMARY KEY NOT NULL,
    user_id TEXT,
    session_type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    metrics TEXT NOT NULL
) STRICT;

CREATE INDEX session_metrics_by_creation ON session_metrics (created_at);
CREATE INDEX session_metrics_by_user ON session_metrics (user_id, created_at);
