//! Archived sessions, step by step.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, SessionOverview, SessionSnapshot, Timestamp,
    store::{
        ArchiveStore, ArchivedHeader, Page, RestoreToken, Scope, SessionFilter, StageOutcome,
        StagedSession, StoreError, Unsettled,
    },
};

use super::{Fault, Gated};

impl Gated {
    /// The row as it stands, where the store is to take it for the one that was asked for.
    async fn mistaken(&self, fault: Fault, row: &Unsettled) -> Result<Unsettled, StoreError> {
        let rows = self.inner.unsettled(None, NonZeroUsize::MAX).await?;
        let found = rows.into_iter().find(|found| found.id == row.id);
        Ok(found.filter(|_| self.has(fault)).unwrap_or(*row))
    }

    /// Forgets the tombstone, where the store is to keep none.
    async fn dig(&self, fault: Fault) -> Result<(), StoreError> {
        if self.has(fault) {
            self.inner.forget_buried(Timestamp::MAX).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl ArchiveStore for Gated {
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        let call = async {
            self.dig(Fault::StagesWhatIsBuried).await?;
            self.inner.stage(sessions, at).await
        };
        self.step("archive.stage", call).await
    }

    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        let call = async {
            let row = self.mistaken(Fault::SettlesWhatHasChanged, row).await?;
            self.inner.settle(&row, at).await
        };
        self.step("archive.settle", call).await
    }

    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        let call = async {
            let row = self.mistaken(Fault::DiscardsWhatHasChanged, row).await?;
            self.inner.discard(&row).await
        };
        self.step("archive.discard", call).await
    }

    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        self.step("archive.get", ArchiveStore::get(&*self.inner, scope, id))
            .await
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        let call = ArchiveStore::overview(&*self.inner, scope, id, recent);
        self.step("archive.overview", call).await
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError> {
        let call = ArchiveStore::list(&*self.inner, scope, filter, page);
        self.step("archive.list", call).await
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let call = ArchiveStore::ids(&*self.inner, scope, filter, limit);
        self.step("archive.ids", call).await
    }

    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        let call = self.inner.claim_restore(scope, id, token, at);
        let claimed = self.step("archive.claim_restore", call).await?;
        if claimed.is_some() {
            self.desk.claimed();
        }
        Ok(claimed)
    }

    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        let call = async {
            let confirmed = self.inner.confirm_restore(id, token).await?;
            Ok(confirmed || self.has(Fault::ConfirmsEveryRestore))
        };
        self.step("archive.confirm_restore", call).await
    }

    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let call = async {
            let buried = self.inner.bury(scope, id, at).await?;
            self.dig(Fault::BuriesWithoutTombstone).await?;
            Ok(buried)
        };
        self.step("archive.bury", call).await
    }

    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError> {
        self.step("archive.is_buried", self.inner.is_buried(id))
            .await
    }

    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError> {
        let call = self.inner.unsettled(after, limit);
        self.step("archive.unsettled", call).await
    }

    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError> {
        let call = self.inner.forget_buried(before);
        self.step("archive.forget_buried", call).await
    }

    async fn purge_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let call = self.inner.purge_before(before, limit);
        self.step("archive.purge_before", call).await
    }
}
