//! A store behind a fuse, and what jobs ask of it.

use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, SessionMetrics, Timestamp,
    store::{ArchiveUpkeep, StoreError},
};

use crate::fuse::Fuse;

/// A store whose caller may be gone between any two steps.
#[derive(Debug)]
pub(crate) struct Fused<S: ?Sized> {
    pub(crate) fuse: Arc<Fuse>,
    pub(crate) inner: Arc<S>,
}

#[async_trait]
impl ArchiveUpkeep for Fused<dyn ArchiveUpkeep> {
    async fn count_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.inner.count_before(before, limit).await
    }

    async fn unmeasured(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.inner.unmeasured(after, limit).await
    }

    async fn measure(&self, metrics: &SessionMetrics, version: u64) -> Result<bool, StoreError> {
        self.fuse.step(self.inner.measure(metrics, version)).await
    }

    async fn stale_rollups(
        &self,
        ended: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.inner.stale_rollups(ended, limit).await
    }

    async fn roll_up(&self, ended: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        // One at a time, so that a death leaves some hours and days added up and others not.
        let one = self.inner.roll_up(ended, limit.min(NonZeroUsize::MIN));
        self.fuse.step(one).await
    }

    async fn forget_rollups(&self) -> Result<(), StoreError> {
        self.fuse.step(self.inner.forget_rollups()).await
    }

    async fn count_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.inner.count_metrics_before(created, limit).await
    }

    async fn purge_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let purge = async {
            let purged = self.inner.purge_metrics_before(created, limit).await;
            self.fuse.note_purge(created);
            purged
        };
        self.fuse.step(purge).await
    }
}
