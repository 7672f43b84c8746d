//! Writing sessions into the archive, beside a bare binary COPY of the same rows into the same tables.

use std::time::Instant;

use fiml_session_core::{
    SessionMetrics,
    store::{ArchiveStore, StagedSession},
};
use tokio_postgres::{Client, NoTls};

use crate::{
    ROUNDS,
    bare_row::{Row, copy, row},
    report::compare_rates,
    servers::{Servers, now},
    sessions::session,
};

/// Sessions of a round.
const SESSIONS: usize = 2_000;
const QUERIES: usize = 10;

pub(crate) async fn beside_copy(servers: &Servers) {
    let store = servers.tiers().postgres().await;
    let client = bare_tables(servers).await;
    let bytes = serde_json::to_vec(&staged().snapshot).unwrap().len();
    for batch in [100, 1_000] {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let sessions: Vec<_> = (0..SESSIONS).map(|_| staged()).collect();
            let rows: Vec<_> = sessions.iter().map(row).collect();
            let rates = (
                stage(&store, &sessions, batch).await,
                copy_all(&client, &rows, batch).await,
            );
            if round > 0 {
                ours.push(rates.0);
                bare.push(rates.1);
            }
        }
        compare_rates(
            &format!("archiving sessions of {QUERIES} queries, {bytes} bytes, {batch} a commit"),
            ("stage", &ours),
            ("COPY", &bare),
            "at least 0.5",
        );
    }
}

fn staged() -> StagedSession {
    let session = session("analyst", now(), QUERIES);
    StagedSession {
        metrics: Some(SessionMetrics::of(&session)),
        snapshot: session.into(),
    }
}

/// A connection to tables of its own, with their indexes.
async fn bare_tables(servers: &Servers) -> Client {
    let tiers = servers.tiers();
    // Connecting makes the tables.
    drop(tiers.postgres().await);
    let (client, connection) = tokio_postgres::connect(&tiers.database_url, NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let path = format!("SET search_path TO {}", tiers.schema);
    client.batch_execute(&path).await.unwrap();
    client
}

/// Sessions staged a second.
async fn stage(store: &dyn ArchiveStore, sessions: &[StagedSession], batch: usize) -> f64 {
    let started = Instant::now();
    for batch in sessions.chunks(batch) {
        let staged = store.stage(batch, now()).await.unwrap();
        assert_eq!(staged.len(), batch.len());
    }
    sessions.len() as f64 / started.elapsed().as_secs_f64()
}

/// Rows copied a second.
async fn copy_all(client: &Client, rows: &[Row], batch: usize) -> f64 {
    let started = Instant::now();
    for batch in rows.chunks(batch) {
        copy(client, batch).await;
    }
    rows.len() as f64 / started.elapsed().as_secs_f64()
}
