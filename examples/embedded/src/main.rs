//! Sessions in one file inside a program of your own: created, used, found again by a second opening.

#![expect(clippy::print_stdout, reason = "an example prints what it did")]

use std::{path::Path, sync::Arc};

use anyhow::Result;
use fiml_session_core::{
    ListRequest, NewSession, Policy, QueryRecord, ScopedStore, SessionStore, SessionType, Stores,
    SystemClock, store::Scope,
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use serde_json::json;

async fn open(file: &Path) -> Result<ScopedStore> {
    let store = Arc::new(SqliteStore::connect(SqliteConfig::new(file)).await?);
    let store = SessionStore::new(
        Stores::single(store),
        Policy::default(),
        Arc::new(SystemClock),
    );
    // A service with users of its own would say Scope::Owner(user) here, call by call.
    Ok(store.scoped(Scope::All))
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sessions.db");

    let store = open(&file).await?;
    let new = NewSession {
        user_id: Some("user_123".to_owned()),
        tags: vec!["tech".to_owned()],
        ..NewSession::new(SessionType::Equity, ["AAPL", "GOOG"])
    };
    let mut session = store.create_session(new).await?;
    session.add_query(QueryRecord {
        result_summary: "AAPL 223.02 (stocks.csv, as of 2010-03-01)".to_owned(),
        ..QueryRecord::new("price")
    });
    session.state.update_context("user_preference", "detailed");
    session
        .state
        .store_intermediate_result("analysis_1", json!({"data": "value"}));
    store.update_session(&mut session).await?;
    drop(store);

    let store = open(&file).await?;
    let request = ListRequest {
        user_id: Some("user_123".to_owned()),
        ..ListRequest::default()
    };
    for found in store.list_user_sessions(&request).await?.sessions {
        let session = store.get_session(found.header.id).await?;
        let history = &session.state.history;
        println!("{} holds {} query:", session.id, history.total_queries());
        for query in history.get_recent_queries(5) {
            println!(
                "  {}. {}: {}",
                query.seq, query.query_type, query.result_summary
            );
        }
        println!(
            "  user_preference is {:?}",
            session.state.get_context("user_preference")
        );
    }
    Ok(())
}
