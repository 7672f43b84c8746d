//! Sessions and figures column by column, and the statements that write them.

use diesel::sql_types::{Bool, Uuid as SqlUuid};
use fiml_session_core::{
    SessionHeader, SessionId, SessionMetrics, Timestamp,
    store::{StagedSession, StoreError},
};

use crate::{
    row::{counters, number, to_json, to_stored},
    sql::Composed,
    stage::RECENT,
};

/// Sessions, column by column.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    headers: Vec<SessionHeader>,
    recent: Vec<Vec<u8>>,
    snapshots: Vec<Vec<u8>>,
    numbers: [Vec<i64>; 8],
}

impl Rows {
    pub(crate) fn push(&mut self, staged: &StagedSession) -> Result<(), StoreError> {
        let snapshot = &staged.snapshot;
        let header = snapshot.header();
        let [context, preferences, results, metadata] = header.entry_counts;
        let numbers = [
            header.version,
            header.total_queries,
            header.cache_hits,
            header.size_bytes,
            context,
            preferences,
            results,
            metadata,
        ];
        for (column, value) in self.numbers.iter_mut().zip(numbers) {
            column.push(number(header.id, value)?);
        }
        let recent = snapshot.session.state.history.get_recent_queries(RECENT);
        self.recent.push(to_json(&recent)?);
        self.snapshots.push(to_stored(snapshot)?);
        self.headers.push(header);
        Ok(())
    }

    pub(crate) fn upsert(self, at: Timestamp) -> Composed<(SqlUuid, Bool)> {
        let headers = self.headers;
        let query = Composed::new()
            .sql(INSERT_SESSIONS)
            .instant(at)
            .sql(", NULL FROM unnest(");
        let mut query = query
            .ids(headers.iter().map(|header| header.id))
            .sql(", ")
            .maybe_texts(
                headers
                    .iter()
                    .map(|h| h.user_id.clone().map(Into::into))
                    .collect(),
            )
            .sql(", ")
            .texts(
                headers
                    .iter()
                    .map(|h| h.session_type.name().to_owned())
                    .collect(),
            )
            .sql(", ")
            .texts(headers.iter().map(|header| lines(&header.assets)).collect())
            .sql(", ")
            .texts(headers.iter().map(|header| lines(&header.tags)).collect())
            .sql(", ")
            .instants(headers.iter().map(|header| header.created_at))
            .sql(", ")
            .instants(headers.iter().map(|header| header.expires_at))
            .sql(", ")
            .instants(headers.iter().map(|header| header.last_accessed_at));
        for column in self.numbers {
            query = query.sql(", ").numbers(column);
        }
        let query = query
            .sql(", ")
            .blobs(self.recent)
            .sql(", ")
            .blobs(self.snapshots);
        query.sql(UPSERT_SESSIONS)
    }
}

/// Figures, column by column.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) ids: Vec<SessionId>,
    users: Vec<Option<String>>,
    types: Vec<String>,
    assets: Vec<String>,
    tags: Vec<String>,
    instants: [Vec<Timestamp>; 3],
    numbers: [Vec<i64>; 2],
    counters: Vec<Vec<u8>>,
}

impl Figures {
    pub(crate) fn push(&mut self, staged: &StagedSession) -> Result<(), StoreError> {
        let mut metrics = staged.metrics.iter();
        metrics.try_for_each(|metrics| self.add(metrics))
    }

    pub(crate) fn add(&mut self, metrics: &SessionMetrics) -> Result<(), StoreError> {
        let id = metrics.session_id;
        self.ids.push(id);
        self.users.push(metrics.user_id.clone().map(Into::into));
        self.types.push(metrics.session_type.name().to_owned());
        self.assets.push(lines(&metrics.assets));
        self.tags.push(lines(&metrics.tags));
        let instants = [
            metrics.created_at,
            metrics.expires_at,
            metrics.last_accessed_at,
        ];
        for (column, instant) in self.instants.iter_mut().zip(instants) {
            column.push(instant);
        }
        for (column, value) in self
            .numbers
            .iter_mut()
            .zip([metrics.total_queries, metrics.cache_hits])
        {
            column.push(number(id, value)?);
        }
        self.counters.push(counters(metrics)?);
        Ok(())
    }

    /// Up to the ids of the sessions whose rows were taken, which [`UPSERT_FIGURES`] follows.
    pub(crate) fn upsert(self) -> Composed {
        let mut query = Composed::new()
            .sql(INSERT_FIGURES)
            .ids(self.ids)
            .sql(", ")
            .maybe_texts(self.users)
            .sql(", ")
            .texts(self.types)
            .sql(", ")
            .texts(self.assets)
            .sql(", ")
            .texts(self.tags);
        for column in self.instants {
            query = query.sql(", ").instants(column);
        }
        for column in self.numbers {
            query = query.sql(", ").numbers(column);
        }
        query.sql(", ").blobs(self.counters).sql(FIGURES_NAMES)
    }
}

/// One text for `string_to_array`, because `unnest` would flatten lists of lists; no name holds a line feed.
fn lines(names: &[impl ToString]) -> String {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.join("\n")
}

const INSERT_SESSIONS: &str = "INSERT INTO sessions AS s (id, user_id, session_type, assets, tags, created_at, \
     expires_at, last_accessed_at, version, total_queries, cache_hits, size_bytes, context_entries, \
     preference_entries, result_entries, metadata_entries, recent, snapshot, status, status_since, \
     restore_token) \
     SELECT n.id, n.user_id, n.session_type, string_to_array(n.assets, E'\\n'), \
     string_to_array(n.tags, E'\\n'), n.created_at, n.expires_at, n.last_accessed_at, n.version, \
     n.total_queries, n.cache_hits, n.size_bytes, n.context_entries, n.preference_entries, \
     n.result_entries, n.metadata_entries, n.recent, n.snapshot, 'pending', ";

/// It gives the ids of the rows that were taken, and whether each was there before: the upsert has locked such a
/// row, which leaves its mark in `xmax`.
const UPSERT_SESSIONS: &str = ") AS n (id, user_id, session_type, assets, tags, created_at, expires_at, \
     last_accessed_at, version, total_queries, cache_hits, size_bytes, context_entries, \
     preference_entries, result_entries, metadata_entries, recent, snapshot) \
     ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, session_type = excluded.session_type, \
     assets = excluded.assets, tags = excluded.tags, created_at = excluded.created_at, \
     expires_at = excluded.expires_at, last_accessed_at = excluded.last_accessed_at, \
     version = excluded.version, total_queries = excluded.total_queries, \
     cache_hits = excluded.cache_hits, size_bytes = excluded.size_bytes, \
     context_entries = excluded.context_entries, preference_entries = excluded.preference_entries, \
     result_entries = excluded.result_entries, metadata_entries = excluded.metadata_entries, \
     recent = excluded.recent, snapshot = excluded.snapshot, status = excluded.status, \
     status_since = excluded.status_since, restore_token = NULL \
     WHERE s.status <> 'buried' AND s.version < excluded.version RETURNING s.id, s.xmax::text <> '0'";

const INSERT_FIGURES: &str = "INSERT INTO session_metrics (session_id, user_id, session_type, assets, tags, \
     created_at, expires_at, last_accessed_at, total_queries, cache_hits, counters) \
     SELECT n.session_id, n.user_id, n.session_type, string_to_array(n.assets, E'\\n'), \
     string_to_array(n.tags, E'\\n'), n.created_at, n.expires_at, n.last_accessed_at, n.total_queries, \
     n.cache_hits, n.counters FROM unnest(";

const FIGURES_NAMES: &str = ") AS n (session_id, user_id, session_type, assets, tags, created_at, \
     expires_at, last_accessed_at, total_queries, cache_hits, counters) WHERE n.session_id = ANY (";

/// What ends the upsert of figures, behind the ids of the sessions whose rows were taken.
pub(crate) const UPSERT_FIGURES: &str = ") ON CONFLICT (session_id) DO UPDATE SET user_id = excluded.user_id, \
     session_type = excluded.session_type, assets = excluded.assets, tags = excluded.tags, \
     created_at = excluded.created_at, expires_at = excluded.expires_at, \
     last_accessed_at = excluded.last_accessed_at, total_queries = excluded.total_queries, \
     cache_hits = excluded.cache_hits, counters = excluded.counters";
