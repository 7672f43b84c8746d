//! Observes what jobs ask of an archive beside its use.

use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, SessionMetrics, Timestamp,
    store::{ArchiveUpkeep, StoreError},
};

use crate::operations::{OperationSeries, operations};

operations!(
    Operations,
    "upkeep": count_before,
    unmeasured,
    measure,
    stale_rollups,
    roll_up,
    forget_rollups,
    count_metrics_before,
    purge_metrics_before
);

#[derive(Debug)]
pub(crate) struct ObservedUpkeep {
    inner: Arc<dyn ArchiveUpkeep>,
    operations: Operations,
}

impl ObservedUpkeep {
    pub(crate) fn new(inner: Arc<dyn ArchiveUpkeep>, series: &OperationSeries) -> Self {
        Self {
            inner,
            operations: Operations::new(series),
        }
    }
}

#[async_trait]
impl ArchiveUpkeep for ObservedUpkeep {
    async fn count_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let call = self.inner.count_before(before, limit);
        self.operations.count_before.observe(call).await
    }

    async fn unmeasured(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let call = self.inner.unmeasured(after, limit);
        self.operations.unmeasured.observe(call).await
    }

    async fn measure(&self, metrics: &SessionMetrics, version: u64) -> Result<bool, StoreError> {
        let call = self.inner.measure(metrics, version);
        self.operations.measure.observe(call).await
    }

    async fn stale_rollups(
        &self,
        ended: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let call = self.inner.stale_rollups(ended, limit);
        self.operations.stale_rollups.observe(call).await
    }

    async fn roll_up(&self, ended: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let call = self.inner.roll_up(ended, limit);
        self.operations.roll_up.observe(call).await
    }

    async fn forget_rollups(&self) -> Result<(), StoreError> {
        let call = self.inner.forget_rollups();
        self.operations.forget_rollups.observe(call).await
    }

    async fn count_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let call = self.inner.count_metrics_before(created, limit);
        self.operations.count_metrics_before.observe(call).await
    }

    async fn purge_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let call = self.inner.purge_metrics_before(created, limit);
        self.operations.purge_metrics_before.observe(call).await
    }
}
