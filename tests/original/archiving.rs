//! The hand-over between the tiers.

use std::time::Duration;

use fiml_analytics::{SessionAnalytics, StatsRequest};
use fiml_session_core::{SessionError, SessionMetrics, store::StagedSession};
use fiml_testkit::servers::PostgresServer;
use fiml_tests::place::Tiers;

use crate::{ALL, HOUR, House, MANY};

/// Redis dropped every one of them before the original's cleanup came.
#[tokio::test(flavor = "multi_thread")]
async fn of_100_expired_sessions_the_cleanup_archives_100_and_all_are_readable() {
    let house = House::new().await;
    let ids = house.create_many(100).await;
    for &id in &ids {
        house.ask(id, "price").await;
    }
    assert_eq!(house.expire_and_clean().await, 100);
    for id in ids {
        assert_eq!(house.tiers_of(id).await, (false, true));
        let session = house.store.get_session(&ALL, id).await.unwrap();
        assert_eq!(session.state.history.queries().len(), 1);
    }
}

/// It stayed in both tiers for ever, and every retry failed on the primary key.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_archive_and_the_removal_is_put_right_by_the_next_cleanup() {
    let house = House::new().await;
    let id = house.create().await;
    house.ask(id, "price").await;
    house.clock.advance(2 * HOUR);
    stage(&house, id).await;
    assert_eq!(house.tiers_of(id).await, (true, true));
    house.store.cleanup_expired_sessions().await.unwrap();
    assert_eq!(house.tiers_of(id).await, (false, true));
    assert_eq!(house.list(true).await.total, 1);
}

/// The archive failed for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_metrics_are_recorded_is_archived_all_the_same() {
    let house = House::new().await;
    let id = house.create().await;
    house.clock.advance(2 * HOUR);
    stage(&house, id).await;
    stage(&house, id).await;
    assert!(house.store.archive_session(&ALL, id).await.unwrap());
    assert_eq!(counted(&house).await, 1);
}

/// A second copy appeared in Redis, and the session was listed twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_extended_archived_session_is_back_whole_and_listed_once() {
    let house = House::new().await;
    let id = house.create().await;
    house.ask(id, "price").await;
    assert_eq!(house.expire_and_clean().await, 1);
    house
        .store
        .extend_session(&ALL, id, 5.0, None)
        .await
        .unwrap();
    let page = house.list(true).await;
    assert_eq!((page.total, page.sessions.len()), (1, 1));
    assert!(!page.sessions[0].is_archived);
    house.ask(id, "news").await;
    // Once Redis has held it for a while, the archive lets go of its row.
    house.clock.advance(Duration::from_mins(11));
    house.store.cleanup_expired_sessions().await.unwrap();
    assert_eq!(house.tiers_of(id).await, (true, false));
    let session = house.store.get_session(&ALL, id).await.unwrap();
    assert_eq!(session.state.history.total_queries(), 2);
}

/// It returned false, and the row stayed.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_archived_session_is_gone_with_its_figures() {
    let house = House::new().await;
    let id = house.create().await;
    assert_eq!(house.expire_and_clean().await, 1);
    assert!(house.store.delete_session(&ALL, id).await.unwrap());
    assert_eq!(house.tiers_of(id).await, (false, false));
    let found = house.store.get_session(&ALL, id).await;
    assert!(
        matches!(found, Err(SessionError::NotFound { .. })),
        "{found:?}"
    );
    assert_eq!(counted(&house).await, 0);
}

/// Three runs made three rows, and so three "sessions".
#[tokio::test(flavor = "multi_thread")]
async fn three_runs_of_the_job_count_a_session_once() {
    let house = House::new().await;
    house.create().await;
    assert_eq!(house.expire_and_clean().await, 1);
    for _ in 0..2 {
        assert_eq!(house.expire_and_clean().await, 0);
    }
    assert_eq!(counted(&house).await, 1);
}

/// It said "success" with zeros everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn statistics_while_postgresql_is_down_are_an_error_that_says_so() {
    let server = PostgresServer::start();
    let tiers = Tiers::on(&Tiers::shared().redis_url, &server.url());
    let (store, clock) = tiers.service(fiml_session_core::Policy::default()).await;
    let house = House {
        tiers,
        store,
        clock,
    };
    house.create().await;
    server.kill();
    let analytics = SessionAnalytics::new(house.store.clone());
    let stats = analytics
        .get_session_stats(&ALL, &StatsRequest::default())
        .await;
    assert_eq!(stats.unwrap_err().code().name(), "archive_unavailable");
}

/// Its retention deleted the metrics too, so that a window of 90 days was empty.
#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_purged_sessions_stay() {
    let house = House::new().await;
    for _ in 0..3 {
        house.create().await;
    }
    assert_eq!(house.expire_and_clean().await, 3);
    house.clock.advance(Duration::from_hours(24 * 31));
    let archive = &house.store.stores().archive;
    let before = house.store.now().minus(Duration::from_hours(24 * 30));
    assert_eq!(archive.purge_before(before, MANY).await.unwrap(), 3);
    assert_eq!(house.list(true).await.total, 0);
    assert_eq!(counted(&house).await, 3);
}

/// What an archiver does before it dies.
async fn stage(house: &House, id: fiml_session_core::SessionId) {
    let stores = house.store.stores();
    let snapshot = stores.active.snapshot(id).await.unwrap().unwrap();
    let metrics = Some(SessionMetrics::of(&snapshot.session));
    let staged = [StagedSession { snapshot, metrics }];
    stores
        .archive
        .stage(&staged, house.store.now())
        .await
        .unwrap();
}

/// How many sessions the statistics of 90 days know.
async fn counted(house: &House) -> u64 {
    let request = StatsRequest {
        days: 90,
        ..StatsRequest::default()
    };
    let analytics = SessionAnalytics::new(house.store.clone());
    let stats = analytics.get_session_stats(&ALL, &request).await.unwrap();
    stats.total_sessions
}
