//! Observes the store of the figures of archived sessions.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    MetricsDigest, SessionId, Timestamp,
    store::{MetricsFilter, MetricsStore, Scope, StoreError},
};

use crate::operations::{OperationSeries, operations};

operations!(Operations, "metrics": digest);

#[derive(Debug)]
pub(crate) struct ObservedMetrics {
    inner: Arc<dyn MetricsStore>,
    operations: Operations,
}

impl ObservedMetrics {
    pub(crate) fn new(inner: Arc<dyn MetricsStore>, series: &OperationSeries) -> Self {
        Self {
            inner,
            operations: Operations::new(series),
        }
    }
}

#[async_trait]
impl MetricsStore for ObservedMetrics {
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, StoreError> {
        let call = self.inner.digest(scope, filter, excluding, at);
        self.operations.digest.observe(call).await
    }
}
