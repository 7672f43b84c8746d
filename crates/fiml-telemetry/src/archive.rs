//! Observes the store of archived sessions, and counts the sessions that come into it.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, SessionOverview, SessionSnapshot, Timestamp,
    store::{
        ArchiveStore, ArchivedHeader, Page, RestoreToken, Scope, SessionFilter, StageOutcome,
        StagedSession, StoreError, Unsettled, UnsettledState,
    },
};

use crate::{
    operations::{OperationSeries, operations},
    sessions::{Life, SessionSeries},
};

operations!(
    Operations, "archive": stage, settle, discard, get, overview, list, ids, claim_restore,
    confirm_restore, bury, is_buried, unsettled, forget_buried, purge_before
);

/// Of how many staged sessions the life is kept in mind until their rows are settled: some batches. Of
/// others it is read.
const IN_MIND: usize = 1_024;

#[derive(Debug)]
pub(crate) struct ObservedArchive {
    inner: Arc<dyn ArchiveStore>,
    operations: Operations,
    sessions: SessionSeries,
    staged: Mutex<HashMap<(SessionId, u64), Life>>,
}

impl ObservedArchive {
    pub(crate) fn new(
        inner: Arc<dyn ArchiveStore>,
        series: &OperationSeries,
        sessions: SessionSeries,
    ) -> Self {
        Self {
            inner,
            operations: Operations::new(series),
            sessions,
            staged: Mutex::default(),
        }
    }

    fn staged(&self) -> MutexGuard<'_, HashMap<(SessionId, u64), Life>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a session that has come into the archive, which another process may have staged.
    async fn count(&self, row: &Unsettled) {
        let known = self.staged().remove(&(row.id, row.version));
        let life = match known {
            Some(life) => Some(life),
            None => match self.inner.overview(&Scope::All, row.id, 0).await {
                Ok(found) => found.map(|found| Life::of(found.header)),
                Err(error) => {
                    tracing::debug!(error = error.chain(), "an archived session is not counted");
                    None
                }
            },
        };
        if let Some(life) = life {
            self.sessions.archived(life);
        }
    }
}

#[async_trait]
impl ArchiveStore for ObservedArchive {
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        let call = self.inner.stage(sessions, at);
        let outcomes = self.operations.stage.observe(call).await?;
        let mut staged = self.staged();
        for (session, outcome) in sessions.iter().zip(&outcomes) {
            if matches!(outcome, StageOutcome::Staged { .. }) && staged.len() < IN_MIND {
                let header = session.snapshot.header();
                staged.insert((header.id, header.version), Life::of(header));
            }
        }
        drop(staged);
        Ok(outcomes)
    }

    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        let call = self.inner.settle(row, at);
        let settled = self.operations.settle.observe(call).await?;
        // What was to come back and did not had been counted before.
        if settled && row.state == UnsettledState::Pending {
            self.count(row).await;
        }
        Ok(settled)
    }

    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        self.staged().remove(&(row.id, row.version));
        let call = self.inner.discard(row);
        self.operations.discard.observe(call).await
    }

    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
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

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError> {
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

    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        let call = self.inner.claim_restore(scope, id, token, at);
        self.operations.claim_restore.observe(call).await
    }

    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        let call = self.inner.confirm_restore(id, token);
        self.operations.confirm_restore.observe(call).await
    }

    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let call = self.inner.bury(scope, id, at);
        self.operations.bury.observe(call).await
    }

    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError> {
        let call = self.inner.is_buried(id);
        self.operations.is_buried.observe(call).await
    }

    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError> {
        let call = self.inner.unsettled(after, limit);
        self.operations.unsettled.observe(call).await
    }

    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError> {
        let call = self.inner.forget_buried(before);
        self.operations.forget_buried.observe(call).await
    }

    async fn purge_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let call = self.inner.purge_before(before, limit);
        self.operations.purge_before.observe(call).await
    }
}
