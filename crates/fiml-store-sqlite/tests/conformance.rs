//! The contract of every port, each test on a file of its own.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use fiml_testkit::Kept;
use tempfile::TempDir;

async fn fresh() -> Kept<SqliteStore, TempDir> {
    let guard = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(guard.path().join("sessions.db"));
    let store = SqliteStore::connect(config).await.unwrap();
    Kept { store, guard }
}

fiml_testkit::active_store_suite!(fresh);
fiml_testkit::active_census_suite!(fresh);
fiml_testkit::archive_store_suite!(fresh);
fiml_testkit::metrics_store_suite!(fresh);
fiml_testkit::archive_upkeep_suite!(fresh);
fiml_testkit::job_store_suite!(fresh);
