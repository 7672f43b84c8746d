//! Sessions to store, and a way past the store.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::path::Path;

use diesel::{Connection, connection::SimpleConnection, sqlite::SqliteConnection};
use fiml_session_core::{
    AnalysisHistory, Entry, QueryRecord, Session, SessionId, SessionSnapshot, SessionState,
    SessionType, StateMap, Timestamp,
};
use serde_json::json;

/// The instant so many seconds after 2100-01-01.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(4_102_444_800_000_000 + seconds * 1_000_000)
}

/// A query of its own kind for each number.
pub(crate) fn query(n: u64) -> QueryRecord {
    QueryRecord {
        timestamp: Some(at(1)),
        result_summary: format!("answer {n}, {}", "x".repeat(200)),
        execution_time_ms: Some(12.5),
        source: Some("file".to_owned()),
        ..QueryRecord::new("price")
    }
}

/// The same session for the same number.
pub(crate) fn new_session(n: u64) -> SessionSnapshot {
    let id = SessionId::from_uuid(uuid::Uuid::from_u64_pair(0x7000, 0x8000 << 48 | n));
    let stored = QueryRecord {
        seq: 1,
        version: 1,
        ..query(n)
    };
    let mut state = SessionState::default();
    state.history = AnalysisHistory::from_stored(vec![stored], 1, 0);
    let entry = Entry {
        value: json!({"n": n}),
        version: 1,
    };
    state
        .entries_mut(StateMap::Context)
        .insert("key".to_owned(), entry);
    SessionSnapshot::from(Session {
        id,
        user_id: None,
        session_type: SessionType::Equity,
        assets: vec!["AAPL".parse().unwrap()],
        tags: vec!["tech".parse().unwrap()],
        created_at: at(0),
        expires_at: at(3_600),
        last_accessed_at: at(0),
        version: 1,
        state,
    })
}

/// Runs statements on the file beside every store.
pub(crate) fn raw(path: &Path, sql: &str) {
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute(sql).unwrap();
}
