//! The figures session by session.

use std::{cmp::Reverse, collections::BTreeSet, num::NonZeroUsize, time::Duration};

use fiml_analytics::{ExportedSession, MetricsExport, SessionStats, StatsRequest, Step};
use fiml_session_core::{Conditions, ErrorCode, Policy, SessionType, store::Scope};

use crate::house::{House, house};

const TWO: NonZeroUsize = NonZeroUsize::new(2).expect("more than none");

/// Five sessions of two users a minute apart, of which the first and the third are archived.
async fn filled() -> House {
    let house = house(Policy::default());
    let mut ids = Vec::new();
    for (n, user) in ["ann", "bob", "ann", "ann", "bob"].into_iter().enumerate() {
        let (session_type, tags): (_, &[&str]) = match n {
            0 | 1 => (SessionType::Macro, &["q3"]),
            _ => (SessionType::Equity, &[]),
        };
        let id = house.session(user, session_type, &["IBM"], tags).await;
        for _ in 0..n {
            house.query(id, 12.5, n % 2 == 0, None).await;
        }
        house.clock.advance(Duration::from_mins(1));
        ids.push(id);
    }
    for id in [ids[0], ids[2]] {
        house.store.archive_session(&Scope::All, id).await.unwrap();
    }
    house
}

async fn all(mut export: MetricsExport) -> Vec<ExportedSession> {
    let mut sessions = Vec::new();
    while let Some(page) = export.next_page().await.unwrap() {
        assert!(!page.is_empty(), "the end is no empty page");
        sessions.extend(page);
    }
    assert!(export.next_page().await.unwrap().is_none());
    sessions
}

/// What the figures of a period say of the same sessions.
fn sums(sessions: &[ExportedSession]) -> [u64; 5] {
    let count = |wanted: fn(&ExportedSession) -> bool| {
        sessions.iter().filter(|session| wanted(session)).count() as u64
    };
    [
        sessions.len() as u64,
        count(|session| !session.is_expired),
        count(|session| session.is_archived),
        sessions.iter().map(|session| session.total_queries).sum(),
        count(|session| session.is_expired && session.total_queries < 2),
    ]
}

fn figures(stats: &SessionStats) -> [u64; 5] {
    [
        stats.total_sessions,
        stats.active_sessions,
        stats.archived_sessions,
        stats.total_queries,
        stats.abandoned_sessions,
    ]
}

#[tokio::test]
async fn rows_add_up_to_the_figures_whatever_is_asked_for_and_however_long_pages_are() {
    let house = filled().await;
    let any = StatsRequest::default;
    for request in [
        any(),
        StatsRequest {
            user_id: Some("ann".to_owned()),
            ..any()
        },
        StatsRequest {
            session_type: Some(SessionType::Macro),
            ..any()
        },
        StatsRequest {
            tag: Some("q3".to_owned()),
            asset: Some("ibm".to_owned()),
            ..any()
        },
        StatsRequest { days: 1, ..any() },
        StatsRequest {
            asset: Some("GDP".to_owned()),
            ..any()
        },
    ] {
        for scope in [Scope::All, Scope::Owner("bob".parse().unwrap())] {
            for page in 1..=3 {
                let stats = house.analytics.get_session_stats(&scope, &request);
                let export = house.analytics.export_session_metrics(&scope, &request);
                let page = NonZeroUsize::new(page).unwrap();
                let sessions = all(export.unwrap().in_pages_of(page)).await;
                let stats = stats.await.unwrap();
                assert_eq!(sums(&sessions), figures(&stats), "{scope:?} {request:?}");
                let ids: BTreeSet<_> = sessions.iter().map(|row| row.session_id).collect();
                assert_eq!(ids.len(), sessions.len(), "each once");
                let order = |row: &ExportedSession| (row.is_archived, Reverse(row.created_at));
                assert!(
                    sessions.is_sorted_by_key(order),
                    "live first, the newest first"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_counted_of_a_session_is_in_its_row() {
    let house = house(Policy::default());
    let id = house
        .session("ann", SessionType::Equity, &["IBM", "AAPL"], &["q3"])
        .await;
    house.query(id, 12.5, true, None).await;
    house.query(id, 12.5, false, Some("no such symbol")).await;
    let request = StatsRequest::default();
    let export = house
        .analytics
        .export_session_metrics(&Scope::All, &request);
    let live = all(export.unwrap()).await.remove(0);
    assert_eq!((live.total_queries, live.cache_hits), (2, 1));
    assert!(!live.is_archived && !live.is_expired);
    assert_eq!(live.duration_seconds, 20.0);
    assert_eq!(live.query_types["equity_price"], 2);
    assert_eq!(live.errors["no such symbol"], 1);
    assert_eq!(
        live.execution_times_us.iter().collect::<Vec<_>>(),
        [(12_500, 2)]
    );
    house.store.archive_session(&Scope::All, id).await.unwrap();
    let export = house
        .analytics
        .export_session_metrics(&Scope::All, &request);
    let archived = all(export.unwrap()).await.remove(0);
    // Archived by hand, it ended then.
    let expected = ExportedSession {
        is_archived: true,
        is_expired: true,
        expires_at: live.last_accessed_at,
        ..live
    };
    assert_eq!(archived, expected);
}

#[tokio::test]
async fn a_session_that_is_archived_meanwhile_comes_once() {
    let house = filled().await;
    let request = StatsRequest::default();
    let export = house
        .analytics
        .export_session_metrics(&Scope::All, &request);
    let mut export = export.unwrap().in_pages_of(TWO);
    let mut seen = Vec::new();
    while let Some(page) = export.next_page().await.unwrap() {
        seen.extend(page.iter().map(|row| row.session_id));
        for id in &seen {
            // Whether it was live or not: it is archived now.
            let _ = house.store.archive_session(&Scope::All, *id).await;
        }
    }
    let ids: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!((seen.len(), ids.len()), (5, 5));
}

#[tokio::test]
async fn a_restored_session_that_lost_a_tag_is_nowhere_under_it() {
    let house = house(Policy::default());
    let id = house
        .session("ann", SessionType::Macro, &["DGS10"], &["q3"])
        .await;
    let (store, scope) = (&house.store, Scope::All);
    store.archive_session(&scope, id).await.unwrap();
    store.extend_session(&scope, id, 1.0, None).await.unwrap();
    let mut session = store.get_session(&scope, id).await.unwrap();
    session.remove_tag(&"q3".parse().unwrap());
    let untagged = store.update_session(&scope, &mut session, Conditions::default());
    untagged.await.unwrap();
    let request = StatsRequest {
        tag: Some("q3".to_owned()),
        ..StatsRequest::default()
    };
    let (analytics, day) = (&house.analytics, Step::Day);
    let stats = analytics.get_session_stats(&scope, &request).await.unwrap();
    assert_eq!(stats.total_sessions, 0);
    let series = analytics.get_session_series(&scope, &request, day).await;
    let points = series.unwrap().points;
    assert!(points.iter().all(|point| point.total_sessions == 0));
    let export = analytics.export_session_metrics(&scope, &request);
    assert_eq!(all(export.unwrap()).await, []);
}

#[tokio::test]
async fn sessions_created_in_one_instant_are_all_there() {
    let house = house(Policy::default());
    for _ in 0..7 {
        house
            .session("ann", SessionType::Equity, &["IBM"], &[])
            .await;
    }
    let request = StatsRequest::default();
    let export = house
        .analytics
        .export_session_metrics(&Scope::All, &request);
    let sessions = all(export.unwrap().in_pages_of(TWO)).await;
    assert_eq!(sessions.len(), 7);
}

#[tokio::test]
async fn switched_off_analytics_and_bad_filters_are_refused_before_anything_is_read() {
    let off = house(Policy {
        enable_analytics: false,
        ..Policy::default()
    });
    let request = StatsRequest::default();
    let error = off.analytics.export_session_metrics(&Scope::All, &request);
    assert_eq!(error.unwrap_err().code(), ErrorCode::AnalyticsDisabled);
    let bad = StatsRequest {
        days: 0,
        ..StatsRequest::default()
    };
    let on = house(Policy::default());
    let error = on.analytics.export_session_metrics(&Scope::All, &bad);
    assert_eq!(error.unwrap_err().argument(), Some("days"));
}
