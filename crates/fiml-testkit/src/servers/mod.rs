//! Private Redis and PostgreSQL servers for the tests of this workspace.
//!
//! A server has a free loopback port and a temporary folder, and both end with the test process, however
//! that ends: a small shell stands beside each server, waits on a pipe that only this process holds open,
//! then stops the server by its process id and removes the folder.
//!
//! Everything here blocks and panics where it fails, as tests do. A missing program names `just setup`.

mod account;
mod port;
mod postgres;
mod program;
mod redis;
mod redis_cluster;
mod reply;
mod watchdog;

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

pub use self::{
    postgres::{PostgresServer, shared_postgres},
    redis::{RedisServer, shared_redis},
    redis_cluster::{RedisCluster, shared_redis_cluster},
};

/// A name that no other call gives, in this process or any other: for schemas, key prefixes and files.
///
/// The prefix, then lower-case letters, digits and underscores, 40 characters at most.
#[must_use]
pub fn unique(prefix: &str) -> String {
    // A process id alone comes back one day, and a server outside may still hold what it was used for.
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}_{:016x}_{count}", *PROCESS)
}
