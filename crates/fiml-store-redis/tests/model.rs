//! Redis and memory side by side, over random operations; the archive is in memory on both sides.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

use std::sync::Arc;

use fiml_session_core::{MemoryStore, Stores};
use fiml_store_redis::{RedisConfig, RedisStore};
use fiml_testkit::{
    Kept,
    servers::{shared_redis, unique},
};

async fn fresh() -> Kept<Stores, ()> {
    let config = RedisConfig {
        key_prefix: unique("fiml"),
        ..RedisConfig::new(shared_redis().url())
    };
    let memory = Stores::single(Arc::new(MemoryStore::new()));
    let store = Stores {
        active: Arc::new(RedisStore::connect(config).await.unwrap()),
        ..memory
    };
    Kept { store, guard: () }
}

fiml_testkit::model_suite!(fresh);
