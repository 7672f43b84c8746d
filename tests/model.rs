//! Random operations on two tiers that lie apart, side by side with memory.
//!
//! The stores' own tests compare one store at a time; here live and archived sessions are in different
//! places, as users have them.

mod two_files {
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
}

mod redis_and_postgresql {
    use fiml_session_core::Stores;
    use fiml_testkit::Kept;
    use fiml_tests::place::Tiers;

    async fn fresh() -> Kept<Stores, Tiers> {
        let guard = Tiers::shared();
        let store = guard.stores().await;
        Kept { store, guard }
    }

    fiml_testkit::model_suite!(fresh);
}
