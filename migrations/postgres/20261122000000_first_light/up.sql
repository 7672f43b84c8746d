-- Archived sessions and the figures that outlive them.
--
-- Every instant is given by the program; no column has a default, and nothing here asks the clock.

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id text,
    session_type text,
    assets text[],
    tags text[],
    created_at timestamptz,
    expires_at timestamptz,
    last_accessed_at timestamptz,
    version bigint NOT NULL CHECK (version >= 0),
    total_queries bigint CHECK (total_queries >= 0),
    cache_hits bigint CHECK (cache_hits >= 0),
    size_bytes bigint CHECK (size_bytes >= 0),
    context_entries bigint CHECK (context_entries >= 0),
    preference_entries bigint CHECK (preference_entries >= 0),
    result_entries bigint CHECK (result_entries >= 0),
    metadata_entries bigint CHECK (metadata_entries >= 0),
    status text NOT NULL CHECK (status IN ('pending', 'archived', 'restoring', 'buried')),
    status_since timestamptz NOT NULL,
    restore_token uuid CHECK ((restore_token IS NOT NULL) = (status = 'restoring')),
    -- The last five queries as JSON, newest first, so that they are read without the snapshot.
    recent bytea,
    -- One byte that names the format, then the whole session. Bytes, because jsonb would change values.
    snapshot bytea,
    -- Of a deleted session nothing remains but its id, so that it refuses late copies.
    CONSTRAINT sessions_content CHECK (
        CASE WHEN status = 'buried'
        THEN num_nonnulls(user_id, session_type, assets, tags, created_at, expires_at, last_accessed_at,
            total_queries, cache_hits, size_bytes, context_entries, preference_entries, result_entries,
            metadata_entries, recent, snapshot) = 0
        ELSE num_nulls(session_type, assets, tags, created_at, expires_at, last_accessed_at,
            total_queries, cache_hits, size_bytes, context_entries, preference_entries, result_entries,
            metadata_entries, recent, snapshot) = 0
        END
    )
);

CREATE INDEX sessions_by_creation ON sessions (created_at DESC, id DESC) WHERE status <> 'buried';
CREATE INDEX sessions_by_user ON sessions (user_id, created_at DESC, id DESC) WHERE status <> 'buried';
-- Of its own, because the planner does not see that rows without an owner are in order in the one above.
CREATE INDEX sessions_unowned ON sessions (created_at DESC, id DESC)
    WHERE user_id IS NULL AND status <> 'buried';
CREATE INDEX sessions_by_type ON sessions (session_type, created_at DESC, id DESC) WHERE status <> 'buried';
-- For labels that few sessions carry. Every search reads what is not yet merged into it, so that stays short.
CREATE INDEX sessions_by_label ON sessions USING gin (tags, assets) WITH (gin_pending_list_limit = 512)
    WHERE status <> 'buried';
CREATE INDEX sessions_unsettled ON sessions (id) WHERE status <> 'archived';
CREATE INDEX sessions_by_age ON sessions (status, status_since);

-- A row outlives its session, so nothing refers to `sessions` and nothing cascades.
CREATE TABLE session_metrics (
    session_id uuid PRIMARY KEY,
    user_id text,
    session_type text NOT NULL,
    assets text[] NOT NULL,
    tags text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_accessed_at timestamptz NOT NULL,
    total_queries bigint NOT NULL CHECK (total_queries >= 0),
    cache_hits bigint NOT NULL CHECK (cache_hits >= 0),
    -- Counts by query type, source, error and execution time as JSON in UTF-8.
    counters bytea NOT NULL
);

CREATE INDEX session_metrics_by_creation ON session_metrics (created_at);
CREATE INDEX session_metrics_by_user ON session_metrics (user_id, created_at);
