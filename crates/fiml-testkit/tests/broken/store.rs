//! A store that is right but for one fault.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::RwLock;

use fiml_session_core::{
    Applied, ChangeBatch, Limits, MemoryStore, MetricsDigest, Session, SessionHeader, SessionId,
    SessionMetrics, SessionOverview, SessionSnapshot, Timestamp, UserId,
    store::{
        ActiveStore, ArchiveStore, ArchivedHeader, MetricsFilter, MetricsStore, Page, Quarantined,
        Removal, Reservation, RestoreToken, Scope, SessionFilter, StageOutcome, StagedSession,
        Step, StoreError, Unsettled,
    },
};
use fiml_testkit::fixtures::{MANY, token, unsettled_row};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Everybody sees and changes everything.
    IgnoresScope,
    /// It reads, changes and writes back, one change at a time; whoever comes last is believed.
    LastWriterWins,
    /// Expired sessions vanish, repeated calls are new ones, and the deleted may come back.
    Forgets,
}

#[derive(Debug)]
pub(crate) struct Broken {
    inner: MemoryStore,
    fault: Fault,
    /// Held while a session is written back, so that readers do not see it missing.
    writing: RwLock<()>,
}

type Answer<T> = Result<T, StoreError>;

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self {
            inner: MemoryStore::new(),
            fault,
            writing: RwLock::new(()),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn scope(&self, scope: &Scope) -> Scope {
        if self.has(Fault::IgnoresScope) {
            Scope::All
        } else {
            scope.clone()
        }
    }

    /// What a cache does behind its user's back.
    async fn evict(&self, at: Timestamp) -> Answer<()> {
        if self.has(Fault::Forgets) {
            for id in self.inner.expired(at, MANY).await? {
                ActiveStore::remove(&self.inner, &Scope::All, id).await?;
            }
        }
        Ok(())
    }

    async fn read_modify_write(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Answer<Option<Applied>> {
        if ActiveStore::get(self, scope, id).await?.is_none() {
            return Ok(None);
        }
        let Some(mut held) = self.snapshot(id).await? else {
            return Ok(None);
        };
        tokio::time::sleep(Duration::from_millis(3)).await;
        let mut applied = held.apply(
            &ChangeBatch {
                changes: batch.changes.iter().take(1).cloned().collect(),
                ..batch.clone()
            },
            limits,
            at,
        );
        for change in batch.changes.iter().skip(1) {
            if applied.is_ok() {
                applied = held.apply(&change.clone().into(), limits, at);
            }
        }
        self.write_back(&held).await?;
        Ok(Some(applied?))
    }

    async fn write_back(&self, held: &SessionSnapshot) -> Answer<()> {
        let _writing = self.writing.write().await;
        let id = held.session.id;
        ActiveStore::remove(&self.inner, &Scope::All, id).await?;
        self.inner.insert(held).await
    }

    /// Removes a row, whatever its state, and every tombstone with it.
    async fn erase(&self, id: SessionId) -> Answer<()> {
        let (all, at) = (Scope::All, Timestamp::MIN);
        self.inner.forget_buried(Timestamp::MAX).await?;
        self.inner.claim_restore(&all, id, token(99), at).await?;
        if let Some(row) = unsettled_row(&self.inner, id).await {
            self.inner.discard(&row).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl ActiveStore for Broken {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Answer<Reservation> {
        match self.fault {
            Fault::IgnoresScope => self.inner.reserve(None, reservation).await,
            Fault::LastWriterWins => self.inner.reserve(owner, reservation).await,
            Fault::Forgets => Ok(reservation.clone()),
        }
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Answer<()> {
        if self.has(Fault::LastWriterWins) {
            return self.write_back(snapshot).await;
        }
        self.inner.insert(snapshot).await
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Answer<Option<Session>> {
        let _reading = self.writing.read().await;
        ActiveStore::get(&self.inner, &self.scope(scope), id).await
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Answer<Option<SessionOverview>> {
        let _reading = self.writing.read().await;
        ActiveStore::overview(&self.inner, &self.scope(scope), id, recent).await
    }

    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Answer<Option<Applied>> {
        self.evict(at).await?;
        let mut batch = batch.clone();
        if self.has(Fault::Forgets) {
            batch.idempotency = None;
        }
        if self.has(Fault::LastWriterWins) {
            return self.read_modify_write(scope, id, &batch, limits, at).await;
        }
        self.inner
            .apply(&self.scope(scope), id, &batch, limits, at)
            .await
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Answer<Vec<SessionHeader>> {
        ActiveStore::list(&self.inner, &self.scope(scope), filter, page).await
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Answer<Vec<SessionId>> {
        ActiveStore::ids(&self.inner, &self.scope(scope), filter, limit).await
    }

    async fn metrics(&self, scope: &Scope, filter: &MetricsFilter) -> Answer<Vec<SessionMetrics>> {
        self.inner.metrics(&self.scope(scope), filter).await
    }

    async fn expired(&self, at: Timestamp, limit: NonZeroUsize) -> Answer<Vec<SessionId>> {
        self.evict(at).await?;
        self.inner.expired(at, limit).await
    }

    async fn snapshot(&self, id: SessionId) -> Answer<Option<SessionSnapshot>> {
        let _reading = self.writing.read().await;
        self.inner.snapshot(id).await
    }

    async fn remove(&self, scope: &Scope, id: SessionId) -> Answer<bool> {
        ActiveStore::remove(&self.inner, &self.scope(scope), id).await
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Answer<Removal> {
        if self.has(Fault::LastWriterWins) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.inner.remove_unchanged(id, version).await
    }

    async fn quarantine(&self, id: SessionId, reason: &str, at: Timestamp) -> Answer<bool> {
        self.inner.quarantine(id, reason, at).await
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Answer<Vec<Quarantined>> {
        self.inner.quarantined(limit).await
    }
}

#[async_trait]
impl ArchiveStore for Broken {
    async fn stage(&self, sessions: &[StagedSession], at: Timestamp) -> Answer<Vec<StageOutcome>> {
        if self.has(Fault::LastWriterWins) {
            for staged in sessions {
                // Of several at once the oldest is the slowest, so that it is the one believed.
                let version = staged.snapshot.session.version;
                let slow = Duration::from_micros(33_u64.saturating_sub(version) * 200);
                tokio::time::sleep(slow).await;
                self.erase(staged.snapshot.session.id).await?;
            }
        }
        self.inner.stage(sessions, at).await
    }

    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Answer<bool> {
        if self.has(Fault::LastWriterWins)
            && let Some(found) = unsettled_row(&self.inner, row.id).await
        {
            return self.inner.settle(&found, at).await;
        }
        self.inner.settle(row, at).await
    }

    async fn discard(&self, row: &Unsettled) -> Answer<bool> {
        if self.has(Fault::LastWriterWins) {
            self.erase(row.id).await?;
            return Ok(true);
        }
        self.inner.discard(row).await
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Answer<Option<SessionSnapshot>> {
        ArchiveStore::get(&self.inner, &self.scope(scope), id).await
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Answer<Option<SessionOverview>> {
        ArchiveStore::overview(&self.inner, &self.scope(scope), id, recent).await
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Answer<Vec<ArchivedHeader>> {
        ArchiveStore::list(&self.inner, &self.scope(scope), filter, page).await
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Answer<Vec<SessionId>> {
        ArchiveStore::ids(&self.inner, &self.scope(scope), filter, limit).await
    }

    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Answer<Option<SessionSnapshot>> {
        self.inner
            .claim_restore(&self.scope(scope), id, token, at)
            .await
    }

    async fn confirm_restore(&self, id: SessionId, token: RestoreToken) -> Answer<bool> {
        self.inner.confirm_restore(id, token).await
    }

    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Answer<bool> {
        let buried = self.inner.bury(&self.scope(scope), id, at).await?;
        if buried && self.has(Fault::Forgets) {
            self.inner.forget_buried(Timestamp::MAX).await?;
        }
        Ok(buried)
    }

    async fn is_buried(&self, id: SessionId) -> Answer<bool> {
        self.inner.is_buried(id).await
    }

    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Answer<Vec<Unsettled>> {
        self.inner.unsettled(after, limit).await
    }

    async fn forget_buried(&self, before: Timestamp) -> Answer<u64> {
        self.inner.forget_buried(before).await
    }

    async fn purge_before(&self, before: Timestamp, limit: NonZeroUsize) -> Answer<u64> {
        self.inner.purge_before(before, limit).await
    }
}

#[async_trait]
impl MetricsStore for Broken {
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Answer<MetricsDigest> {
        self.inner
            .digest(&self.scope(scope), filter, excluding, at)
            .await
    }

    async fn list_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        page: Page,
    ) -> Answer<Vec<SessionMetrics>> {
        self.inner
            .list_metrics(&self.scope(scope), filter, page)
            .await
    }

    async fn series(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        step: Step,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Answer<BTreeMap<Timestamp, MetricsDigest>> {
        self.inner
            .series(&self.scope(scope), filter, step, excluding, at)
            .await
    }
}
