//! Figures of live sessions, whose queries are counted together, and of archived ones, which are added up.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

use std::collections::BTreeSet;

use diesel::{Connection, connection::SimpleConnection, sqlite::SqliteConnection};
use fiml_session_core::{
    ChangeBatch, QueryRecord, Session, SessionChange, SessionMetrics, Timestamp,
    store::{ActiveStore, ArchiveUpkeep, MetricsFilter, MetricsStore, Scope},
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use fiml_testkit::fixtures::{
    MANY, START, after, apply, archived, full_session, id, insert, live, session,
};

fn query(n: u32) -> QueryRecord {
    QueryRecord {
        source: n.is_multiple_of(2).then(|| "file".to_owned()),
        error: n.is_multiple_of(7).then(|| "no answer".to_owned()),
        execution_time_ms: Some(f64::from(n % 5)),
        ..QueryRecord::new(["price", "news"][n as usize % 2])
    }
}

fn batch(queries: std::ops::Range<u32>) -> ChangeBatch {
    ChangeBatch {
        changes: queries
            .map(|n| SessionChange::QueryAdded { query: query(n) })
            .collect(),
        ..ChangeBatch::default()
    }
}

async fn figures(store: &SqliteStore) -> Vec<SessionMetrics> {
    let any = MetricsFilter::default();
    store.metrics(&Scope::All, &any).await.unwrap()
}

#[tokio::test]
async fn they_agree_with_the_history_at_every_length() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sessions.db"));
    let store = SqliteStore::connect(config).await.unwrap();
    insert(&store, &session(1)).await;
    for n in 0..70 {
        let found = figures(&store).await;
        assert_eq!(
            found,
            [SessionMetrics::of(&live(&store, id(1)).await)],
            "{n} queries"
        );
        let at = after(std::time::Duration::from_secs(1));
        apply(&store, id(1), &batch(n..n + 1), at).await.unwrap();
    }
}

#[tokio::test]
async fn they_agree_with_the_history_however_many_queries_come_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sessions.db"));
    let store = SqliteStore::connect(config).await.unwrap();
    insert(&store, &session(1)).await;
    let at = after(std::time::Duration::from_secs(1));
    let mut from = 0;
    for length in [1, 30, 1, 31, 33, 64, 100, 7] {
        apply(&store, id(1), &batch(from..from + length), at)
            .await
            .unwrap();
        from += length;
        let found: Session = live(&store, id(1)).await;
        assert_eq!(
            figures(&store).await,
            [SessionMetrics::of(&found)],
            "{from} queries"
        );
        // A session that comes back from the archive is counted as it comes.
        let snapshot = store.snapshot(id(1)).await.unwrap().unwrap();
        assert!(store.remove(&Scope::All, id(1)).await.unwrap());
        store.insert(&snapshot).await.unwrap();
        assert_eq!(
            figures(&store).await,
            [SessionMetrics::of(&found)],
            "{from} queries"
        );
    }
}

#[tokio::test]
async fn figures_without_sums_are_found_and_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::connect(SqliteConfig::new(&path))
        .await
        .unwrap();
    for n in 1..=50 {
        archived(&store, full_session(n), START).await;
    }
    let (any, none) = (MetricsFilter::default(), BTreeSet::new());
    let late = Timestamp::MAX;
    let digest = async || {
        let digest = store.digest(&Scope::All, &any, &none, late).await;
        digest.unwrap()
    };
    let before = digest().await;
    assert_eq!(before.sessions, 50);
    let one_type_in_one_hour = 2;
    for _ in 0..2 {
        let rolled_up = store.roll_up(late, MANY).await.unwrap();
        assert_eq!(rolled_up, one_type_in_one_hour);
        assert_eq!(digest().await, before);
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("DELETE FROM metrics_rollups").unwrap();
        store.forget_rollups().await.unwrap();
        assert_eq!(digest().await, before);
    }
}
