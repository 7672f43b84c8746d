//! Figures of archived sessions by the hour and day of creation.

use std::collections::{BTreeMap, BTreeSet};

use fiml_session_core::{
    MetricsDigest, Session, SessionMetrics, Timestamp,
    store::{MetricsFilter, Scope, Step},
};

use super::ArchiveWithMetrics;
use crate::fixtures::{DAY, HOUR, MICRO, START, after, archived, full_session, id, owner, session};

/// Only hours and days in which there were sessions, within the filter, the scope and without the excluded.
pub async fn it_divides_the_figures_by_creation(store: &dyn ArchiveWithMetrics) {
    let created = [
        START,
        after(HOUR).minus(MICRO),
        after(HOUR),
        after(DAY).minus(MICRO),
        after(DAY),
        after(9 * DAY),
    ];
    let sessions: Vec<_> = (1..)
        .zip(created)
        .map(|(n, created_at)| Session {
            created_at,
            last_accessed_at: created_at.plus(HOUR),
            ..if n % 2 == 0 { session(n) } else { full_session(n) }
        })
        .collect();
    for session in &sessions {
        archived(store, session.clone(), after(20 * DAY)).await;
    }
    let narrow = MetricsFilter {
        created_from: Some(after(HOUR).minus(MICRO)),
        created_before: Some(after(9 * DAY)),
        ..MetricsFilter::default()
    };
    for step in Step::ALL {
        for filter in [MetricsFilter::default(), narrow.clone()] {
            for excluding in [vec![], vec![1, 3, 99]] {
                let excluding: BTreeSet<_> = excluding.into_iter().map(id).collect();
                let mut expected = BTreeMap::<_, MetricsDigest>::new();
                for session in &sessions {
                    let row = SessionMetrics::of(session);
                    if filter.covers(&row) && !excluding.contains(&session.id) {
                        let point = step.start(session.created_at);
                        expected.entry(point).or_default().add(&row, Timestamp::MAX);
                    }
                }
                for (scope, expected) in [
                    (Scope::All, &expected),
                    (owner("alice"), &expected),
                    (owner("bob"), &BTreeMap::new()),
                ] {
                    let found = store
                        .series(&scope, &filter, step, &excluding, Timestamp::MAX)
                        .await;
                    assert_eq!(&found.unwrap(), expected, "{step:?} {filter:?} {excluding:?}");
                }
            }
        }
    }
}
