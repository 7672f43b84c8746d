//! The figures of sessions in a form that can be added up.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    id::{Asset, SessionId, Tag, UserId},
    session::{Session, SessionHeader, SessionType},
    value_counts::{ValueCounts, three_digits},
};

/// The figures of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionMetrics {
    /// The session.
    pub session_id: SessionId,
    /// Its owner, if it has one.
    pub user_id: Option<UserId>,
    /// What kind of analysis it holds.
    pub session_type: SessionType,
    /// What it is about.
    pub assets: Vec<Asset>,
    /// What it is found by.
    pub tags: Vec<Tag>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires or expired.
    pub expires_at: Timestamp,
    /// The last acknowledged change.
    pub last_accessed_at: Timestamp,
    /// How many queries it has.
    pub total_queries: u64,
    /// How many of them were cache hits.
    pub cache_hits: u64,
    /// Queries by type.
    pub query_types: BTreeMap<String, u64>,
    /// Queries by source, where one was given.
    pub sources: BTreeMap<String, u64>,
    /// Failed queries by error.
    pub errors: BTreeMap<String, u64>,
    /// Execution times in microseconds at three significant digits, where one was given.
    pub execution_times: ValueCounts,
}

impl SessionMetrics {
    /// The figures that a header tells; what its queries were like is still to be counted.
    #[must_use]
    pub fn of_header(header: SessionHeader) -> Self {
        Self {
            session_id: header.id,
            user_id: header.user_id,
            session_type: header.session_type,
            assets: header.assets,
            tags: header.tags,
            created_at: header.created_at,
            expires_at: header.expires_at,
            last_accessed_at: header.last_accessed_at,
            total_queries: header.total_queries,
            cache_hits: header.cache_hits,
            query_types: BTreeMap::new(),
            sources: BTreeMap::new(),
            errors: BTreeMap::new(),
            execution_times: ValueCounts::default(),
        }
    }

    /// The figures of a session whose history is complete.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        let history = &session.state.history;
        let mut metrics = Self {
            session_id: session.id,
            user_id: session.user_id.clone(),
            session_type: session.session_type,
            assets: session.assets.clone(),
            tags: session.tags.clone(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            last_accessed_at: session.last_accessed_at,
            total_queries: history.total_queries(),
            cache_hits: history.cache_hits(),
            query_types: BTreeMap::new(),
            sources: BTreeMap::new(),
            errors: BTreeMap::new(),
            execution_times: ValueCounts::default(),
        };
        for query in history.queries() {
            count(&mut metrics.query_types, &query.query_type, 1);
            if let Some(source) = &query.source {
                count(&mut metrics.sources, source, 1);
            }
            if let Some(error) = &query.error {
                count(&mut metrics.errors, error, 1);
            }
            if let Some(ms) = query.execution_time_ms {
                metrics.execution_times.record(execution_micros(ms));
            }
        }
        metrics
    }
}

/// An execution time in milliseconds as digests keep it: microseconds at three significant digits.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the door lets in 0 to a year of milliseconds only, and the cast saturates"
)]
pub fn execution_micros(ms: f64) -> u64 {
    three_digits((ms * 1_000.0).round() as u64)
}

/// The figures of many sessions, each of which was added once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MetricsDigest {
    /// How many sessions.
    pub sessions: u64,
    /// How many of them had expired.
    pub ended: u64,
    /// How many of those had fewer than two queries.
    pub abandoned: u64,
    /// Their queries.
    pub total_queries: u64,
    /// Their cache hits.
    pub cache_hits: u64,
    /// The sum of their durations, last change − creation, in microseconds.
    pub duration_micros: u64,
    /// Their durations in milliseconds at three significant digits.
    pub durations: ValueCounts,
    /// Their numbers of queries, exact.
    pub queries_per_session: ValueCounts,
    /// The execution times of their queries, in microseconds at three significant digits.
    pub execution_times: ValueCounts,
    /// Sessions by type.
    pub session_types: BTreeMap<String, u64>,
    /// Queries by type.
    pub query_types: BTreeMap<String, u64>,
    /// Queries by source.
    pub sources: BTreeMap<String, u64>,
    /// Failed queries by error.
    pub errors: BTreeMap<String, u64>,
    /// Sessions by asset.
    pub assets: BTreeMap<String, u64>,
    /// Sessions by tag.
    pub tags: BTreeMap<String, u64>,
}

impl MetricsDigest {
    /// Adds a session as it stands at the given instant.
    pub fn add(&mut self, session: &SessionMetrics, at: Timestamp) {
        let ended = at >= session.expires_at;
        let duration = session.last_accessed_at.since(session.created_at);
        self.sessions += 1;
        self.ended += u64::from(ended);
        self.abandoned += u64::from(ended && session.total_queries < 2);
        self.total_queries += session.total_queries;
        self.cache_hits += session.cache_hits;
        self.duration_micros = self.duration_micros.saturating_add(micros(duration));
        self.durations
            .record(three_digits(micros(duration) / 1_000));
        self.queries_per_session.record(session.total_queries);
        self.execution_times.merge(&session.execution_times);
        count(&mut self.session_types, session.session_type.name(), 1);
        merge(&mut self.query_types, &session.query_types);
        merge(&mut self.sources, &session.sources);
        merge(&mut self.errors, &session.errors);
        for asset in &session.assets {
            count(&mut self.assets, asset.as_str(), 1);
        }
        for tag in &session.tags {
            count(&mut self.tags, tag.as_str(), 1);
        }
    }

    /// Adds the figures of another digest, of other sessions.
    pub fn merge(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.ended += other.ended;
        self.abandoned += other.abandoned;
        self.total_queries += other.total_queries;
        self.cache_hits += other.cache_hits;
        self.duration_micros = self.duration_micros.saturating_add(other.duration_micros);
        self.durations.merge(&other.durations);
        self.queries_per_session.merge(&other.queries_per_session);
        self.execution_times.merge(&other.execution_times);
        merge(&mut self.session_types, &other.session_types);
        merge(&mut self.query_types, &other.query_types);
        merge(&mut self.sources, &other.sources);
        merge(&mut self.errors, &other.errors);
        merge(&mut self.assets, &other.assets);
        merge(&mut self.tags, &other.tags);
    }

    /// Takes the figures of another digest away; false where its sessions cannot have been added, and then
    /// what is left means nothing.
    #[must_use]
    pub fn subtract(&mut self, other: &Self) -> bool {
        let numbers = [
            (&mut self.sessions, other.sessions),
            (&mut self.ended, other.ended),
            (&mut self.abandoned, other.abandoned),
            (&mut self.total_queries, other.total_queries),
            (&mut self.cache_hits, other.cache_hits),
            (&mut self.duration_micros, other.duration_micros),
        ];
        let mut numbers = numbers.into_iter();
        let mut names = [
            (&mut self.session_types, &other.session_types),
            (&mut self.query_types, &other.query_types),
            (&mut self.sources, &other.sources),
            (&mut self.errors, &other.errors),
            (&mut self.assets, &other.assets),
            (&mut self.tags, &other.tags),
        ]
        .into_iter();
        let mut values = [
            (&mut self.durations, &other.durations),
            (&mut self.queries_per_session, &other.queries_per_session),
            (&mut self.execution_times, &other.execution_times),
        ]
        .into_iter();
        numbers.all(|(from, by)| take(from, by))
            && names.all(|(from, by)| take_names(from, by))
            && values.all(|(from, by)| from.subtract(by))
    }
}

fn take(from: &mut u64, by: u64) -> bool {
    let left = from.checked_sub(by);
    *from = left.unwrap_or(0);
    left.is_some()
}

fn take_names(from: &mut BTreeMap<String, u64>, by: &BTreeMap<String, u64>) -> bool {
    by.iter().all(|(name, &by)| {
        let Some(held) = from.get_mut(name) else {
            return false;
        };
        let taken = take(held, by);
        if *held == 0 {
            from.remove(name);
        }
        taken
    })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn merge(into: &mut BTreeMap<String, u64>, from: &BTreeMap<String, u64>) {
    for (name, &by) in from {
        count(into, name, by);
    }
}

fn count(into: &mut BTreeMap<String, u64>, name: &str, by: u64) {
    match into.get_mut(name) {
        Some(held) => *held += by,
        None => drop(into.insert(name.to_owned(), by)),
    }
}
