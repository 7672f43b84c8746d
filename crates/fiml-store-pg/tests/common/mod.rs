//! Stores and sessions to try them with.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::sync::Arc;

use fiml_session_core::{
    AnalysisHistory, QueryRecord, SessionMetrics,
    store::{ArchiveStore, StageOutcome, StagedSession, Unsettled, UnsettledState},
};
use fiml_store_pg::{PgConfig, PgStore};
use fiml_testkit::{
    fixtures::{START, full_session},
    servers::{PostgresServer, shared_postgres, unique},
};
use tokio_postgres::NoTls;

/// A schema that nobody else uses, on the server that all tests share.
pub(crate) fn config() -> PgConfig {
    config_on(shared_postgres())
}

/// The same on a server of one's own.
pub(crate) fn config_on(server: &PostgresServer) -> PgConfig {
    let mut config = PgConfig::new(server.url());
    config.schema = Some(unique("fiml"));
    config
}

pub(crate) async fn connect(config: &PgConfig) -> PgStore {
    PgStore::connect(config.clone()).await.unwrap()
}

/// An empty store.
pub(crate) async fn fresh() -> Arc<PgStore> {
    Arc::new(connect(&config()).await)
}

/// The n-th session at a version, with a history of that length.
pub(crate) fn staged(n: u32, version: u64) -> StagedSession {
    let mut session = full_session(n);
    let queries = (1..=version).map(|seq| QueryRecord {
        seq,
        version: seq,
        timestamp: Some(START),
        ..QueryRecord::new("price")
    });
    session.version = version;
    session.state.history = AnalysisHistory::from_stored(queries.collect(), version, 0);
    StagedSession {
        metrics: Some(SessionMetrics::of(&session)),
        snapshot: session.into(),
    }
}

/// Stages a session and has it arrive.
pub(crate) async fn archive(store: &PgStore, staged: &StagedSession) {
    let outcomes = store.stage(std::slice::from_ref(staged), START).await;
    assert_eq!(outcomes.unwrap(), [StageOutcome::Staged { since: START }]);
    assert!(store.settle(&pending(staged), START).await.unwrap());
}

/// The row of a session that was staged at the beginning.
pub(crate) fn pending(staged: &StagedSession) -> Unsettled {
    Unsettled {
        id: staged.snapshot.session.id,
        version: staged.snapshot.session.version,
        state: UnsettledState::Pending,
        since: START,
    }
}

/// A connection past every store, in a transaction, with the configuration's schema for its search path.
pub(crate) async fn beside(config: &PgConfig) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&config.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let schema = config.schema.as_deref().unwrap();
    let begin = format!("SET search_path TO {schema}; BEGIN");
    client.batch_execute(&begin).await.unwrap();
    client
}

/// Waits until a statement that holds this text waits for a lock.
pub(crate) async fn waits(client: &tokio_postgres::Client, text: &str) {
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
        AND position($1 in query) > 0";
    while client.query(waiting, &[&text]).await.unwrap().is_empty() {
        // Inside a transaction the view stays as it was first seen.
        client
            .batch_execute("SELECT pg_stat_clear_snapshot()")
            .await
            .unwrap();
        tokio::task::yield_now().await;
    }
}

/// Runs one statement past every store, with the configuration's schema for every `{}`.
pub(crate) fn raw(config: &PgConfig, statement: &str) -> String {
    let schema = config.schema.as_deref().unwrap();
    shared_postgres().execute(&statement.replace("{}", schema))
}
