//! The contract of live sessions, on a store of your own.

use std::sync::Arc;

use custom_store::CountingStore;
use fiml_session_core::MemoryStore;

async fn fresh() -> Arc<CountingStore<MemoryStore>> {
    Arc::new(CountingStore::new(MemoryStore::new()))
}

fiml_testkit::active_store_suite!(fresh);
