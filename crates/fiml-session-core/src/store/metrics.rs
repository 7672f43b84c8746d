//! The port of the figures that outlive archived sessions.

use std::{collections::BTreeSet, fmt::Debug};

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    id::{SessionId, UserId},
    metrics::MetricsDigest,
    session::SessionType,
    store::{Scope, StoreError},
};

/// Which sessions figures are wanted of; an empty field asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricsFilter {
    /// Those of this owner.
    pub user_id: Option<UserId>,
    /// Those of this type.
    pub session_type: Option<SessionType>,
    /// Those created at this instant or later.
    pub created_from: Option<Timestamp>,
}

/// Keeps the figures of archived sessions, one row a session, written by
/// [`ArchiveStore::stage`](crate::store::ArchiveStore::stage) in its own transaction.
#[async_trait]
pub trait MetricsStore: Debug + Send + Sync + 'static {
    /// The figures of all matching rows in scope, without those of some sessions.
    ///
    /// - each session is counted once, however often it was staged
    /// - a session in `excluding`, which is live, is not counted
    /// - a deleted session is not counted
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, StoreError>;
}
