//! The reference implementation keeps every promise.

use std::sync::Arc;

use fiml_session_core::MemoryStore;

async fn fresh() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new())
}

fiml_testkit::active_store_suite!(fresh);
fiml_testkit::active_census_suite!(fresh);
fiml_testkit::archive_store_suite!(fresh);
fiml_testkit::metrics_store_suite!(fresh);
fiml_testkit::archive_upkeep_suite!(fresh);
fiml_testkit::job_store_suite!(fresh);
