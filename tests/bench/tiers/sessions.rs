//! Sessions to measure with, and how they get into Redis.

use std::{sync::Arc, time::Duration};

use fiml_session_core::{
    AnalysisHistory, QueryRecord, Session, SessionId, SessionState, SessionType, Timestamp,
    store::ActiveStore,
};
use fiml_store_redis::RedisStore;

use crate::workload::query;

const DAY: Duration = Duration::from_hours(24);

/// A session of so many queries that lives for a day.
pub(crate) fn session(owner: &str, created_at: Timestamp, queries: usize) -> Session {
    let mut state = SessionState::default();
    let count = u64::try_from(queries).unwrap();
    let records = (0..queries).map(|n| QueryRecord {
        seq: n as u64 + 1,
        version: n as u64 + 2,
        timestamp: Some(created_at),
        ..query(n)
    });
    let records: Vec<_> = records.collect();
    let hits = records.iter().filter(|record| record.cache_hit).count();
    state.history = AnalysisHistory::from_stored(records, count, hits as u64);
    Session {
        id: SessionId::at(created_at),
        user_id: Some(owner.parse().unwrap()),
        session_type: SessionType::Equity,
        assets: vec!["AAPL".parse().unwrap()],
        tags: vec!["tech".parse().unwrap()],
        created_at,
        expires_at: created_at.plus(DAY),
        last_accessed_at: created_at,
        version: count + 1,
        state,
    }
}

/// Stores what is made for each number, many at once.
pub(crate) async fn fill(
    store: &Arc<RedisStore>,
    count: usize,
    make: impl Fn(usize) -> Session + Send + Sync + 'static,
) -> Vec<SessionId> {
    const TASKS: usize = 64;
    let make = Arc::new(make);
    let tasks = (0..TASKS.min(count)).map(|first| {
        let (store, make) = (Arc::clone(store), Arc::clone(&make));
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for n in (first..count).step_by(TASKS) {
                let session = make(n);
                ids.push(session.id);
                store.insert(&session.into()).await.unwrap();
            }
            ids
        })
    });
    let mut ids = Vec::with_capacity(count);
    for task in tasks.collect::<Vec<_>>() {
        ids.extend(task.await.unwrap());
    }
    ids
}
