//! Observes the store of live sessions.

use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    Applied, ChangeBatch, Limits, Session, SessionHeader, SessionId, SessionMetrics,
    SessionOverview, SessionSnapshot, Timestamp, UserId,
    store::{
        ActiveStore, MetricsFilter, Page, Quarantined, Removal, Reservation, Scope, SessionFilter,
        StoreError,
    },
};

use crate::{
    operations::{OperationSeries, operations},
    sessions::SessionSeries,
};

operations!(
    Operations, "active": reserve, insert, get, overview, apply, list, ids, metrics, expired,
    snapshot, remove, remove_unchanged, quarantine, quarantined
);

/// The version that a session is created with; one that comes back from the archive has a later one.
const FIRST: u64 = 1;

#[derive(Debug)]
pub(crate) struct ObservedActive {
    inner: Arc<dyn ActiveStore>,
    operations: Operations,
    sessions: SessionSeries,
}

impl ObservedActive {
    pub(crate) fn new(
        inner: Arc<dyn ActiveStore>,
        series: &OperationSeries,
        sessions: SessionSeries,
    ) -> Self {
        Self {
            inner,
            operations: Operations::new(series),
            sessions,
        }
    }
}

#[async_trait]
impl ActiveStore for ObservedActive {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        let call = self.inner.reserve(owner, reservation);
        self.operations.reserve.observe(call).await
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        let call = self.inner.insert(snapshot);
        self.operations.insert.observe(call).await?;
        if snapshot.session.version == FIRST {
            self.sessions.created(snapshot.session.session_type);
        }
        Ok(())
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        let call = self.inner.get(scope, id);
        self.operations.get.observe(call).await
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        let call = self.inner.overview(scope, id, recent);
        self.operations.overview.observe(call).await
    }

    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        let call = self.inner.apply(scope, id, batch, limits, at);
        let applied = self.operations.apply.observe(call).await?;
        if let Some(applied) = &applied {
            self.sessions.applied(batch, applied, at);
        }
        Ok(applied)
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        let call = self.inner.list(scope, filter, page);
        self.operations.list.observe(call).await
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let call = self.inner.ids(scope, filter, limit);
        self.operations.ids.observe(call).await
    }

    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let call = self.inner.metrics(scope, filter);
        self.operations.metrics.observe(call).await
    }

    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let call = self.inner.expired(at, limit);
        self.operations.expired.observe(call).await
    }

    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        let call = self.inner.snapshot(id);
        self.operations.snapshot.observe(call).await
    }

    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        let call = self.inner.remove(scope, id);
        self.operations.remove.observe(call).await
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        let call = self.inner.remove_unchanged(id, version);
        self.operations.remove_unchanged.observe(call).await
    }

    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let call = self.inner.quarantine(id, reason, at);
        self.operations.quarantine.observe(call).await
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        let call = self.inner.quarantined(limit);
        self.operations.quarantined.observe(call).await
    }
}
