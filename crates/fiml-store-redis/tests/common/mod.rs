//! Stores of these tests, and a way past them.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::{num::NonZeroUsize, time::Duration};

use fiml_session_core::{
    Applied, Limits, SessionHeader, SessionId, Timestamp,
    store::{ActiveStore, Page, Scope, SessionFilter, StoreError},
};
use fiml_store_redis::{RedisConfig, RedisStore};
use fiml_testkit::{
    fixtures::{HOUR, MANY, after, ask},
    servers::{RedisServer, unique},
};

/// Settings with a prefix that nobody else has.
pub(crate) fn config(url: impl Into<String>) -> RedisConfig {
    RedisConfig {
        key_prefix: unique("fiml"),
        ..RedisConfig::new(url)
    }
}

pub(crate) async fn connect(config: &RedisConfig) -> RedisStore {
    RedisStore::connect(config.clone()).await.unwrap()
}

/// A store that gives up early, where a test waits for it to give up.
pub(crate) async fn impatient(url: String) -> RedisStore {
    let timeout = Duration::from_millis(200);
    connect(&RedisConfig {
        timeout,
        ..config(url)
    })
    .await
}

/// Adds a query, whatever becomes of it.
pub(crate) async fn append(
    store: &RedisStore,
    id: SessionId,
) -> Result<Option<Applied>, StoreError> {
    let (batch, limits) = (ask("price").into(), Limits::default());
    store
        .apply(&Scope::All, id, &batch, &limits, after(HOUR))
        .await
}

pub(crate) async fn list(store: &RedisStore, scope: &Scope) -> Vec<SessionHeader> {
    let page = Page {
        after: None,
        limit: MANY,
    };
    let filter = SessionFilter::default();
    store.list(scope, &filter, page).await.unwrap()
}

pub(crate) async fn expired(store: &RedisStore, limit: usize) -> Vec<SessionId> {
    let limit = NonZeroUsize::new(limit).unwrap();
    store.expired(Timestamp::MAX, limit).await.unwrap()
}

/// The name of a session's key.
pub(crate) fn key_of(prefix: &str, id: SessionId, part: &str) -> String {
    let bucket = id.uuid().as_u128() % 1_024;
    format!("{prefix}:{{b{bucket}}}:{id}:{part}")
}

/// Sends words that need not be text past every store.
pub(crate) fn raw(server: &RedisServer, words: &[&[u8]]) -> redis::Value {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let mut command = redis::cmd(std::str::from_utf8(words[0]).unwrap());
    command.arg(&words[1..]);
    command.query(&mut connection).unwrap()
}
