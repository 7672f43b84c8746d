//! The port of the figures that outlive archived sessions.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    id::{Asset, SessionId, Tag, UserId},
    metrics::{MetricsDigest, SessionMetrics},
    session::SessionType,
    store::{Page, Scope, Step, StoreError},
};

/// Which sessions figures are wanted of; an empty field asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricsFilter {
    /// Those of this owner.
    pub user_id: Option<UserId>,
    /// Those of this type.
    pub session_type: Option<SessionType>,
    /// Those about this asset.
    pub asset: Option<Asset>,
    /// Those that carry this tag.
    pub tag: Option<Tag>,
    /// Those created at this instant or later.
    pub created_from: Option<Timestamp>,
    /// Those created before this instant.
    pub created_before: Option<Timestamp>,
}

impl MetricsFilter {
    /// Whether these figures are wanted.
    #[must_use]
    pub fn covers(&self, row: &SessionMetrics) -> bool {
        self.user_id
            .as_ref()
            .is_none_or(|user| row.user_id.as_ref() == Some(user))
            && self
                .session_type
                .is_none_or(|wanted| row.session_type == wanted)
            && self
                .asset
                .as_ref()
                .is_none_or(|asset| row.assets.contains(asset))
            && self.tag.as_ref().is_none_or(|tag| row.tags.contains(tag))
            && self.created_from.is_none_or(|from| row.created_at >= from)
            && self
                .created_before
                .is_none_or(|before| row.created_at < before)
    }
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

    /// A page of the matching rows in scope, newest first by (`created_at`, `id`).
    ///
    /// - a row reads back equal
    /// - pages have no duplicates and no gaps while sessions are archived
    /// - every filter narrows it
    /// - it agrees with `digest`
    async fn list_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        page: Page,
    ) -> Result<Vec<SessionMetrics>, StoreError>;

    /// The same figures by the hour or day in which the sessions were created, under its start; without those
    /// in which none was.
    ///
    /// - it divides the figures by creation
    async fn series(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        step: Step,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<BTreeMap<Timestamp, MetricsDigest>, StoreError>;
}
