//! Live sessions, with a watch on whatever changes them.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use fiml_session_core::{
    Applied, ChangeBatch, Limits, Session, SessionHeader, SessionId, SessionMetrics,
    SessionOverview, SessionSnapshot, Timestamp, UserId,
    store::{
        ActiveStore, MetricsFilter, Page, Quarantined, Removal, Reservation, Scope, SessionFilter,
        StoreError,
    },
};

use super::Stepped;

#[async_trait]
impl ActiveStore for Stepped<dyn ActiveStore> {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        self.inner.reserve(owner, reservation).await
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        self.step("insert", self.inner.insert(snapshot)).await
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.inner.get(scope, id).await
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        self.inner.overview(scope, id, recent).await
    }

    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        self.step("apply", self.inner.apply(scope, id, batch, limits, at))
            .await
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        self.inner.list(scope, filter, page).await
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.inner.ids(scope, filter, limit).await
    }

    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        self.inner.metrics(scope, filter).await
    }

    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.inner.expired(at, limit).await
    }

    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        self.inner.snapshot(id).await
    }

    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        self.step("remove", self.inner.remove(scope, id)).await
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        self.step("remove_unchanged", self.inner.remove_unchanged(id, version))
            .await
    }

    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.step("quarantine", self.inner.quarantine(id, reason, at))
            .await
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        self.inner.quarantined(limit).await
    }
}
