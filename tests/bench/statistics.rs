//! Statistics, asked for and timed.

use std::time::{Duration, Instant};

use fiml_analytics::{SessionAnalytics, StatsRequest};
use fiml_session_core::{SessionType, store::Scope};

use crate::report::{Side, compare};

/// How many rounds count, after one that does not.
pub(crate) const ROUNDS: usize = 5;
/// How many sessions a user has.
pub(crate) const OF_ONE: u32 = 50;

pub(crate) async fn stats(
    analytics: &SessionAnalytics,
    request: &StatsRequest,
    times: usize,
) -> Vec<Duration> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        let stats = analytics.get_session_stats(&Scope::All, request).await;
        took.push(started.elapsed());
        assert!(stats.unwrap().total_sessions > 0);
    }
    took
}

/// Statistics over 1,000,000 archived sessions beside those over 100,000, of all types and of one.
pub(crate) async fn many_beside_few(many: &SessionAnalytics, few: &SessionAnalytics) {
    for session_type in [None, Some(SessionType::Equity)] {
        let request = StatsRequest {
            session_type,
            ..StatsRequest::default()
        };
        let mut sides = (Side::default(), Side::default());
        for round in 0..=ROUNDS {
            let times = (
                stats(many, &request, 10).await,
                stats(few, &request, 10).await,
            );
            if round > 0 {
                sides.0.push(times.0);
                sides.1.push(times.1);
            }
        }
        let of = session_type.map_or("all types", SessionType::name);
        compare(
            &format!("statistics of 30 days, {of}, no session live"),
            ("over 1,000,000 archived", &sides.0),
            ("over 100,000 archived", &sides.1),
            "at most 1.5",
        );
    }
}
