//! Live sessions.

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
use tracing::instrument;

use crate::store::RedisStore;

#[async_trait]
impl ActiveStore for RedisStore {
    #[instrument(level = "debug", skip_all)]
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        self.reserve_id(owner, reservation).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %snapshot.session.id))]
    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        self.insert_snapshot(snapshot).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.load_session(scope, id).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        self.load_overview(scope, id, recent).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        self.apply_batch(scope, id, batch, limits, at).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        self.list_page(scope, filter, page).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.list_ids(scope, filter, limit).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        self.live_metrics(scope, filter).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.list_expired(at, limit).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        self.load_snapshot(id).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        let removal = self.remove_session(scope, id, None).await?;
        Ok(removal == Removal::Removed)
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        self.remove_session(&Scope::All, id, Some(version)).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.set_aside(id, reason, at).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        self.set_aside_latest(limit).await
    }
}
