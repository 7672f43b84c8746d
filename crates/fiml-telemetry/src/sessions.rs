//! What becomes of sessions: created, asked, archived, abandoned.

use std::time::Duration;

use fiml_session_core::{
    Applied, ChangeBatch, MetricsDigest, SessionChange, SessionHeader, SessionMetrics, SessionType,
    Timestamp,
};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;

/// Up to where durations are counted together, in seconds: to the longest life there is by default.
const BUCKETS: [f64; 11] = [
    MINUTE,
    5.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    24.0 * HOUR,
    48.0 * HOUR,
    168.0 * HOUR,
];

type Labels = [(&'static str, &'static str); 1];

/// The series of sessions; a handle.
#[derive(Debug, Clone)]
pub(crate) struct SessionSeries {
    created: Family<Labels, Counter>,
    queries: Family<Labels, Counter>,
    abandoned: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
}

/// What is counted of a session that has come into the archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    session_type: SessionType,
    is_abandoned: bool,
    duration: Duration,
}

impl Life {
    /// By the definitions of the figures, so that they and the series cannot differ.
    pub(crate) fn of(header: SessionHeader) -> Self {
        let (session_type, duration, ended) =
            (header.session_type, header.duration(), header.expires_at);
        let mut digest = MetricsDigest::default();
        digest.add(&SessionMetrics::of_header(header), ended);
        Self {
            session_type,
            is_abandoned: digest.abandoned > 0,
            duration,
        }
    }
}

const fn of_type(session_type: SessionType) -> Labels {
    [("type", session_type.name())]
}

impl SessionSeries {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let series = Self {
            created: Family::default(),
            queries: Family::default(),
            abandoned: Family::default(),
            seconds: Family::new_with_constructor(histogram),
        };
        // From 0 on, so that the first is an increase.
        for session_type in SessionType::ALL.map(of_type) {
            drop(series.created.get_or_create(&session_type));
            drop(series.abandoned.get_or_create(&session_type));
            drop(series.seconds.get_or_create(&session_type));
        }
        for cache in ["hit", "miss"] {
            drop(series.queries.get_or_create(&[("cache", cache)]));
        }
        registry.register(
            "fiml_sessions_created",
            "Sessions created by this process, by type",
            series.created.clone(),
        );
        registry.register(
            "fiml_session_queries",
            "Queries recorded by this process, by whether a cache answered them",
            series.queries.clone(),
        );
        registry.register(
            "fiml_sessions_abandoned",
            "Sessions with fewer than two queries that this process archived, by type",
            series.abandoned.clone(),
        );
        registry.register(
            "fiml_session_duration_seconds",
            "From creation to the last change, of sessions that this process archived, by type",
            series.seconds.clone(),
        );
        series
    }

    pub(crate) fn created(&self, session_type: SessionType) {
        self.created.get_or_create(&of_type(session_type)).inc();
    }

    /// Counts the queries of a batch; an answer that is given again was counted when it was given first.
    pub(crate) fn applied(&self, batch: &ChangeBatch, applied: &Applied, at: Timestamp) {
        if batch.idempotency.is_some() && applied.last_accessed_at < at {
            return;
        }
        for change in &batch.changes {
            if let SessionChange::QueryAdded { query } = change {
                let cache = if query.cache_hit { "hit" } else { "miss" };
                self.queries.get_or_create(&[("cache", cache)]).inc();
            }
        }
    }

    pub(crate) fn archived(&self, life: Life) {
        let labels = of_type(life.session_type);
        self.seconds
            .get_or_create(&labels)
            .observe(life.duration.as_secs_f64());
        if life.is_abandoned {
            self.abandoned.get_or_create(&labels).inc();
        }
    }
}
