//! Rows, and what they mean.

use std::collections::BTreeMap;

use diesel::{
    data_types::PgTimestamp,
    prelude::*,
    sql_types::{Array, BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use fiml_session_core::{
    Asset, Invalid, SessionHeader, SessionId, SessionMetrics, SessionSnapshot, SessionType, Tag,
    UserId, ValueCounts,
    store::{BoxError, StoreError},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    error::{corrupt, failed},
    sql::from_postgres,
};

/// The columns of a session beside its state, as [`HeaderRow`] reads them.
macro_rules! header_columns {
    () => {
        "s.id, s.user_id, s.session_type, s.assets, s.tags, s.created_at, s.expires_at, \
         s.last_accessed_at, s.version, s.total_queries, s.cache_hits, s.size_bytes, \
         s.context_entries, s.preference_entries, s.result_entries, s.metadata_entries"
    };
}
pub(crate) use header_columns;

/// The columns of a session beside its state.
#[derive(Debug, Queryable)]
pub(crate) struct HeaderRow {
    id: Uuid,
    user_id: Option<String>,
    session_type: String,
    assets: Vec<String>,
    tags: Vec<String>,
    created_at: PgTimestamp,
    expires_at: PgTimestamp,
    last_accessed_at: PgTimestamp,
    version: i64,
    total_queries: i64,
    cache_hits: i64,
    size_bytes: i64,
    context_entries: i64,
    preference_entries: i64,
    result_entries: i64,
    metadata_entries: i64,
}

/// The SQL type of [`HeaderRow`].
pub(crate) type HeaderColumns = (
    SqlUuid,
    Nullable<Text>,
    Text,
    Array<Text>,
    Array<Text>,
    Timestamptz,
    Timestamptz,
    Timestamptz,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
);

impl HeaderRow {
    pub(crate) const fn session_id(&self) -> SessionId {
        SessionId::from_uuid(self.id)
    }
}

impl TryFrom<HeaderRow> for SessionHeader {
    type Error = StoreError;

    fn try_from(row: HeaderRow) -> Result<Self, StoreError> {
        let id = row.session_id();
        let count = |number| count(id, number);
        Ok(Self {
            id,
            user_id: owner(id, row.user_id)?,
            session_type: session_type(Some(id), &row.session_type)?,
            assets: assets(id, row.assets)?,
            tags: tags(id, row.tags)?,
            created_at: from_postgres(row.created_at),
            expires_at: from_postgres(row.expires_at),
            last_accessed_at: from_postgres(row.last_accessed_at),
            version: count(row.version)?,
            total_queries: count(row.total_queries)?,
            cache_hits: count(row.cache_hits)?,
            size_bytes: count(row.size_bytes)?,
            entry_counts: [
                count(row.context_entries)?,
                count(row.preference_entries)?,
                count(row.result_entries)?,
                count(row.metadata_entries)?,
            ],
        })
    }
}

/// The figures of a session.
#[derive(Debug, Queryable)]
pub(crate) struct MetricsRow {
    session_id: Uuid,
    user_id: Option<String>,
    session_type: String,
    assets: Vec<String>,
    tags: Vec<String>,
    created_at: PgTimestamp,
    expires_at: PgTimestamp,
    last_accessed_at: PgTimestamp,
    total_queries: i64,
    cache_hits: i64,
    counters: Vec<u8>,
}

/// The SQL type of [`MetricsRow`].
pub(crate) type MetricsColumns = (
    SqlUuid,
    Nullable<Text>,
    Text,
    Array<Text>,
    Array<Text>,
    Timestamptz,
    Timestamptz,
    Timestamptz,
    BigInt,
    BigInt,
    Binary,
);

impl MetricsRow {
    pub(crate) const fn session_id(&self) -> SessionId {
        SessionId::from_uuid(self.session_id)
    }
}

/// The counts of a session's figures that have no column of their own, owned or borrowed.
#[derive(Debug, Serialize, Deserialize)]
struct Counters<M, V> {
    query_types: M,
    sources: M,
    errors: M,
    execution_times: V,
}

/// The counters of a row of figures.
pub(crate) fn counters(metrics: &SessionMetrics) -> Result<Vec<u8>, StoreError> {
    to_json(&Counters {
        query_types: &metrics.query_types,
        sources: &metrics.sources,
        errors: &metrics.errors,
        execution_times: &metrics.execution_times,
    })
}

impl TryFrom<MetricsRow> for SessionMetrics {
    type Error = StoreError;

    fn try_from(row: MetricsRow) -> Result<Self, StoreError> {
        let id = row.session_id();
        let counters: Counters<BTreeMap<String, u64>, ValueCounts> = from_json(id, &row.counters)?;
        Ok(Self {
            session_id: id,
            user_id: owner(id, row.user_id)?,
            session_type: session_type(Some(id), &row.session_type)?,
            assets: assets(id, row.assets)?,
            tags: tags(id, row.tags)?,
            created_at: from_postgres(row.created_at),
            expires_at: from_postgres(row.expires_at),
            last_accessed_at: from_postgres(row.last_accessed_at),
            total_queries: count(id, row.total_queries)?,
            cache_hits: count(id, row.cache_hits)?,
            query_types: counters.query_types,
            sources: counters.sources,
            errors: counters.errors,
            execution_times: counters.execution_times,
        })
    }
}

/// The first byte of a snapshot that is JSON.
const JSON: u8 = 1;

/// A whole session as the archive keeps it.
pub(crate) fn to_stored(snapshot: &SessionSnapshot) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![JSON];
    serde_json::to_writer(&mut bytes, snapshot).map_err(failed)?;
    Ok(bytes)
}

/// The whole session that the archive keeps so.
pub(crate) fn from_stored(id: SessionId, bytes: &[u8]) -> Result<SessionSnapshot, StoreError> {
    match bytes.split_first() {
        Some((&JSON, json)) => from_json(id, json),
        format => {
            let format = format.map(|(format, _)| format);
            Err(corrupt(Some(id), format!("there is no format {format:?}")))
        }
    }
}

fn owner(id: SessionId, user: Option<String>) -> Result<Option<UserId>, StoreError> {
    let user = user.map(UserId::try_from).transpose();
    user.map_err(|source| corrupt(Some(id), source))
}

pub(crate) fn session_type(id: Option<SessionId>, name: &str) -> Result<SessionType, StoreError> {
    let parsed = name.parse();
    parsed.map_err(|source| corrupt(id, BoxError::from(source)))
}

fn assets(id: SessionId, symbols: Vec<String>) -> Result<Vec<Asset>, StoreError> {
    let parsed: Result<_, Invalid> = symbols.into_iter().map(Asset::try_from).collect();
    parsed.map_err(|source| corrupt(Some(id), source))
}

fn tags(id: SessionId, names: Vec<String>) -> Result<Vec<Tag>, StoreError> {
    let parsed: Result<_, Invalid> = names.into_iter().map(Tag::try_from).collect();
    parsed.map_err(|source| corrupt(Some(id), source))
}

/// A count as PostgreSQL keeps numbers.
pub(crate) fn number(id: SessionId, count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|source| corrupt(Some(id), source))
}

/// A number as the model counts.
pub(crate) fn count(id: SessionId, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|source| corrupt(Some(id), source))
}

/// A limit that no table can reach is none.
pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(failed)
}

pub(crate) fn from_json<T: DeserializeOwned>(id: SessionId, json: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(json).map_err(|source| corrupt(Some(id), source))
}
