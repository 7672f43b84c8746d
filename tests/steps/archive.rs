//! Archived sessions, with a watch on whatever changes them.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, SessionOverview, SessionSnapshot, Timestamp,
    store::{
        ArchiveStore, ArchivedHeader, Page, RestoreToken, Scope, SessionFilter, StageOutcome,
        StagedSession, StoreError, Unsettled,
    },
};

use super::Stepped;

#[async_trait]
impl ArchiveStore for Stepped<dyn ArchiveStore> {
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        self.step("stage", self.inner.stage(sessions, at)).await
    }

    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        self.step("settle", self.inner.settle(row, at)).await
    }

    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        self.step("discard", self.inner.discard(row)).await
    }

    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
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

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError> {
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

    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        self.step(
            "claim_restore",
            self.inner.claim_restore(scope, id, token, at),
        )
        .await
    }

    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        self.step("confirm_restore", self.inner.confirm_restore(id, token))
            .await
    }

    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        self.step("bury", self.inner.bury(scope, id, at)).await
    }

    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError> {
        self.inner.is_buried(id).await
    }

    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError> {
        self.inner.unsettled(after, limit).await
    }

    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.step("forget_buried", self.inner.forget_buried(before))
            .await
    }

    async fn purge_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.step("purge_before", self.inner.purge_before(before, limit))
            .await
    }
}
