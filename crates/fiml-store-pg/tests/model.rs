//! PostgreSQL and memory side by side, over random operations; live sessions lie in memory on both sides.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::sync::Arc;

use fiml_session_core::{MemoryStore, Stores};
use fiml_store_pg::PgStore;
use fiml_testkit::Kept;

async fn fresh() -> Kept<Stores, ()> {
    let archive = common::fresh().await;
    let store = Stores {
        active: Arc::new(MemoryStore::new()),
        archive: Arc::<PgStore>::clone(&archive),
        metrics: archive,
    };
    Kept { store, guard: () }
}

fiml_testkit::model_suite!(fresh);
