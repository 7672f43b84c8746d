//! A page of one user's sessions, by how many the user has.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fiml_session_core::{
    ListRequest, NewSession, Policy, SessionStore, SessionType, Stores, SystemClock, store::Scope,
};
use fiml_store_sqlite::{SqliteStore, Synchronous};

use crate::{
    appends::config,
    report::{Side, compare},
};

async fn user_of(file: &std::path::Path, name: &str, sessions: usize) -> SessionStore {
    let mut config = config(file, name);
    // Filling is not what is measured.
    config.synchronous = Synchronous::Normal;
    let store = Arc::new(SqliteStore::connect(config).await.unwrap());
    let store = SessionStore::new(
        Stores::single(store),
        Policy::default(),
        Arc::new(SystemClock),
    );
    let tasks = (0..32).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let new = NewSession {
                user_id: Some("user_123".to_owned()),
                ..NewSession::new(SessionType::Equity, ["AAPL"])
            };
            for _ in 0..sessions / 32 {
                store.create_session(&Scope::All, &new, None).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    store
}

/// A page of 50 among 100,000 and among 1,000, the first page and one in the middle.
pub(crate) async fn one_user() {
    let folder = tempfile::tempdir().unwrap();
    let many = user_of(folder.path(), "many.db", 100_000).await;
    let few = user_of(folder.path(), "few.db", 1_024).await;
    for (title, include_archived) in [("live sessions", false), ("expired and archived too", true)]
    {
        let request = ListRequest {
            user_id: Some("user_123".to_owned()),
            include_archived,
            ..ListRequest::default()
        };
        let mut sides = (Side::default(), Side::default());
        for round in 0..=9 {
            let times = (pages(&many, &request).await, pages(&few, &request).await);
            if round > 0 {
                sides.0.push(times.0);
                sides.1.push(times.1);
            }
        }
        compare(
            &format!("a page of 50 sessions of one user, {title}"),
            ("among 100,000", &sides.0),
            ("among 1,000", &sides.1),
            "at most 1.5",
        );
    }
}

/// The first ten pages.
async fn pages(store: &SessionStore, request: &ListRequest) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut request = request.clone();
    for _ in 0..10 {
        let started = Instant::now();
        let page = store
            .list_user_sessions(&Scope::All, &request)
            .await
            .unwrap();
        times.push(started.elapsed());
        assert_eq!(page.sessions.len(), 50);
        request.cursor = page.next_cursor;
    }
    times
}
