//! Recording queries, and looking at a session, by how much it holds already.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use fiml_session_core::{
    Conditions, NewSession, Policy, SessionId, SessionStore, SessionType, Stores, SystemClock,
    store::Scope,
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore, Synchronous};

use crate::{
    report::{Side, compare, compare_rates},
    workload::query,
};

const ROUNDS: usize = 9;

pub(crate) async fn open(config: SqliteConfig) -> SessionStore {
    let store = Arc::new(SqliteStore::connect(config).await.unwrap());
    let mut policy = Policy::default();
    policy.limits.max_queries = 1_000_000;
    SessionStore::new(Stores::single(store), policy, Arc::new(SystemClock))
}

pub(crate) fn config(folder: &Path, name: &str) -> SqliteConfig {
    SqliteConfig::new(folder.join(name))
}

pub(crate) async fn session_of(store: &SessionStore, queries: usize) -> SessionId {
    let new = NewSession::new(SessionType::Equity, ["AAPL"]);
    let mut session = store
        .create_session(&Scope::All, &new, None)
        .await
        .unwrap()
        .session;
    for n in 0..queries {
        session.add_query(query(n));
    }
    store
        .update_session(&Scope::All, &mut session, Conditions::default())
        .await
        .unwrap();
    session.id
}

async fn time_appends(store: &SessionStore, sessions: &[SessionId]) -> Vec<Duration> {
    let mut times = Vec::with_capacity(sessions.len());
    for (n, &id) in sessions.iter().enumerate() {
        let started = Instant::now();
        store
            .record_query(&Scope::All, id, query(n), None)
            .await
            .unwrap();
        times.push(started.elapsed());
    }
    times
}

async fn time_looks(store: &SessionStore, sessions: &[SessionId]) -> Vec<Duration> {
    let mut times = Vec::with_capacity(sessions.len());
    for &id in sessions {
        let started = Instant::now();
        store.overview(&Scope::All, id, 5).await.unwrap();
        times.push(started.elapsed());
    }
    times
}

/// What a session holds must not matter, neither to an append nor to a look.
pub(crate) async fn flat() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(config(folder.path(), "flat.db")).await;
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        small.push(session_of(&store, 10).await);
        large.push(session_of(&store, 1_000).await);
    }
    let mut appends = (Side::default(), Side::default());
    let mut looks = (Side::default(), Side::default());
    for round in 0..=ROUNDS {
        let times = (
            time_looks(&store, &large).await,
            time_looks(&store, &small).await,
        );
        if round > 0 {
            looks.0.push(times.0);
            looks.1.push(times.1);
        }
    }
    // Each append makes a session longer; after ten rounds 10 has become 20.
    for round in 0..=ROUNDS {
        let times = (
            time_appends(&store, &large).await,
            time_appends(&store, &small).await,
        );
        if round > 0 {
            appends.0.push(times.0);
            appends.1.push(times.1);
        }
    }
    compare(
        "record_query, one task, synchronous=FULL (the quick start speaks of 5 ms)",
        ("at 1,000 queries", &appends.0),
        ("at 10 queries", &appends.1),
        "at most 1.15",
    );
    compare(
        "what get-session-info reads (the quick start speaks of 10 to 50 ms)",
        ("at 1,000 queries", &looks.0),
        ("at 10 queries", &looks.1),
        "at most 1.3",
    );
}

/// Appends a second from 32 tasks, each on a session of its own.
async fn rate(store: &SessionStore, sessions: &[SessionId], each: usize) -> f64 {
    let started = Instant::now();
    let tasks = sessions.iter().map(|&id| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..each {
                store
                    .record_query(&Scope::All, id, query(n), None)
                    .await
                    .unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let appends = u32::try_from(sessions.len() * each).unwrap();
    f64::from(appends) / started.elapsed().as_secs_f64()
}

/// What durability costs where commits are shared, and what sharing them brings.
pub(crate) async fn durable() {
    let folder = tempfile::tempdir().unwrap();
    let full = open(config(folder.path(), "full.db")).await;
    let normal = SqliteConfig {
        synchronous: Synchronous::Normal,
        ..config(folder.path(), "normal.db")
    };
    let normal = open(normal).await;
    let alone = SqliteConfig {
        group_limit: std::num::NonZeroUsize::MIN,
        ..config(folder.path(), "alone.db")
    };
    let alone = open(alone).await;
    let mut sides = Vec::new();
    for store in [full, normal, alone] {
        let mut sessions = Vec::new();
        for _ in 0..32 {
            sessions.push(session_of(&store, 10).await);
        }
        sides.push((store, sessions, Vec::new()));
    }
    for round in 0..=ROUNDS {
        for (store, sessions, rates) in &mut sides {
            let measured = rate(store, sessions, 200).await;
            if round > 0 {
                rates.push(measured);
            }
        }
    }
    let [full, normal, alone] = [&sides[0].2, &sides[1].2, &sides[2].2].map(Vec::as_slice);
    compare_rates(
        "durable appends from 32 tasks, shared commits",
        ("synchronous=FULL", full),
        ("synchronous=NORMAL", normal),
        "at least 0.7",
    );
    compare_rates(
        "durable appends from 32 tasks, synchronous=FULL",
        ("shared commits", full),
        ("one commit an append", alone),
        "at least 5",
    );
}
