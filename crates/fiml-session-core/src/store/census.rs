//! The port that counts live sessions without reading them.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{clock::Timestamp, store::StoreError};

/// How many live sessions there are, by what becomes of them next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Those that have not expired.
    pub active: u64,
    /// Those that are due to be archived, and wait for it.
    pub waiting: u64,
    /// The earliest expiry among those that wait.
    pub oldest: Option<Timestamp>,
    /// Those set aside, which are not among the others.
    pub quarantined: u64,
}

/// Counts live sessions by the indexes of a store, at a cost that does not grow with their content.
#[async_trait]
pub trait ActiveCensus: Debug + Send + Sync + 'static {
    /// The sessions at an instant; those that had expired at `due`, which may lie further back, wait.
    ///
    /// - a session is active until it expires
    /// - what was due waits, and the earliest is told
    /// - what is set aside is counted apart
    async fn census(&self, at: Timestamp, due: Timestamp) -> Result<Census, StoreError>;
}
