//! Sessions in two tiers inside a program of your own: live in Redis, archived in PostgreSQL, and back.
//!
//! `cargo run -p two_tier -- redis://127.0.0.1:6379 postgres://fiml:fiml@127.0.0.1:5432/fiml`

#![expect(clippy::print_stdout, reason = "an example prints what it did")]

use std::sync::Arc;

use anyhow::{Context, Result};
use fiml_session_core::{
    NewSession, Policy, QueryRecord, SessionStore, SessionType, Stores, SystemClock, store::Scope,
};
use fiml_store_pg::{PgConfig, PgStore};
use fiml_store_redis::{RedisConfig, RedisStore};

#[tokio::main]
async fn main() -> Result<()> {
    let mut urls = std::env::args().skip(1);
    let usage = "say where the servers are: two_tier REDIS_URL DATABASE_URL";
    let redis = RedisConfig::new(urls.next().context(usage)?);
    let postgres = PgConfig::new(urls.next().context(usage)?);

    let archive = Arc::new(PgStore::connect(postgres).await?);
    let stores = Stores {
        active: Arc::new(RedisStore::connect(redis).await?),
        archive: Arc::<PgStore>::clone(&archive),
        metrics: archive,
    };
    let service = SessionStore::new(stores, Policy::default(), Arc::new(SystemClock));
    // A service with users of its own would say Scope::Owner(user) here, call by call.
    let store = service.scoped(Scope::All);

    let new = NewSession::new(SessionType::Comparative, ["AAPL", "MSFT"]);
    let id = store.create_session(new).await?.id;
    let asked = store.record_query(id, QueryRecord::new("price")).await?;
    println!("{id} is live in Redis with query {}", asked.total_queries);

    // What the cleanup does to every expired session, for this one and now.
    store.archive_session(id).await?;
    let found = store.overview(id, 5).await?;
    println!(
        "it is archived in PostgreSQL: {}, with {} query at hand",
        found.is_archived,
        found.recent_queries.len()
    );

    let extended = store.extend_session(id, 24.0).await?;
    let session = store.get_session(id).await?;
    println!(
        "it is back whole, {} query, until {}",
        session.state.history.total_queries(),
        extended.expires_at
    );
    store.delete_session(id).await?;
    println!("it is deleted, in both");
    Ok(())
}
