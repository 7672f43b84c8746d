//! Every figure of a period against a recount by hand.

use std::time::Duration;

use fiml_analytics::{AnalyticsError, AssetCount, Percentiles, StatsRequest, TagCount};
use fiml_session_core::{ErrorCode, Policy, SessionType, store::Scope};

use crate::house::house;

#[tokio::test]
async fn every_figure_agrees_with_a_recount_over_live_and_archived_sessions() {
    let house = house(Policy::default());
    let first = house
        .session("ann", SessionType::Equity, &["AAPL", "IBM"], &["tech"])
        .await;
    house.query(first, 1.0, false, None).await;
    house.query(first, 3.0, true, None).await;
    let _second = house
        .session("ann", SessionType::Portfolio, &["IBM"], &[])
        .await;
    house.clock.advance(Duration::from_secs(3_700));
    assert_eq!(
        house
            .store
            .cleanup_expired_sessions()
            .await
            .unwrap()
            .archived,
        2
    );
    let third = house
        .session("bob", SessionType::Equity, &["MSFT"], &["tech"])
        .await;
    house
        .query(third, 200.0, true, Some("symbol_not_found"))
        .await;

    let all = house
        .analytics
        .get_session_stats(&Scope::All, &StatsRequest::default())
        .await
        .unwrap();
    assert_eq!(
        (
            all.total_sessions,
            all.active_sessions,
            all.archived_sessions
        ),
        (3, 1, 2)
    );
    assert_eq!(
        (
            all.ended_sessions,
            all.abandoned_sessions,
            all.completed_sessions
        ),
        (2, 1, 1)
    );
    assert_eq!(all.total_queries, 3);
    // Durations of 20, 0 and 10 seconds.
    assert_eq!(all.avg_duration_seconds, Some(10.0));
    assert_eq!(
        all.duration_seconds,
        Some(Percentiles {
            p50: 10.0,
            p90: 20.0,
            p95: 20.0,
            p99: 20.0
        })
    );
    assert_eq!(all.avg_queries_per_session, Some(1.0));
    assert_eq!(
        all.queries_per_session,
        Some(Percentiles {
            p50: 1.0,
            p90: 2.0,
            p95: 2.0,
            p99: 2.0
        })
    );
    assert_eq!(
        all.execution_time_ms,
        Some(Percentiles {
            p50: 3.0,
            p90: 200.0,
            p95: 200.0,
            p99: 200.0
        })
    );
    assert_eq!(all.abandonment_rate, Some(0.5));
    assert_eq!(all.cache_hit_rate, Some(2.0 / 3.0));
    let asset = |symbol: &str, count| AssetCount {
        symbol: symbol.to_owned(),
        count,
    };
    assert_eq!(
        all.top_assets,
        [asset("IBM", 2), asset("AAPL", 1), asset("MSFT", 1)]
    );
    assert_eq!(
        all.popular_tags,
        [TagCount {
            tag: "tech".to_owned(),
            count: 2
        }]
    );
    assert_eq!(all.session_type_breakdown["equity"], 2);
    assert_eq!(all.query_type_distribution["equity_price"], 3);
    assert_eq!(all.error_distribution["symbol_not_found"], 1);

    let ann = StatsRequest {
        user_id: Some("ann".to_owned()),
        ..StatsRequest::default()
    };
    let ann = house
        .analytics
        .get_session_stats(&Scope::All, &ann)
        .await
        .unwrap();
    assert_eq!((ann.total_sessions, ann.total_queries), (2, 2));
    let equity = StatsRequest {
        session_type: Some(SessionType::Equity),
        ..StatsRequest::default()
    };
    let bob = Scope::Owner("bob".parse().unwrap());
    let equity = house
        .analytics
        .get_session_stats(&bob, &equity)
        .await
        .unwrap();
    assert_eq!((equity.total_sessions, equity.archived_sessions), (1, 0));
}

#[tokio::test]
async fn a_restored_session_is_counted_once_and_a_deleted_one_not_at_all() {
    let house = house(Policy::default());
    let id = house
        .session("ann", SessionType::Macro, &["DGS10"], &[])
        .await;
    house.store.archive_session(&Scope::All, id).await.unwrap();
    house
        .store
        .extend_session(&Scope::All, id, 1.0, None)
        .await
        .unwrap();
    let request = StatsRequest::default();
    let stats = house
        .analytics
        .get_session_stats(&Scope::All, &request)
        .await
        .unwrap();
    assert_eq!(
        (
            stats.total_sessions,
            stats.active_sessions,
            stats.archived_sessions
        ),
        (1, 1, 0)
    );
    house.store.delete_session(&Scope::All, id).await.unwrap();
    let stats = house
        .analytics
        .get_session_stats(&Scope::All, &request)
        .await
        .unwrap();
    assert_eq!(stats.total_sessions, 0);
    assert_eq!(
        stats.avg_duration_seconds, None,
        "an average of nothing is absent, not zero"
    );
}

#[tokio::test]
async fn a_session_counts_in_the_period_it_was_created_in() {
    let house = house(Policy::default());
    house
        .session("ann", SessionType::Equity, &["AAPL"], &[])
        .await;
    house.clock.advance(Duration::from_hours(24));
    let days = |days| StatsRequest {
        days,
        ..StatsRequest::default()
    };
    let at = house
        .analytics
        .get_session_stats(&Scope::All, &days(1))
        .await
        .unwrap();
    assert_eq!(
        at.total_sessions, 1,
        "exactly a day ago is within the last day"
    );
    house
        .clock
        .advance(Duration::from_hours(1) - Duration::from_micros(1));
    let within = house
        .analytics
        .get_session_stats(&Scope::All, &days(1))
        .await
        .unwrap();
    assert_eq!(
        within.total_sessions, 1,
        "the period begins with the hour in which the last day began"
    );
    house.clock.advance(Duration::from_micros(1));
    let past = house
        .analytics
        .get_session_stats(&Scope::All, &days(1))
        .await
        .unwrap();
    assert_eq!(past.total_sessions, 0);
    for refused in [0, 3_651] {
        let error = house
            .analytics
            .get_session_stats(&Scope::All, &days(refused))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.argument()),
            (ErrorCode::InvalidArgument, Some("days"))
        );
        assert_eq!(error.limit().as_deref(), Some("1 to 3650"));
    }
}

#[tokio::test]
async fn statistics_that_are_switched_off_say_so() {
    let house = house(Policy {
        enable_analytics: false,
        ..Policy::default()
    });
    let asked = house
        .analytics
        .get_session_stats(&Scope::All, &StatsRequest::default())
        .await;
    assert!(matches!(asked, Err(AnalyticsError::Disabled(_))));
}
