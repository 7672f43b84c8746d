//! The port of what jobs ask of an archive beside its use.

use std::{fmt::Debug, num::NonZeroUsize};

use async_trait::async_trait;

use crate::{clock::Timestamp, id::SessionId, metrics::SessionMetrics, store::StoreError};

/// Looks after archived sessions and their figures.
#[async_trait]
pub trait ArchiveUpkeep: Debug + Send + Sync + 'static {
    /// How many sessions [`ArchiveStore::purge_before`](crate::store::ArchiveStore::purge_before) would
    /// remove, counted up to `limit`.
    ///
    /// - it counts what a purge removes
    /// - it counts no further than the limit
    async fn count_before(&self, before: Timestamp, limit: NonZeroUsize)
    -> Result<u64, StoreError>;

    /// Archived sessions that have no figures, the lowest id first behind `after`, at most `limit`.
    ///
    /// - only `archived` rows without figures are unmeasured
    /// - it runs by id behind a place and at most to the limit
    async fn unmeasured(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Writes the figures of an archived session that has none, if it is still at this version; true when it
    /// did.
    ///
    /// - figures that were missing are counted once
    /// - figures that are there stay
    /// - a row that has changed, or is not `archived`, gets none
    /// - of figures and a burial at once nothing remains
    async fn measure(&self, metrics: &SessionMetrics, version: u64) -> Result<bool, StoreError>;
}
