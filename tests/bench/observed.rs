//! What it costs that somebody looks: appends to a store that is observed, and to one that is not.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fiml_session_core::{
    MemoryStore, Policy, SessionId, SessionStore, Stores, SystemClock, store::Scope,
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use fiml_telemetry::{Sources, Telemetry};

use crate::{
    appends::session_of,
    report::{Side, compare},
    workload::query,
};

const ROUNDS: usize = 9;

fn service(stores: Stores) -> SessionStore {
    SessionStore::new(stores, Policy::default(), Arc::new(SystemClock))
}

fn observed(stores: Stores) -> Stores {
    let memory = Arc::new(MemoryStore::new());
    let telemetry = Telemetry::new(Sources {
        health: Vec::new(),
        census: Arc::<MemoryStore>::clone(&memory),
        runs: memory,
        jobs: Vec::new(),
        clock: Arc::new(SystemClock),
        archive_grace: Duration::from_secs(60),
    });
    telemetry.stores(stores)
}

async fn appends(store: &SessionStore, id: SessionId, count: usize) -> Vec<Duration> {
    let mut times = Vec::with_capacity(count);
    for n in 0..count {
        let query = query(n);
        let began = Instant::now();
        store
            .record_query(&Scope::All, id, query, None)
            .await
            .unwrap();
        times.push(began.elapsed());
    }
    times
}

async fn turns(title: &str, stores: Stores, count: usize) {
    let mut plain = (service(stores.clone()), Side::default());
    let mut watched = (service(observed(stores)), Side::default());
    for round in 0..=ROUNDS {
        for (store, side) in [&mut plain, &mut watched] {
            // A new one each round, because an append to a store in memory grows with its session.
            let id = session_of(store, 1).await;
            let times = appends(store, id, count).await;
            if round > 0 {
                side.push(times);
            }
        }
    }
    let target = "about 1";
    compare(
        title,
        ("observed", &watched.1),
        ("not observed", &plain.1),
        target,
    );
}

/// On the file, as it is used; and in memory, where nothing hides the difference.
pub(crate) async fn record_query() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("observed.db"));
    let file = SqliteStore::connect(config).await.unwrap();
    turns(
        "record_query on the file, each synced",
        Stores::single(Arc::new(file)),
        300,
    )
    .await;
    turns(
        "record_query in memory",
        Stores::single(Arc::new(MemoryStore::new())),
        300,
    )
    .await;
}
