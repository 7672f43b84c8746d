//! Archived sessions and their figures, with hooks.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use async_trait::async_trait;
use fiml_session_core::{
    MetricsDigest, SessionId, SessionMetrics, SessionOverview, SessionSnapshot, Timestamp,
    store::{
        ArchiveStore, ArchivedHeader, MetricsFilter, MetricsStore, Page, RestoreToken, Scope,
        SessionFilter, StageOutcome, StagedSession, Step, StoreError, Unsettled,
    },
};

use super::Hooked;

#[async_trait]
impl ArchiveStore for Hooked {
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        self.before("stage").await?;
        self.check(sessions)?;
        let done = ArchiveStore::stage(&*self.inner, sessions, at).await;
        self.after("stage").await?;
        done
    }

    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        self.before("settle").await?;
        let done = ArchiveStore::settle(&*self.inner, row, at).await;
        self.after("settle").await?;
        done
    }

    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        self.before("discard").await?;
        let done = ArchiveStore::discard(&*self.inner, row).await;
        self.after("discard").await?;
        done
    }

    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        self.before("get").await?;
        let done = ArchiveStore::get(&*self.inner, scope, id).await;
        self.after("get").await?;
        done
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        self.before("overview").await?;
        let done = ArchiveStore::overview(&*self.inner, scope, id, recent).await;
        self.after("overview").await?;
        done
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError> {
        self.before("list").await?;
        let done = ArchiveStore::list(&*self.inner, scope, filter, page).await;
        self.after("list").await?;
        done
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.before("ids").await?;
        let done = ArchiveStore::ids(&*self.inner, scope, filter, limit).await;
        self.after("ids").await?;
        done
    }

    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        self.before("claim_restore").await?;
        let done = ArchiveStore::claim_restore(&*self.inner, scope, id, token, at).await;
        self.after("claim_restore").await?;
        done
    }

    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        self.before("confirm_restore").await?;
        let done = ArchiveStore::confirm_restore(&*self.inner, id, token).await;
        self.after("confirm_restore").await?;
        done
    }

    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        self.before("bury").await?;
        let done = ArchiveStore::bury(&*self.inner, scope, id, at).await;
        self.after("bury").await?;
        done
    }

    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError> {
        self.before("is_buried").await?;
        let done = ArchiveStore::is_buried(&*self.inner, id).await;
        self.after("is_buried").await?;
        done
    }

    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError> {
        self.before("unsettled").await?;
        let done = ArchiveStore::unsettled(&*self.inner, after, limit).await;
        self.after("unsettled").await?;
        done
    }

    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.before("forget_buried").await?;
        let done = ArchiveStore::forget_buried(&*self.inner, before).await;
        self.after("forget_buried").await?;
        done
    }

    async fn purge_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.before("purge_before").await?;
        let done = ArchiveStore::purge_before(&*self.inner, before, limit).await;
        self.after("purge_before").await?;
        done
    }
}

#[async_trait]
impl MetricsStore for Hooked {
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, StoreError> {
        self.before("digest").await?;
        let done = MetricsStore::digest(&*self.inner, scope, filter, excluding, at).await;
        self.after("digest").await?;
        done
    }

    async fn list_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        page: Page,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        self.before("list_metrics").await?;
        let done = MetricsStore::list_metrics(&*self.inner, scope, filter, page).await;
        self.after("list_metrics").await?;
        done
    }

    async fn series(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        step: Step,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<BTreeMap<Timestamp, MetricsDigest>, StoreError> {
        self.before("series").await?;
        let done = MetricsStore::series(&*self.inner, scope, filter, step, excluding, at).await;
        self.after("series").await?;
        done
    }
}
