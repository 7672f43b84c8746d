//! Archived sessions in PostgreSQL, with the doom around the protocol's steps.

use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, SessionOverview, SessionSnapshot, Timestamp,
    store::{
        ArchiveStore, ArchivedHeader, Page, RestoreToken, Scope, SessionFilter, StageOutcome,
        StagedSession, StoreError, Unsettled,
    },
};
use fiml_store_pg::PgStore;

use crate::doom::{Doom, Side};

/// Archived sessions of a process that is to die.
#[derive(Debug)]
pub(crate) struct DoomedArchive {
    pub(crate) inner: Arc<PgStore>,
    pub(crate) doom: Arc<Doom>,
}

#[async_trait]
impl ArchiveStore for DoomedArchive {
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        self.doom.pass(Side::Before, "stage");
        let done = self.inner.stage(sessions, at).await;
        self.doom.pass(Side::After, "stage");
        done
    }

    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        self.doom.pass(Side::Before, "settle");
        let done = self.inner.settle(row, at).await;
        self.doom.pass(Side::After, "settle");
        done
    }

    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        self.doom.pass(Side::Before, "discard");
        let done = self.inner.discard(row).await;
        self.doom.pass(Side::After, "discard");
        done
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
        self.doom.pass(Side::Before, "claim_restore");
        let done = self.inner.claim_restore(scope, id, token, at).await;
        self.doom.pass(Side::After, "claim_restore");
        done
    }

    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        self.doom.pass(Side::Before, "confirm_restore");
        let done = self.inner.confirm_restore(id, token).await;
        self.doom.pass(Side::After, "confirm_restore");
        done
    }

    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        self.doom.pass(Side::Before, "bury");
        let done = self.inner.bury(scope, id, at).await;
        self.doom.pass(Side::After, "bury");
        done
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
        self.inner.forget_buried(before).await
    }

    async fn purge_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.inner.purge_before(before, limit).await
    }
}
