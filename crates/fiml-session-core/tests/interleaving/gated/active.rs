//! Live sessions, step by step.

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

use super::{Fault, Gated};

#[async_trait]
impl ActiveStore for Gated {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        self.desk.turn().await;
        let held = ActiveStore::reserve(&*self.inner, owner, reservation).await?;
        self.desk.reserve(held.id);
        // The ids themselves are random; what matters is whose is kept.
        self.desk.saw("live.reserve", &(held.id == reservation.id));
        Ok(held)
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        let mut snapshot = snapshot.clone();
        if self.has(Fault::ForgetsAnswers) {
            snapshot.answers.clear();
        }
        self.step("live.insert", self.inner.insert(&snapshot)).await
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.step("live.get", ActiveStore::get(&*self.inner, scope, id))
            .await
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        let call = ActiveStore::overview(&*self.inner, scope, id, recent);
        self.step("live.overview", call).await
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
        self.step("live.apply", call).await
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        let call = ActiveStore::list(&*self.inner, scope, filter, page);
        self.step("live.list", call).await
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let call = ActiveStore::ids(&*self.inner, scope, filter, limit);
        self.step("live.ids", call).await
    }

    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        self.step("live.metrics", self.inner.metrics(scope, filter))
            .await
    }

    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.step("live.expired", self.inner.expired(at, limit))
            .await
    }

    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        self.step("live.snapshot", self.inner.snapshot(id)).await
    }

    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        self.step("live.remove", self.inner.remove(scope, id)).await
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        let call = async {
            let found = self.inner.snapshot(id).await?;
            match found.filter(|_| self.has(Fault::RemovesWhatHasChanged)) {
                Some(found) => {
                    let version = found.session.version;
                    self.inner.remove_unchanged(id, version).await
                }
                None => self.inner.remove_unchanged(id, version).await,
            }
        };
        let removal = self.step("live.remove_unchanged", call).await?;
        if removal == Removal::Removed {
            self.desk.removed();
        }
        Ok(removal)
    }

    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.step("live.quarantine", self.inner.quarantine(id, reason, at))
            .await
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        self.step("live.quarantined", self.inner.quarantined(limit))
            .await
    }
}
