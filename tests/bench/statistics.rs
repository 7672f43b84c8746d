//! Statistics, asked for and timed.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use fiml_analytics::{SessionAnalytics, StatsRequest};
use fiml_session_core::{
    Clock as _, SessionType, SystemClock,
    store::{ArchiveUpkeep, Scope},
};

use crate::report::{Side, compare};

/// How many rounds count, after one that does not.
pub(crate) const ROUNDS: usize = 5;
/// How many sessions a user has.
pub(crate) const OF_ONE: u32 = 50;

/// Everything that is to be rolled up, as the job does it; how many hours and days that was.
pub(crate) async fn roll_up(upkeep: &impl ArchiveUpkeep) -> u64 {
    let batch = NonZeroUsize::new(20).unwrap();
    let (ended, mut all) = (SystemClock.now(), 0);
    loop {
        match upkeep.roll_up(ended, batch).await.unwrap() {
            0 => return all,
            done => all += done,
        }
    }
}

async fn stats(
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

/// Statistics of 30 days over all archived sessions beside one aggregate of SQL, which says how long it took and
/// how many sessions it counted.
pub(crate) async fn beside_an_aggregate(
    analytics: &SessionAnalytics,
    sessions: u32,
    mut aggregate: impl AsyncFnMut() -> (Duration, i64),
) {
    let mut sides = (Side::default(), Side::default());
    for round in 0..=ROUNDS {
        let ours = stats(analytics, &StatsRequest::default(), 3).await;
        let (took, counted) = aggregate().await;
        assert_eq!(counted, i64::from(sessions));
        if round > 0 {
            sides.0.push(ours);
            sides.1.push(vec![took]);
        }
    }
    compare(
        "statistics of 30 days over 1,000,000 archived sessions",
        ("get_session_stats", &sides.0),
        ("one SQL aggregate", &sides.1),
        "at most 0.2",
    );
}

/// Statistics of one user beside a select of the rows, which says how long it took and how many there were.
pub(crate) async fn one_user_beside_a_select(
    analytics: &SessionAnalytics,
    mut select: impl AsyncFnMut(&str) -> (Duration, usize),
) {
    let mut sides = (Side::default(), Side::default());
    for round in 0..=ROUNDS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for n in 0..50 {
            let user = format!("user_{}", (n * 379 + round * 31) % 20_000);
            let request = StatsRequest {
                user_id: Some(user.clone()),
                ..StatsRequest::default()
            };
            // Whoever comes first brings the pages along for the other.
            if n % 2 == 0 {
                ours.extend(stats(analytics, &request, 1).await);
            }
            let (took, rows) = select(&user).await;
            assert_eq!(rows, OF_ONE as usize);
            theirs.push(took);
            if n % 2 == 1 {
                ours.extend(stats(analytics, &request, 1).await);
            }
        }
        if round > 0 {
            sides.0.push(ours);
            sides.1.push(theirs);
        }
    }
    compare(
        "statistics of one user, 50 sessions among 1,000,000",
        ("get_session_stats", &sides.0),
        ("select of the 50 rows", &sides.1),
        "at most 3",
    );
}
