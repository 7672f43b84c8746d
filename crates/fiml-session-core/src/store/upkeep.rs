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

    /// How many roll-ups of hours and days that had ended by then have no digest, counted up to `limit`.
    ///
    /// A store that adds up rows whenever it is asked has none.
    ///
    /// - it counts what is rolled up next
    async fn stale_rollups(&self, ended: Timestamp, limit: NonZeroUsize)
    -> Result<u64, StoreError>;

    /// Gives a digest to so many of them, hours before days; how many it gave one. None where others changed
    /// all of their rows meanwhile.
    ///
    /// - figures stay the same, rolled up or not
    /// - what is written, replaced or deleted later counts at once
    /// - an excluded session is not counted in a roll-up either
    /// - it rolls up at most to the limit, and no hour that has not ended
    async fn roll_up(&self, ended: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError>;

    /// Takes all digests away, and finds rows that no roll-up knows, so that all are rolled up from rows.
    ///
    /// - roll-ups made anew give the same figures
    async fn forget_rollups(&self) -> Result<(), StoreError>;

    /// How many rows of figures [`purge_metrics_before`](Self::purge_metrics_before) would remove, counted up
    /// to `limit`.
    ///
    /// - it counts the rows that a purge of figures removes
    async fn count_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError>;

    /// Removes the figures of sessions that were created before an instant, the oldest first, at most
    /// `limit`; how many.
    ///
    /// - figures of sessions created earlier go, whatever was rolled up
    async fn purge_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError>;
}
