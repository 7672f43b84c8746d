//! The questions asked in a session, and what came back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// One question and its outcome: what was asked, what came back, from which source and as of when.
///
/// ```
/// use fiml_session_core::QueryRecord;
///
/// let query = QueryRecord {
///     parameters: serde_json::from_str(r#"{"symbol": "AAPL"}"#)?,
///     result_summary: "AAPL 205.96 (file, as of 2010-02-01)".into(),
///     ..QueryRecord::new("price")
/// };
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct QueryRecord {
    /// Its place in the history: 1, 2, 3 …, given by the store; 0 until it is stored.
    pub seq: u64,
    /// The session version that the append produced, given by the store; 0 until it is stored.
    pub version: u64,
    /// When the question was asked; the instant of the append where none is given.
    ///
    /// History is ordered by `seq`, never by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The kind of question, such as `price`: 1 to 128 bytes of visible characters.
    pub query_type: String,
    /// What was asked with; at most 16 KiB as JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// What came back, in a sentence; at most 2 KiB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result_summary: String,
    /// How long the answer took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_time_ms: Option<f64>,
    /// Whether the answer came from a cache.
    #[serde(default)]
    pub cache_hit: bool,
    /// Where the answer came from; 1 to 128 bytes of visible characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The instant that the answer describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The error, where the question failed; at most 2 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl QueryRecord {
    /// A record of a question of this kind, everything else empty.
    pub fn new(query_type: impl Into<String>) -> Self {
        Self {
            query_type: query_type.into(),
            ..Self::default()
        }
    }
}

/// A query as an overview shows it: without the parameters, which nobody reads there. Reads what a
/// [`QueryRecord`] is written as.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RecentQuery {
    /// Its place in the history.
    pub seq: u64,
    /// See [`QueryRecord::timestamp`].
    pub timestamp: Option<Timestamp>,
    /// See [`QueryRecord::query_type`].
    pub query_type: String,
    /// See [`QueryRecord::result_summary`].
    #[serde(default)]
    pub result_summary: String,
    /// See [`QueryRecord::execution_time_ms`].
    pub execution_time_ms: Option<f64>,
    /// See [`QueryRecord::cache_hit`].
    #[serde(default)]
    pub cache_hit: bool,
    /// See [`QueryRecord::source`].
    pub source: Option<String>,
    /// See [`QueryRecord::as_of`].
    pub as_of: Option<Timestamp>,
    /// See [`QueryRecord::error`].
    pub error: Option<String>,
}

impl From<QueryRecord> for RecentQuery {
    fn from(query: QueryRecord) -> Self {
        Self {
            seq: query.seq,
            timestamp: query.timestamp,
            query_type: query.query_type,
            result_summary: query.result_summary,
            execution_time_ms: query.execution_time_ms,
            cache_hit: query.cache_hit,
            source: query.source,
            as_of: query.as_of,
            error: query.error,
        }
    }
}

/// The queries that a session value holds, with the store's exact counters.
///
/// The counters count every stored query; where other writers added some since the value was read,
/// they are ahead of [`AnalysisHistory::queries`] until the next read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AnalysisHistory {
    queries: Vec<QueryRecord>,
    total_queries: u64,
    cache_hits: u64,
}

impl AnalysisHistory {
    /// A stored history, oldest query first.
    #[must_use]
    pub const fn from_stored(
        queries: Vec<QueryRecord>,
        total_queries: u64,
        cache_hits: u64,
    ) -> Self {
        Self {
            queries,
            total_queries,
            cache_hits,
        }
    }

    /// The queries held here, oldest first.
    #[must_use]
    pub fn queries(&self) -> &[QueryRecord] {
        &self.queries
    }

    /// How many queries the session has.
    #[must_use]
    pub const fn total_queries(&self) -> u64 {
        self.total_queries
    }

    /// How many of them were answered from a cache.
    #[must_use]
    pub const fn cache_hits(&self) -> u64 {
        self.cache_hits
    }

    /// The share of queries answered from a cache, 0 to 1; 0 where there are none.
    #[must_use]
    pub fn cache_hit_rate(&self) -> f64 {
        rate(self.cache_hits, self.total_queries)
    }

    /// The last queries, at most so many, newest first.
    #[must_use]
    pub fn get_recent_queries(&self, limit: usize) -> Vec<&QueryRecord> {
        self.queries.iter().rev().take(limit).collect()
    }

    pub(crate) fn push(&mut self, query: QueryRecord) {
        self.total_queries += 1;
        self.cache_hits += u64::from(query.cache_hit);
        self.queries.push(query);
    }

    /// Takes over the store's counters, and numbers the queries that were pending.
    pub(crate) fn settle(
        &mut self,
        version: u64,
        total_queries: u64,
        cache_hits: u64,
        at: Timestamp,
    ) {
        self.total_queries = total_queries;
        self.cache_hits = cache_hits;
        let pending = self
            .queries
            .iter_mut()
            .rev()
            .take_while(|query| query.seq == 0);
        for (query, seq) in pending.zip((1..=total_queries).rev()) {
            query.seq = seq;
            query.version = version;
            query.timestamp.get_or_insert(at);
        }
    }
}

/// A share, 0 where there is nothing to take it of.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts stay far below 2^53, where an f64 begins to round"
)]
pub(crate) fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
