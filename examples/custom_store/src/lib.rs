//! A store of your own: here one that counts its writes and hands everything on to another store.
//!
//! `tests/contract.rs` holds it to the contract of the port; a store for another database is held to it
//! in the same way.

use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use fiml_session_core::{
    Applied, ChangeBatch, Limits, Session, SessionHeader, SessionId, SessionMetrics,
    SessionOverview, SessionSnapshot, Timestamp, UserId,
    store::{
        ActiveStore, MetricsFilter, Page, Quarantined, Removal, Reservation, Scope, SessionFilter,
        StoreError,
    },
};

/// Counts the writes to the store beneath it.
#[derive(Debug, Default)]
pub struct CountingStore<S> {
    inner: S,
    writes: AtomicU64,
}

impl<S> CountingStore<S> {
    /// Counts from zero on.
    pub const fn new(inner: S) -> Self {
        Self {
            inner,
            writes: AtomicU64::new(0),
        }
    }

    /// How many sessions were inserted and how many batches applied.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl<S: ActiveStore> ActiveStore for CountingStore<S> {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        self.inner.reserve(owner, reservation).await
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        self.inner.insert(snapshot).await?;
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(())
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
        let applied = self.inner.apply(scope, id, batch, limits, at).await?;
        self.writes
            .fetch_add(u64::from(applied.is_some()), Ordering::Relaxed);
        Ok(applied)
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
        self.inner.remove(scope, id).await
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        self.inner.remove_unchanged(id, version).await
    }

    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.inner.quarantine(id, reason, at).await
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        self.inner.quarantined(limit).await
    }
}
