//! The file and memory side by side, over random operations.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

use std::sync::Arc;

use fiml_session_core::Stores;
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use fiml_testkit::Kept;
use tempfile::TempDir;

async fn fresh() -> Kept<Stores, TempDir> {
    let guard = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(guard.path().join("sessions.db"));
    let store = Stores::single(Arc::new(SqliteStore::connect(config).await.unwrap()));
    Kept { store, guard }
}

fiml_testkit::model_suite!(fresh);
