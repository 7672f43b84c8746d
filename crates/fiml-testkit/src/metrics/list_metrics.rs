//! Listing the figures of archived sessions.

use std::{collections::BTreeSet, num::NonZeroUsize};

use fiml_session_core::{
    MetricsDigest, Session, SessionId, SessionMetrics, SessionType, Timestamp,
    store::{Cursor, MetricsFilter, Page, Scope, StagedSession},
};

use super::ArchiveWithMetrics;
use crate::fixtures::{
    HOUR, MICRO, ODD_NAMES, START, after, archived, asset, full_session, id, owner, session,
    session_of, session_with_queries, stage, staged, tag, tags, user,
};

fn page(after: Option<Cursor>, limit: usize) -> Page {
    let limit = NonZeroUsize::new(limit).expect("a page holds something");
    Page { after, limit }
}

async fn listed(
    store: &dyn ArchiveWithMetrics,
    scope: &Scope,
    filter: &MetricsFilter,
) -> Vec<SessionMetrics> {
    let rows = store.list_metrics(scope, filter, page(None, 1_000)).await;
    rows.unwrap()
}

async fn listed_ids(
    store: &dyn ArchiveWithMetrics,
    scope: &Scope,
    filter: &MetricsFilter,
) -> Vec<SessionId> {
    let rows = listed(store, scope, filter).await;
    rows.iter().map(|row| row.session_id).collect()
}

fn ids<const N: usize>(numbers: [u32; N]) -> Vec<SessionId> {
    numbers.map(id).to_vec()
}

/// Everything that was counted of a session, names of all kinds included.
pub async fn a_row_reads_back_equal(store: &dyn ArchiveWithMetrics) {
    let mut sessions = vec![full_session(1), session(2), session_with_queries(3, 30)];
    for (n, name) in (4..).zip(ODD_NAMES) {
        let mut odd = session_of(n, Some(name));
        odd.tags = tags([name]);
        sessions.push(odd);
    }
    for session in &sessions {
        archived(store, session.clone(), START).await;
    }
    let expected: Vec<_> = sessions.iter().rev().map(SessionMetrics::of).collect();
    let found = listed(store, &Scope::All, &MetricsFilter::default()).await;
    assert_eq!(found, expected);
}

/// By creation, not by archiving.
pub async fn it_runs_from_the_newest_to_the_oldest(store: &dyn ArchiveWithMetrics) {
    for n in [3, 1, 5, 2, 4] {
        archived(store, session(n), after(HOUR * (10 - n))).await;
    }
    let found = listed_ids(store, &Scope::All, &MetricsFilter::default()).await;
    assert_eq!(found, ids([5, 4, 3, 2, 1]));
}

/// The larger id first, over pages too.
pub async fn equal_instants_are_ordered_by_id(store: &dyn ArchiveWithMetrics) {
    for n in [2, 5, 1, 4, 3] {
        let together = Session {
            created_at: START,
            ..session(n)
        };
        archived(store, together, START).await;
    }
    let (mut found, mut place) = (Vec::new(), None);
    for _ in 0..3 {
        let any = MetricsFilter::default();
        let rows = store.list_metrics(&Scope::All, &any, page(place, 2));
        let rows = rows.await.unwrap();
        place = rows.last().map(Cursor::of_metrics);
        found.extend(rows.iter().map(|row| row.session_id));
    }
    assert_eq!(found, ids([5, 4, 3, 2, 1]));
}

/// Newer sessions, and rows that are written again, do not move what lies behind the page.
pub async fn pages_have_no_duplicates_and_no_gaps_while_sessions_are_archived(
    store: &dyn ArchiveWithMetrics,
) {
    for n in 1..=9 {
        archived(store, session(n), START).await;
    }
    let (mut found, mut place) = (Vec::new(), None);
    for turn in 0..5 {
        let any = MetricsFilter::default();
        let rows = store.list_metrics(&Scope::All, &any, page(place, 2));
        let rows = rows.await.unwrap();
        found.extend(rows.iter().map(|row| row.session_id));
        place = rows.last().map(Cursor::of_metrics).or(place);
        archived(store, session(100 + turn), START).await;
        archived(store, session_with_queries(turn + 1, 5), START).await;
    }
    assert_eq!(found, ids([9, 8, 7, 6, 5, 4, 3, 2, 1]));
}

/// Each asker sees their own; all sees everything.
pub async fn it_shows_what_is_in_scope(store: &dyn ArchiveWithMetrics) {
    for (n, name) in (1..).zip([Some("alice"), Some("bob"), None, Some("alice")]) {
        archived(store, session_of(n, name), START).await;
    }
    let any = MetricsFilter::default();
    for (scope, expected) in [
        (owner("alice"), ids([4, 1])),
        (owner("bob"), ids([2])),
        (owner("%"), ids([])),
        (Scope::Unowned, ids([3])),
        (Scope::All, ids([4, 3, 2, 1])),
    ] {
        let found = listed_ids(store, &scope, &any).await;
        assert_eq!(found, expected, "{scope:?}");
    }
}

/// By user, type, asset, tag and creation, alone and together.
pub async fn every_filter_narrows_it(store: &dyn ArchiveWithMetrics) {
    let mut sessions = Vec::new();
    for n in 0..16 {
        let odd = |bit: u32| n & (1 << bit) != 0;
        let mut mixed = session_of(n, odd(0).then_some("alice"));
        if odd(1) {
            mixed.session_type = SessionType::Crypto;
        }
        if odd(2) {
            mixed.tags = tags(["x", "y"]);
        }
        if odd(3) {
            mixed.assets.push(asset("BTC"));
        }
        archived(store, mixed.clone(), START).await;
        sessions.push(mixed);
    }
    let any = MetricsFilter::default;
    let middle = sessions[7].created_at;
    let filters = [
        MetricsFilter {
            user_id: Some(user("alice")),
            ..any()
        },
        MetricsFilter {
            session_type: Some(SessionType::Crypto),
            ..any()
        },
        MetricsFilter {
            asset: Some(asset("BTC")),
            ..any()
        },
        MetricsFilter {
            tag: Some(tag("y")),
            ..any()
        },
        MetricsFilter {
            created_from: Some(middle),
            ..any()
        },
        MetricsFilter {
            created_before: Some(middle),
            ..any()
        },
        MetricsFilter {
            session_type: Some(SessionType::Crypto),
            tag: Some(tag("x")),
            created_from: Some(sessions[3].created_at),
            created_before: Some(middle.plus(MICRO)),
            ..any()
        },
    ];
    for filter in filters {
        for scope in [Scope::All, owner("alice"), Scope::Unowned] {
            let wanted = sessions.iter().rev().map(SessionMetrics::of);
            let wanted = wanted
                .filter(|row| scope.covers(row.user_id.as_ref()) && filter.covers(row))
                .collect::<Vec<_>>();
            let found = listed(store, &scope, &filter).await;
            assert_eq!(found, wanted, "{scope:?} {filter:?}");
        }
    }
}

/// Where one row of three is wanted, a page of two has two of them until the last.
pub async fn a_page_is_full_though_a_filter_passes_over_rows(store: &dyn ArchiveWithMetrics) {
    for n in 1..=15 {
        let rare = Session {
            tags: tags([if n % 3 == 0 { "rare" } else { "common" }]),
            ..session(n)
        };
        archived(store, rare, START).await;
    }
    let rare = MetricsFilter {
        tag: Some(tag("rare")),
        ..MetricsFilter::default()
    };
    let mut place = None;
    for expected in [ids([15, 12]), ids([9, 6]), ids([3])] {
        let rows = store.list_metrics(&Scope::All, &rare, page(place, 2));
        let rows = rows.await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.session_id).collect();
        assert_eq!(found, expected);
        place = rows.last().map(Cursor::of_metrics);
    }
}

/// After a session was archived twice, deleted, discarded, purged, or archived without figures.
pub async fn it_agrees_with_digest(store: &dyn ArchiveWithMetrics) {
    for n in 1..=4 {
        archived(store, full_session(n), START).await;
    }
    archived(store, session_with_queries(1, 20), START).await;
    store.bury(&Scope::All, id(2), START).await.unwrap();
    let discarded = stage(store, full_session(5), START).await;
    store.discard(&discarded).await.unwrap();
    let without = StagedSession {
        metrics: None,
        ..staged(session(6))
    };
    store.stage(&[without], START).await.unwrap();
    let one = NonZeroUsize::MIN;
    store.purge_before(Timestamp::MAX, one).await.unwrap();
    stage(store, session(7), START).await;

    let (any, none) = (MetricsFilter::default(), BTreeSet::new());
    let digest = store.digest(&Scope::All, &any, &none, Timestamp::MAX);
    let mut added = MetricsDigest::default();
    let rows = listed(store, &Scope::All, &any).await;
    rows.iter().for_each(|row| added.add(row, Timestamp::MAX));
    assert_eq!(added, digest.await.unwrap());
    assert_eq!(rows.len(), 4);
}
