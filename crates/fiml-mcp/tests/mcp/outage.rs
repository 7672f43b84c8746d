//! The reference store behind switches: unreachable, full, silent about what it did, panicking, or slow.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use fiml_session_core::{
    Applied, ChangeBatch, Limits, MemoryStore, Session, SessionHeader, SessionId, SessionMetrics,
    SessionOverview, SessionSnapshot, Timestamp, UserId,
    store::{
        ActiveStore, MetricsFilter, Page, Quarantined, Removal, Reservation, Scope, SessionFilter,
        StoreError,
    },
};

use crate::hold::Hold;

#[derive(Debug)]
pub(crate) struct Outage {
    store: Arc<MemoryStore>,
    off: AtomicBool,
    full: AtomicBool,
    silent: AtomicBool,
    broken: AtomicBool,
    /// Where calls that read a session's overview wait.
    pub(crate) reads: Hold,
    /// Where calls that insert a session or change one wait.
    pub(crate) writes: Hold,
}

impl Outage {
    pub(crate) fn before(store: Arc<MemoryStore>) -> Self {
        Self {
            store,
            off: AtomicBool::new(false),
            full: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            reads: Hold::open(),
            writes: Hold::open(),
        }
    }

    pub(crate) fn begin(&self) {
        self.off.store(true, Ordering::SeqCst);
    }

    pub(crate) fn end(&self) {
        for switch in [&self.off, &self.full, &self.silent] {
            switch.store(false, Ordering::SeqCst);
        }
    }

    /// From now on no change is taken, for want of room.
    pub(crate) fn fill(&self) {
        self.full.store(true, Ordering::SeqCst);
    }

    /// From now on every change is made, and none is confirmed.
    pub(crate) fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// From now on every call panics.
    pub(crate) fn break_down(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    fn reach(&self) -> Result<&MemoryStore, StoreError> {
        assert!(!self.broken.load(Ordering::SeqCst), "the store breaks down");
        if self.off.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable {
                store: "the live store",
                source: "it is switched off".into(),
            });
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl ActiveStore for Outage {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        self.reach()?.reserve(owner, reservation).await
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        self.writes.pass().await;
        self.reach()?.insert(snapshot).await
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        ActiveStore::get(self.reach()?, scope, id).await
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        self.reads.pass().await;
        ActiveStore::overview(self.reach()?, scope, id, recent).await
    }

    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        self.writes.pass().await;
        let (store, source) = ("the live store", "as the test wants it");
        if self.full.load(Ordering::SeqCst) {
            let source = source.into();
            return Err(StoreError::Full { store, source });
        }
        let applied = self.reach()?.apply(scope, id, batch, limits, at).await?;
        if self.silent.load(Ordering::SeqCst) {
            let source = source.into();
            return Err(StoreError::OutcomeUnknown { store, source });
        }
        Ok(applied)
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        ActiveStore::list(self.reach()?, scope, filter, page).await
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        ActiveStore::ids(self.reach()?, scope, filter, limit).await
    }

    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        self.reach()?.metrics(scope, filter).await
    }

    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.reach()?.expired(at, limit).await
    }

    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        self.reach()?.snapshot(id).await
    }

    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        self.reach()?.remove(scope, id).await
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        self.reach()?.remove_unchanged(id, version).await
    }

    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.reach()?.quarantine(id, reason, at).await
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        self.reach()?.quarantined(limit).await
    }
}
