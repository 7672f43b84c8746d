//! Random operations on two files, one a tier, side by side with memory.
//!
//! The store's own tests compare one file in every role; here live and archived sessions lie apart, as
//! they do wherever the tiers are two servers.

use std::sync::Arc;

use tempfile::TempDir;

use fiml_session_core::Stores;
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use fiml_testkit::Kept;

async fn fresh() -> Kept<Stores, TempDir> {
    let guard = tempfile::tempdir().expect("a temporary folder");
    let connect = async |name| {
        let config = SqliteConfig::new(guard.path().join(name));
        let store = SqliteStore::connect(config).await;
        Arc::new(store.expect("a new file in a folder of its own"))
    };
    let (live, archive) = (connect("live.db").await, connect("archive.db").await);
    let store = Stores {
        active: live,
        metrics: Arc::<SqliteStore>::clone(&archive),
        archive,
    };
    Kept { store, guard }
}

fiml_testkit::model_suite!(fresh);
