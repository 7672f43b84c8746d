//! Observes the store of the figures of archived sessions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use fiml_session_core::{
    MetricsDigest, SessionId, SessionMetrics, Timestamp,
    store::{MetricsFilter, MetricsStore, Page, Scope, Step, StoreError},
};

use crate::operations::{OperationSeries, operations};

operations!(Operations, "metrics": digest, list_metrics, series);

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
    async fn series(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        step: Step,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<BTreeMap<Timestamp, MetricsDigest>, StoreError> {
        let call = self.inner.series(scope, filter, step, excluding, at);
        self.operations.series.observe(call).await
    }

    async fn list_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        page: Page,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let call = self.inner.list_metrics(scope, filter, page);
        self.operations.list_metrics.observe(call).await
    }
}
