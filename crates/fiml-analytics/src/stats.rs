//! The figures of `get_session_stats`, each with its definition.

use std::{cmp::Reverse, collections::BTreeMap};

use fiml_session_core::{
    Asset, MetricsDigest, SessionType, Tag, Timestamp, UserId, ValueCounts, store::MetricsFilter,
};
use serde::Serialize;

use crate::period::Period;

/// How many assets and tags the tops name.
const TOP: usize = 10;

/// Figures of the sessions that were created in the period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionStats {
    /// Sessions created in the period, live, archived or purged; deleted ones do not count.
    pub total_sessions: u64,
    /// Those of them that have not expired.
    pub active_sessions: u64,
    /// Those of them that lie in the archive, or did before they were purged.
    pub archived_sessions: u64,
    /// Their queries.
    pub total_queries: u64,
    /// The mean of their durations, last change − creation; absent without sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg_duration_seconds: Option<f64>,
    /// Queries ÷ sessions; absent without sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg_queries_per_session: Option<f64>,
    /// Abandoned ÷ ended sessions, 0 to 1; absent while none has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abandonment_rate: Option<f64>,
    /// The length of the period in days, up to now or to where it was asked to end.
    pub period_days: u32,
    /// Where it was asked to begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Where it was asked to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// From when on the period is complete, where it reaches further back than figures are kept: of archived
    /// sessions created earlier, figures may have been removed. It lies behind the end of a period of which that
    /// may be true throughout, and is absent where the retention of figures takes nothing from the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete_since: Option<Timestamp>,
    /// When live sessions were read.
    pub live_as_of: Timestamp,
    /// Whose sessions; everybody's in scope where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Of which type; of all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_type: Option<SessionType>,
    /// About which asset; about any where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<Asset>,
    /// With which tag; with any or none where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
    /// The ten assets that most sessions are about; the name decides between equals.
    pub top_assets: Vec<AssetCount>,
    /// Queries by type.
    pub query_type_distribution: BTreeMap<String, u64>,
    /// Sessions by type.
    pub session_type_breakdown: BTreeMap<String, u64>,
    /// The ten tags that most sessions carry; the name decides between equals.
    pub popular_tags: Vec<TagCount>,
    /// Sessions that have expired, archived or not.
    pub ended_sessions: u64,
    /// Ended sessions with fewer than two queries.
    pub abandoned_sessions: u64,
    /// Ended sessions with two queries or more.
    pub completed_sessions: u64,
    /// Cache hits ÷ queries, 0 to 1; absent without queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_hit_rate: Option<f64>,
    /// Durations in seconds, at three significant digits; absent without sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<Percentiles>,
    /// Queries per session; absent without sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries_per_session: Option<Percentiles>,
    /// Execution times of queries in milliseconds, at three significant digits; absent where none was
    /// recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_time_ms: Option<Percentiles>,
    /// Queries by source.
    pub source_distribution: BTreeMap<String, u64>,
    /// Failed queries by error.
    pub error_distribution: BTreeMap<String, u64>,
}

/// Percentiles by nearest rank: the smallest value that so many percent of all values do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half of the values are at most this.
    pub p50: f64,
    /// 90 of 100 values are at most this.
    pub p90: f64,
    /// 95 of 100 values are at most this.
    pub p95: f64,
    /// 99 of 100 values are at most this.
    pub p99: f64,
}

/// How many sessions are about an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssetCount {
    /// The asset.
    pub symbol: String,
    /// How many sessions.
    pub count: u64,
}

/// How many sessions carry a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TagCount {
    /// The tag.
    pub tag: String,
    /// How many sessions.
    pub count: u64,
}

/// How far figures can be relied on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coverage {
    pub(crate) complete_since: Option<Timestamp>,
    pub(crate) live_as_of: Timestamp,
}

/// Which sessions, as it was proven.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) user_id: Option<UserId>,
    pub(crate) session_type: Option<SessionType>,
    pub(crate) asset: Option<Asset>,
    pub(crate) tag: Option<Tag>,
    pub(crate) period_days: u32,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl Selection {
    pub(crate) fn filter(&self, period: Period) -> MetricsFilter {
        MetricsFilter {
            user_id: self.user_id.clone(),
            session_type: self.session_type,
            asset: self.asset.clone(),
            tag: self.tag.clone(),
            created_from: Some(period.from),
            created_before: period.before,
        }
    }
}

impl SessionStats {
    /// The figures of live and of archived sessions, of which none is in both.
    pub(crate) fn of(
        live: &MetricsDigest,
        archived: &MetricsDigest,
        selection: Selection,
        coverage: Coverage,
    ) -> Self {
        let mut all = live.clone();
        all.merge(archived);
        let seconds = quotient(all.duration_micros, all.sessions).map(|micros| micros / 1e6);
        Self {
            total_sessions: all.sessions,
            active_sessions: all.sessions - all.ended,
            archived_sessions: archived.sessions,
            total_queries: all.total_queries,
            avg_duration_seconds: seconds,
            avg_queries_per_session: quotient(all.total_queries, all.sessions),
            abandonment_rate: quotient(all.abandoned, all.ended),
            period_days: selection.period_days,
            from: selection.from,
            until: selection.until,
            complete_since: coverage.complete_since,
            live_as_of: coverage.live_as_of,
            user_id: selection.user_id,
            session_type: selection.session_type,
            asset: selection.asset,
            tag: selection.tag,
            top_assets: top(&all.assets, |symbol, count| AssetCount { symbol, count }),
            popular_tags: top(&all.tags, |tag, count| TagCount { tag, count }),
            ended_sessions: all.ended,
            abandoned_sessions: all.abandoned,
            completed_sessions: all.ended - all.abandoned,
            cache_hit_rate: quotient(all.cache_hits, all.total_queries),
            duration_seconds: Percentiles::of(&all.durations, 1_000.0),
            queries_per_session: Percentiles::of(&all.queries_per_session, 1.0),
            execution_time_ms: Percentiles::of(&all.execution_times, 1_000.0),
            query_type_distribution: all.query_types,
            session_type_breakdown: all.session_types,
            source_distribution: all.sources,
            error_distribution: all.errors,
        }
    }
}

impl Percentiles {
    fn of(counts: &ValueCounts, unit: f64) -> Option<Self> {
        let at = |percent| Some(float(counts.percentile(percent)?) / unit);
        Some(Self {
            p50: at(50)?,
            p90: at(90)?,
            p95: at(95)?,
            p99: at(99)?,
        })
    }
}

pub(crate) fn quotient(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| float(part) / float(whole))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and sums stay below 2^53, where an f64 begins to round"
)]
pub(crate) const fn float(value: u64) -> f64 {
    value as f64
}

fn top<T>(counts: &BTreeMap<String, u64>, item: impl Fn(String, u64) -> T) -> Vec<T> {
    let mut ranked: Vec<_> = counts.iter().collect();
    ranked.sort_by_key(|&(name, &count)| (Reverse(count), name.clone()));
    let top = ranked.into_iter().take(TOP);
    top.map(|(name, &count)| item(name.clone(), count))
        .collect()
}
