//! What every `ArchiveUpkeep` does that is an `ArchiveStore` and a `MetricsStore` too.

use std::collections::BTreeSet;

use fiml_session_core::{
    MetricsDigest, Session, SessionId, SessionMetrics, SessionType, Timestamp,
    store::{ArchiveStore, ArchiveUpkeep, MetricsFilter, MetricsStore, Scope, StagedSession, Step},
};

use crate::fixtures::{
    DAY, HOUR, MANY, MICRO, START, after, archived, full_session, full_snapshot, pending, session,
    session_of, staged,
};

/// A store that plays all three roles.
pub trait ArchiveWithUpkeep: ArchiveStore + MetricsStore + ArchiveUpkeep {}

impl<S: ArchiveStore + MetricsStore + ArchiveUpkeep> ArchiveWithUpkeep for S {}

behaviours! {
    $
    /// One named test per behaviour of an `ArchiveUpkeep`; see [`suite`](crate::suite).
    archive_upkeep_suite, upkeep, archive_upkeep, dyn ArchiveWithUpkeep;
    count_before {
        it_counts_what_a_purge_removes,
        it_counts_no_further_than_the_limit,
    }
    unmeasured {
        only_archived_rows_without_figures_are_unmeasured,
        it_runs_by_id_behind_a_place_and_at_most_to_the_limit,
    }
    measure {
        figures_that_were_missing_are_counted_once,
        figures_that_are_there_stay,
        a_row_that_has_changed_or_is_not_archived_gets_none,
        of_figures_and_a_burial_at_once_nothing_remains,
    }
    stale_rollups {
        it_counts_what_is_rolled_up_next,
    }
    roll_up {
        figures_stay_the_same_rolled_up_or_not,
        what_is_written_replaced_or_deleted_later_counts_at_once,
        an_excluded_session_is_not_counted_in_a_rollup_either,
        it_rolls_up_at_most_to_the_limit_and_no_hour_that_has_not_ended,
    }
    forget_rollups {
        rollups_made_anew_give_the_same_figures,
    }
    count_metrics_before {
        it_counts_the_rows_that_a_purge_of_figures_removes,
    }
    purge_metrics_before {
        figures_of_sessions_created_earlier_go_whatever_was_rolled_up,
    }
}

/// The n-th session, without figures.
fn bare(n: u32) -> StagedSession {
    StagedSession {
        metrics: None,
        ..staged(full_snapshot(n))
    }
}

/// Archives the n-th session without figures.
async fn archive_bare(store: &dyn ArchiveWithUpkeep, n: u32) {
    let staged = bare(n);
    let session = &staged.snapshot.session;
    let row = pending(session.id, session.version, START);
    store.stage(&[staged], START).await.unwrap();
    assert!(store.settle(&row, START).await.unwrap());
}

/// Sessions over three days: several in one hour, at the edges of hours and days, of two types.
fn spread() -> Vec<Session> {
    let created = [
        START,
        START.plus(MICRO),
        after(HOUR).minus(MICRO),
        after(HOUR),
        after(7 * HOUR),
        after(DAY).minus(MICRO),
        after(DAY),
        after(DAY + 3 * HOUR),
        after(2 * DAY),
    ];
    let sessions = (1..).zip(created).map(|(n, created_at)| {
        let mut made = if n % 2 == 0 {
            full_session(n)
        } else {
            session_of(n, Some("bob"))
        };
        made.session_type = [SessionType::Equity, SessionType::Macro][n as usize % 3 % 2];
        made.created_at = created_at;
        made.expires_at = created_at.plus(DAY);
        made.last_accessed_at = created_at.plus(HOUR * (n % 4));
        made
    });
    sessions.collect()
}

/// When each of them has long ended.
fn late() -> Timestamp {
    after(30 * DAY)
}

async fn archive_spread(store: &dyn ArchiveWithUpkeep) -> Vec<Session> {
    let sessions = spread();
    for session in &sessions {
        archived(store, session.clone(), late()).await;
    }
    sessions
}

async fn roll_up_all(store: &dyn ArchiveWithUpkeep) {
    while store.roll_up(late(), MANY).await.unwrap() > 0 {}
}

/// Compares figures, whole and by hour and day, with those of these sessions added up one by one: over all and
/// over parts of the period, of one type, and as of before and after their end.
async fn agree<'a>(
    store: &dyn ArchiveWithUpkeep,
    sessions: impl IntoIterator<Item = &'a Session>,
    excluding: &BTreeSet<SessionId>,
) {
    let sessions: Vec<_> = sessions.into_iter().map(SessionMetrics::of).collect();
    let any = MetricsFilter::default;
    let between = |from, before| MetricsFilter {
        created_from: Some(from),
        created_before: before,
        ..any()
    };
    let filters = [
        any(),
        between(START, None),
        between(START, Some(after(2 * DAY))),
        between(after(HOUR), Some(after(DAY + 4 * HOUR))),
        between(START.plus(MICRO), Some(after(DAY).minus(MICRO))),
        MetricsFilter {
            session_type: Some(SessionType::Macro),
            ..any()
        },
        MetricsFilter {
            user_id: session(1).user_id,
            ..any()
        },
        MetricsFilter {
            tag: full_session(1).tags.first().cloned(),
            ..any()
        },
    ];
    for filter in &filters {
        let counted = || {
            let rows = sessions.iter();
            rows.filter(|row| filter.covers(row) && !excluding.contains(&row.session_id))
        };
        for at in [START, after(DAY), after(2 * DAY), late()] {
            let mut expected = MetricsDigest::default();
            counted().for_each(|row| expected.add(row, at));
            let found = store.digest(&Scope::All, filter, excluding, at).await;
            assert_eq!(found.unwrap(), expected, "{filter:?} at {at}");
        }
        for step in Step::ALL {
            let found = store
                .series(&Scope::All, filter, step, excluding, late())
                .await
                .unwrap();
            let mut expected = std::collections::BTreeMap::<_, MetricsDigest>::new();
            for row in counted() {
                let point = expected.entry(step.start(row.created_at)).or_default();
                point.add(row, late());
            }
            assert_eq!(found, expected, "{filter:?} by {step:?}");
        }
    }
}
