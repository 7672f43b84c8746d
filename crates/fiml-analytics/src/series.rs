//! Figures by the time in which sessions were created.

use fiml_session_core::{
    Asset, Invalid, MetricsDigest, SessionType, Tag, Timestamp, UserId, store::Step,
};
use serde::Serialize;

use crate::stats::{Coverage, Selection, quotient};

/// The starts of all hours or days that a stretch touches.
pub(crate) fn starts(
    step: Step,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Timestamp>, Invalid> {
    let most = SessionSeries::MAX_POINTS;
    let (first, last) = (step.start(from), step.start(to));
    let mut starts = vec![first];
    while let Some(&newest) = starts.last()
        && newest < last
    {
        if starts.len() == most {
            // A period that begins within an hour or day touches one more than it is long.
            let (unit, days) = match step {
                Step::Hour => ("hours", (most - 1) / 24),
                Step::Day => ("days", most - 1),
            };
            let problem = format!("asks for more than {most} {unit}");
            let limit = format!("1 to {days} for a series of {unit}");
            return Err(Invalid::malformed("days", problem, limit));
        }
        starts.push(step.after(newest));
    }
    Ok(starts)
}

/// Figures by the hour or day in which sessions were created, the earliest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionSeries {
    /// How far the points lie apart.
    pub step: Step,
    /// The length of the period in days, up to now or to where it was asked to end.
    pub period_days: u32,
    /// Where it was asked to begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Where it was asked to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// From when on points are complete, where they begin further back than figures are kept.
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
    /// One for every hour or day; the first and the last may be cut by the period.
    pub points: Vec<SeriesPoint>,
}

/// The figures of the sessions that were created in one hour or day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesPoint {
    /// When the hour or day began.
    pub start: Timestamp,
    /// Sessions that were created in it.
    pub total_sessions: u64,
    /// Those of them that have expired since.
    pub ended_sessions: u64,
    /// Those of these with fewer than two queries.
    pub abandoned_sessions: u64,
    /// Their queries, whenever they were made.
    pub total_queries: u64,
    /// The mean of their durations; absent without sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg_duration_seconds: Option<f64>,
    /// Cache hits ÷ queries, 0 to 1; absent without queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_hit_rate: Option<f64>,
}

impl SessionSeries {
    /// The longest series, in points.
    pub const MAX_POINTS: usize = 400;

    pub(crate) fn of(
        selection: &Selection,
        coverage: Coverage,
        step: Step,
        points: Vec<(Timestamp, MetricsDigest)>,
    ) -> Self {
        let points = points.into_iter().map(|(start, digest)| SeriesPoint {
            start,
            total_sessions: digest.sessions,
            ended_sessions: digest.ended,
            abandoned_sessions: digest.abandoned,
            total_queries: digest.total_queries,
            avg_duration_seconds: quotient(digest.duration_micros, digest.sessions)
                .map(|micros| micros / 1e6),
            cache_hit_rate: quotient(digest.cache_hits, digest.total_queries),
        });
        Self {
            step,
            period_days: selection.period_days,
            from: selection.from,
            until: selection.until,
            complete_since: coverage.complete_since,
            live_as_of: coverage.live_as_of,
            user_id: selection.user_id.clone(),
            session_type: selection.session_type,
            asset: selection.asset.clone(),
            tag: selection.tag.clone(),
            points: points.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_day_that_a_stretch_touches_has_a_start() {
        let found = starts(
            Step::Day,
            at("2026-02-27T13:00:00Z"),
            at("2026-03-01T00:00:00Z"),
        );
        let days = ["2026-02-27", "2026-02-28", "2026-03-01"];
        assert_eq!(
            found.unwrap(),
            days.map(|day| at(&format!("{day}T00:00:00Z")))
        );
        let found = starts(
            Step::Hour,
            at("2026-02-27T13:59:59Z"),
            at("2026-02-27T14:00:00Z"),
        );
        assert_eq!(found.unwrap().len(), 2);
    }

    #[test]
    fn a_series_that_is_too_long_names_the_limit() {
        let error = starts(
            Step::Hour,
            at("2026-01-01T00:00:00Z"),
            at("2026-02-01T00:00:00Z"),
        );
        let error = error.unwrap_err();
        assert_eq!(error.argument, "days");
        assert!(error.limit.contains("1 to 16"), "{error}");
        let longest = starts(
            Step::Hour,
            at("2026-01-01T00:30:00Z"),
            at("2026-01-17T00:30:00Z"),
        );
        assert_eq!(longest.unwrap().len(), 16 * 24 + 1);
    }
}
