//! What jobs ask of the archive, with a watch on whatever changes it.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, SessionMetrics, Timestamp,
    store::{ArchiveUpkeep, StoreError},
};

use super::Stepped;

#[async_trait]
impl ArchiveUpkeep for Stepped<dyn ArchiveUpkeep> {
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
        self.step("measure", self.inner.measure(metrics, version))
            .await
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
        self.step("roll_up", one).await
    }

    async fn forget_rollups(&self) -> Result<(), StoreError> {
        self.step("forget_rollups", self.inner.forget_rollups())
            .await
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
        let purge = self.inner.purge_metrics_before(created, limit);
        self.step("purge_metrics_before", purge).await
    }
}
