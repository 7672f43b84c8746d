//! The servers that are measured, and the service on them.

use std::sync::Arc;

use fiml_session_core::{Clock, Policy, SessionStore, SystemClock, Timestamp};
use fiml_testkit::servers::{PostgresServer, RedisServer};
use fiml_tests::place::Tiers;

/// A Redis and a PostgreSQL that serve nobody else.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) redis: RedisServer,
    pub(crate) postgres: PostgresServer,
}

impl Servers {
    pub(crate) fn start() -> Self {
        Self {
            redis: RedisServer::start_with(&[("appendonly", "no")]),
            postgres: PostgresServer::start(),
        }
    }

    /// A part of its own of both.
    pub(crate) fn tiers(&self) -> Tiers {
        Tiers::on(&self.redis.url(), &self.postgres.url())
    }

    /// Throws away everything that Redis holds, so that a section finds it as the one before did.
    pub(crate) fn empty_redis(&self) {
        let said = self.redis.command(&["FLUSHALL"]);
        assert_eq!(said, "OK");
    }
}

/// The service on both tiers, with a limit of queries that no measurement reaches.
pub(crate) async fn service(tiers: &Tiers) -> SessionStore {
    let mut policy = Policy::default();
    policy.limits.max_queries = 1_000_000;
    SessionStore::new(tiers.stores().await, policy, Arc::new(SystemClock))
}

/// The instant it is.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}
