//! Observes what jobs ask of an archive beside its use.

use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, SessionMetrics, Timestamp,
    store::{ArchiveUpkeep, StoreError},
};

use crate::operations::{OperationSeries, operations};

operations!(Operations, "upkeep": count_before, unmeasured, measure);

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
}
