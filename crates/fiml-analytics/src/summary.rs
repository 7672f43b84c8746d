//! What one user did.

use serde::Serialize;

use crate::{
    series::{SeriesPoint, SessionSeries},
    stats::SessionStats,
};

/// The figures of one user's sessions, beside those of the period before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UserSessionSummary {
    /// The figures of the period.
    pub stats: SessionStats,
    /// What changed since the period before, which is as long.
    pub change: Change,
    /// The days on which at least one session was created.
    pub active_days: u64,
    /// The day on which most sessions were created, the latest of several; absent without sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busiest_day: Option<SeriesPoint>,
}

/// The figures of a period less those of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// Sessions.
    pub total_sessions: i64,
    /// Queries.
    pub total_queries: i64,
    /// The share of abandoned sessions; absent where one of the periods has none that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abandonment_rate: Option<f64>,
    /// The share of cache hits; absent where one of the periods has no queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_hit_rate: Option<f64>,
}

impl Change {
    /// From one period to the next.
    #[must_use]
    pub fn between(before: &SessionStats, now: &SessionStats) -> Self {
        let difference = |before: Option<f64>, now: Option<f64>| Some(now? - before?);
        Self {
            total_sessions: now.total_sessions.cast_signed() - before.total_sessions.cast_signed(),
            total_queries: now.total_queries.cast_signed() - before.total_queries.cast_signed(),
            abandonment_rate: difference(before.abandonment_rate, now.abandonment_rate),
            cache_hit_rate: difference(before.cache_hit_rate, now.cache_hit_rate),
        }
    }
}

impl UserSessionSummary {
    pub(crate) fn of(
        stats: SessionStats,
        previous: &SessionStats,
        per_day: &SessionSeries,
    ) -> Self {
        let active = || per_day.points.iter().filter(|day| day.total_sessions > 0);
        Self {
            change: Change::between(previous, &stats),
            active_days: active().count() as u64,
            busiest_day: active()
                .max_by_key(|day| (day.total_sessions, day.start))
                .cloned(),
            stats,
        }
    }
}
