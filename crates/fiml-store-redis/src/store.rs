//! The store, and how its calls reach the server.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use fiml_session_core::{SessionId, store::StoreError};
use redis::{Cmd, FromRedisValue};

use crate::{
    error::Effect,
    keys::{Keys, Part},
    link::{Call, Deadline, Link},
    script::{Operands, Script},
    seen::Seen,
};

/// Keeps live sessions in Redis, on one server or a cluster.
///
/// Calls share a few connections, which come back by themselves after an outage. Several stores, in one
/// process or in many, may share the keys under a prefix.
pub struct RedisStore {
    pub(crate) keys: Keys,
    pub(crate) link: Link,
    full_reads: Vec<Link>,
    turn: AtomicUsize,
    pub(crate) seen: Seen,
    timeout: Duration,
    addresses: String,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("addresses", &self.addresses)
            .field("keys", &self.keys)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl RedisStore {
    pub(crate) fn new(
        keys: Keys,
        link: Link,
        full_reads: Vec<Link>,
        timeout: Duration,
        addresses: String,
    ) -> Self {
        Self {
            keys,
            link,
            full_reads,
            turn: AtomicUsize::new(0),
            seen: Seen::default(),
            timeout,
            addresses,
        }
    }

    /// A call that reads and ends within the time-out.
    pub(crate) fn reads(&self, id: Option<SessionId>) -> Call {
        Call {
            effect: Effect::Reads,
            id,
            deadline: Deadline::after(self.timeout),
        }
    }

    /// A call that changes something and ends within the time-out.
    pub(crate) fn changes(&self, id: Option<SessionId>) -> Call {
        Call {
            effect: Effect::Changes,
            ..self.reads(id)
        }
    }

    pub(crate) async fn command<T: FromRedisValue>(
        &self,
        call: Call,
        command: &Cmd,
    ) -> Result<T, StoreError> {
        self.link.command(call, command).await
    }

    /// Runs a script on the keys of a session, up to the last one that it needs.
    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        call: Call,
        script: &Script,
        (id, last): (SessionId, Part),
        arguments: Vec<Vec<u8>>,
    ) -> Result<T, StoreError> {
        let keys = self.keys.up_to(id, last);
        self.link
            .script(call, script, &Operands { keys, arguments })
            .await
    }

    /// The connection for a long answer, in turn.
    pub(crate) fn full_read(&self) -> &Link {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.full_reads[turn % self.full_reads.len()]
    }
}
