//! Figures of live sessions, whose queries are counted together and not one by one.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

use fiml_session_core::{
    ChangeBatch, QueryRecord, Session, SessionChange, SessionMetrics,
    store::{ActiveStore, MetricsFilter, Scope},
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use fiml_testkit::fixtures::{after, apply, id, insert, live, session};

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
