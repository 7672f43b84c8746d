//! The machinery of the model test, on two stores that cannot differ.

use std::sync::Arc;

use fiml_session_core::{MemoryStore, Stores};
use fiml_testkit::Kept;

async fn fresh() -> Kept<Stores, ()> {
    Kept {
        store: Stores::single(Arc::new(MemoryStore::new())),
        guard: (),
    }
}

fiml_testkit::model_suite!(fresh);
