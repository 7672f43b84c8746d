//! Several stores on one file, and reads beside writes.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::{sync::Arc, time::Duration};

use common::{at, new_session, query};
use diesel::{Connection, connection::SimpleConnection, sqlite::SqliteConnection};
use fiml_session_core::{
    ChangeBatch, Limits, SessionChange, SessionId,
    store::{ActiveStore, Scope, StoreError},
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};

fn append(n: u64) -> ChangeBatch {
    SessionChange::QueryAdded { query: query(n) }.into()
}

async fn stores(count: usize) -> (tempfile::TempDir, Vec<Arc<SqliteStore>>) {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sessions.db"));
    let mut stores = Vec::new();
    for _ in 0..count {
        stores.push(Arc::new(
            SqliteStore::connect(config.clone()).await.unwrap(),
        ));
    }
    (folder, stores)
}

/// Appends from `tasks` tasks on each store; how many were taken and how many refused.
async fn append_from_all(
    stores: &[Arc<SqliteStore>],
    id: SessionId,
    tasks: usize,
    each: u64,
    limits: &Limits,
) -> (u64, u64) {
    let mut running = Vec::new();
    for store in stores.iter().cycle().take(stores.len() * tasks) {
        let (store, limits) = (Arc::clone(store), limits.clone());
        running.push(tokio::spawn(async move {
            let (mut taken, mut refused) = (0, 0);
            for n in 0..each {
                match store
                    .apply(&Scope::All, id, &append(n), &limits, at(2))
                    .await
                {
                    Ok(applied) => taken += u64::from(applied.is_some()),
                    Err(StoreError::Refused(_)) => refused += 1,
                    Err(error) => panic!("{error:?}"),
                }
            }
            (taken, refused)
        }));
    }
    let mut sum = (0, 0);
    for task in running {
        let (taken, refused) = task.await.unwrap();
        sum = (sum.0 + taken, sum.1 + refused);
    }
    sum
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stores_that_share_a_file_number_queries_without_gaps_up_to_the_limit() {
    let (_folder, stores) = stores(3).await;
    let snapshot = new_session(1);
    let id = snapshot.session.id;
    stores[0].insert(&snapshot).await.unwrap();
    let limits = Limits {
        max_queries: 100,
        ..Limits::default()
    };
    let sum = append_from_all(&stores, id, 4, 10, &limits).await;
    assert_eq!(sum, (99, 21));
    let found = stores[2].get(&Scope::All, id).await.unwrap().unwrap();
    let history = found.state.history;
    let numbers: Vec<_> = history.queries().iter().map(|query| query.seq).collect();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
    assert!(stores[1].verify().await.unwrap().is_sound());
}

#[tokio::test]
async fn what_one_store_acknowledges_the_others_see_at_once() {
    let (_folder, stores) = stores(2).await;
    let snapshot = new_session(1);
    let id = snapshot.session.id;
    stores[0].insert(&snapshot).await.unwrap();
    for n in 0..20_usize {
        let (writer, reader) = (&stores[n % 2], &stores[(n + 1) % 2]);
        let (batch, limits) = (append(1), Limits::default());
        let applied = writer.apply(&Scope::All, id, &batch, &limits, at(2));
        let applied = applied.await.unwrap().unwrap();
        let seen = reader.overview(&Scope::All, id, 1).await.unwrap().unwrap();
        assert_eq!(seen.header.version, applied.version);
        assert_eq!(seen.recent_queries[0].seq, applied.total_queries);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_beside_writes_is_never_torn() {
    let (_folder, stores) = stores(1).await;
    let store = &stores[0];
    let snapshot = new_session(1);
    let id = snapshot.session.id;
    store.insert(&snapshot).await.unwrap();
    let limits = Limits::default();
    let writing = append_from_all(&stores, id, 4, 50, &limits);
    let reading = async {
        for _ in 0..100 {
            let found = store.get(&Scope::All, id).await.unwrap().unwrap();
            let history = found.state.history;
            assert_eq!(history.total_queries(), history.queries().len() as u64);
            assert_eq!(found.version, history.total_queries());
            let seen = store.overview(&Scope::All, id, 3).await.unwrap().unwrap();
            assert_eq!(seen.recent_queries[0].seq, seen.header.total_queries);
        }
    };
    let (sum, ()) = tokio::join!(writing, reading);
    assert_eq!(sum, (200, 0));
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_half_done() {
    let (_folder, stores) = stores(1).await;
    let snapshot = new_session(1);
    let id = snapshot.session.id;
    stores[0].insert(&snapshot).await.unwrap();
    for n in 0..50 {
        let (batch, limits) = (append(n), Limits::default());
        let mut call = stores[0].apply(&Scope::All, id, &batch, &limits, at(2));
        // Polled once, so that it is under way, and dropped.
        let poll = std::future::poll_fn(|context| {
            std::task::Poll::Ready(call.as_mut().poll(context).is_ready())
        });
        poll.await;
    }
    let report = stores[0].verify().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_unavailable_and_nothing_is_done() {
    let (folder, stores) = stores(1).await;
    let path = folder.path().join("sessions.db");
    let config = SqliteConfig {
        busy_timeout: Duration::from_millis(20),
        ..SqliteConfig::new(&path)
    };
    let hasty = SqliteStore::connect(config).await.unwrap();
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let error = hasty.insert(&new_session(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(error.is_transient());
    // Whoever opens the file meanwhile can read all the same.
    let reading = SqliteStore::connect(SqliteConfig::new(&path))
        .await
        .unwrap();
    assert_eq!(reading.verify().await.unwrap().sessions, 0);
    other.batch_execute("ROLLBACK").unwrap();
    hasty.insert(&new_session(1)).await.unwrap();
    assert_eq!(stores[0].verify().await.unwrap().sessions, 1);
}
