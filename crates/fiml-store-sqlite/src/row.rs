//! Rows, and what they mean.

use std::collections::BTreeMap;

use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Nullable, Text},
};
use fiml_session_core::{
    Asset, QueryRecord, SessionHeader, SessionId, SessionMetrics, SessionType, Tag, Timestamp,
    UserId, execution_micros,
    store::{BoxError, StoreError},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    error::{corrupt, failed},
    schema::{archived_sessions, session_metrics, sessions},
};

/// The columns that a live and an archived session have in common.
#[derive(Debug, Queryable, Insertable)]
#[diesel(table_name = sessions, table_name = archived_sessions, treat_none_as_default_value = false)]
pub(crate) struct HeaderRow {
    pub(crate) id: Vec<u8>,
    pub(crate) user_id: Option<String>,
    pub(crate) session_type: String,
    pub(crate) assets: String,
    pub(crate) tags: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) last_accessed_at: i64,
    pub(crate) version: i64,
    pub(crate) total_queries: i64,
    pub(crate) cache_hits: i64,
    pub(crate) size_bytes: i64,
    pub(crate) context_entries: i64,
    pub(crate) preference_entries: i64,
    pub(crate) result_entries: i64,
    pub(crate) metadata_entries: i64,
}

/// The SQL type of [`HeaderRow`].
pub(crate) type HeaderColumns = (
    Binary,
    Nullable<Text>,
    Text,
    Text,
    Text,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
);

impl TryFrom<&SessionHeader> for HeaderRow {
    type Error = StoreError;

    fn try_from(header: &SessionHeader) -> Result<Self, StoreError> {
        let [context, preferences, results, metadata] = header.entry_counts;
        Ok(Self {
            id: id_bytes(header.id),
            user_id: header.user_id.clone().map(Into::into),
            session_type: header.session_type.name().to_owned(),
            assets: to_json(&header.assets)?,
            tags: to_json(&header.tags)?,
            created_at: header.created_at.micros(),
            expires_at: header.expires_at.micros(),
            last_accessed_at: header.last_accessed_at.micros(),
            version: number(header.version)?,
            total_queries: number(header.total_queries)?,
            cache_hits: number(header.cache_hits)?,
            size_bytes: number(header.size_bytes)?,
            context_entries: number(context)?,
            preference_entries: number(preferences)?,
            result_entries: number(results)?,
            metadata_entries: number(metadata)?,
        })
    }
}

impl TryFrom<HeaderRow> for SessionHeader {
    type Error = StoreError;

    fn try_from(row: HeaderRow) -> Result<Self, StoreError> {
        let id = session_id(&row.id)?;
        let user_id = row.user_id.map(UserId::try_from).transpose();
        let count = |number| count(id, number);
        Ok(Self {
            id,
            user_id: user_id.map_err(|source| corrupt(Some(id), source))?,
            session_type: session_type(Some(id), &row.session_type)?,
            assets: from_json(id, &row.assets)?,
            tags: from_json(id, &row.tags)?,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            last_accessed_at: Timestamp::from_micros(row.last_accessed_at),
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

/// The figures of an archived session.
#[derive(Debug, Insertable)]
#[diesel(table_name = session_metrics, treat_none_as_default_value = false)]
pub(crate) struct MetricsRow {
    pub(crate) id: Vec<u8>,
    pub(crate) user_id: Option<String>,
    pub(crate) session_type: String,
    pub(crate) created_at: i64,
    pub(crate) metrics: String,
}

impl TryFrom<&SessionMetrics> for MetricsRow {
    type Error = StoreError;

    fn try_from(metrics: &SessionMetrics) -> Result<Self, StoreError> {
        Ok(Self {
            id: id_bytes(metrics.session_id),
            user_id: metrics.user_id.clone().map(Into::into),
            session_type: metrics.session_type.name().to_owned(),
            created_at: metrics.created_at.micros(),
            metrics: to_json(metrics)?,
        })
    }
}

/// What a session is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabelKind {
    Asset,
    Tag,
}

impl LabelKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Tag => "tag",
        }
    }
}

/// Every label of a session, each once.
pub(crate) fn labels(header: &SessionHeader) -> Vec<(LabelKind, &str)> {
    let mut assets: Vec<_> = header.assets.iter().map(Asset::as_str).collect();
    let mut tags: Vec<_> = header.tags.iter().map(Tag::as_str).collect();
    for labels in [&mut assets, &mut tags] {
        labels.sort_unstable();
        labels.dedup();
    }
    let assets = assets.into_iter().map(|asset| (LabelKind::Asset, asset));
    let tags = tags.into_iter().map(|tag| (LabelKind::Tag, tag));
    assets.chain(tags).collect()
}

/// What is counted of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CountKind {
    QueryType,
    Source,
    Error,
    ExecutionMicros,
}

impl CountKind {
    const ALL: [Self; 4] = [
        Self::QueryType,
        Self::Source,
        Self::Error,
        Self::ExecutionMicros,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::QueryType => "query_type",
            Self::Source => "source",
            Self::Error => "error",
            Self::ExecutionMicros => "execution_micros",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How many queries are counted together.
///
/// Counting each as it comes would write a second page for every append, which costs more than the append;
/// figures read the few that are not counted yet.
pub(crate) const COUNTED_TOGETHER: i64 = 64;

/// Up to which query the queries of a session are counted.
pub(crate) const fn counted(total_queries: u64) -> u64 {
    total_queries - total_queries % COUNTED_TOGETHER.unsigned_abs()
}

/// How often each value occurs among queries.
pub(crate) type Tally = BTreeMap<(CountKind, String), i64>;

pub(crate) fn tally<'a>(queries: impl Iterator<Item = &'a QueryRecord>) -> Tally {
    let mut tally = Tally::new();
    for query in queries {
        let mut add = |kind, name: String| *tally.entry((kind, name)).or_default() += 1;
        add(CountKind::QueryType, query.query_type.clone());
        if let Some(source) = &query.source {
            add(CountKind::Source, source.clone());
        }
        if let Some(error) = &query.error {
            add(CountKind::Error, error.clone());
        }
        if let Some(ms) = query.execution_time_ms {
            add(CountKind::ExecutionMicros, execution_micros(ms).to_string());
        }
    }
    tally
}

pub(crate) fn id_bytes(id: SessionId) -> Vec<u8> {
    id.uuid().as_bytes().to_vec()
}

pub(crate) fn session_id(bytes: &[u8]) -> Result<SessionId, StoreError> {
    let uuid = Uuid::from_slice(bytes).map_err(|source| corrupt(None, source))?;
    Ok(SessionId::from_uuid(uuid))
}

pub(crate) fn session_type(id: Option<SessionId>, name: &str) -> Result<SessionType, StoreError> {
    let parsed = name.parse();
    parsed.map_err(|source| corrupt(id, BoxError::from(source)))
}

/// A count as SQLite keeps numbers.
pub(crate) fn number(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(failed)
}

/// A number as the model counts.
pub(crate) fn count(id: SessionId, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|source| corrupt(Some(id), source))
}

/// A limit that no table can reach is none.
pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(failed)
}

pub(crate) fn from_json<T: DeserializeOwned>(id: SessionId, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|source| corrupt(Some(id), source))
}
