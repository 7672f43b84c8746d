//! Live sessions, with hooks.

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

use super::Hooked;

#[async_trait]
impl ActiveStore for Hooked {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        self.before("reserve").await?;
        let done = ActiveStore::reserve(&*self.inner, owner, reservation).await;
        self.after("reserve").await?;
        done
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        self.before("insert").await?;
        let done = ActiveStore::insert(&*self.inner, snapshot).await;
        self.after("insert").await?;
        done
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.before("get").await?;
        let done = ActiveStore::get(&*self.inner, scope, id).await;
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
        let done = ActiveStore::overview(&*self.inner, scope, id, recent).await;
        self.after("overview").await?;
        done
    }

    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        self.before("apply").await?;
        let done = ActiveStore::apply(&*self.inner, scope, id, batch, limits, at).await;
        self.after("apply").await?;
        done
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        self.before("list").await?;
        let done = ActiveStore::list(&*self.inner, scope, filter, page).await;
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
        let done = ActiveStore::ids(&*self.inner, scope, filter, limit).await;
        self.after("ids").await?;
        done
    }

    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        self.before("metrics").await?;
        let done = ActiveStore::metrics(&*self.inner, scope, filter).await;
        self.after("metrics").await?;
        done
    }

    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.before("expired").await?;
        let done = ActiveStore::expired(&*self.inner, at, limit).await;
        self.after("expired").await?;
        done
    }

    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        self.before("snapshot").await?;
        let done = ActiveStore::snapshot(&*self.inner, id).await;
        self.after("snapshot").await?;
        done
    }

    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        self.before("remove").await?;
        let done = ActiveStore::remove(&*self.inner, scope, id).await;
        self.after("remove").await?;
        done
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        self.before("remove_unchanged").await?;
        let done = ActiveStore::remove_unchanged(&*self.inner, id, version).await;
        self.after("remove_unchanged").await?;
        done
    }

    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.before("quarantine").await?;
        let done = ActiveStore::quarantine(&*self.inner, id, reason, at).await;
        self.after("quarantine").await?;
        done
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        self.before("quarantined").await?;
        let done = ActiveStore::quarantined(&*self.inner, limit).await;
        self.after("quarantined").await?;
        done
    }
}
