//! Live sessions, in memory.

use std::num::NonZeroUsize;

use async_trait::async_trait;

use super::{MemoryStore, Tables, metrics::wants, page_of};
use crate::{
    change::{Applied, ChangeBatch, IdempotencyKey},
    clock::Timestamp,
    id::{SessionId, UserId},
    metrics::SessionMetrics,
    policy::Limits,
    session::{Session, SessionHeader, SessionOverview},
    snapshot::SessionSnapshot,
    store::{
        ActiveStore, MetricsFilter, Page, Quarantined, Removal, Reservation, Scope, SessionFilter,
        StoreError,
    },
};

impl Tables {
    fn visible(&self, scope: &Scope, id: SessionId) -> Option<&SessionSnapshot> {
        let snapshot = self.active.get(&id)?;
        scope
            .covers(snapshot.session.user_id.as_ref())
            .then_some(snapshot)
    }

    fn remove(&mut self, id: SessionId) -> bool {
        self.quarantine.remove(&id);
        self.active.remove(&id).is_some()
    }
}

#[async_trait]
impl ActiveStore for MemoryStore {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        let mut tables = self.tables();
        let oldest = reservation.created_at.minus(IdempotencyKey::LIFETIME);
        let name = (owner.cloned(), reservation.key.key().to_owned());
        // Each key by itself: another's clock, which may be ahead, forgets nothing here.
        tables
            .reservations
            .retain(|held_name, held| held_name != &name || held.created_at > oldest);
        let held = tables
            .reservations
            .entry(name)
            .or_insert_with(|| reservation.clone());
        Ok(held.clone())
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        let id = snapshot.session.id;
        let mut tables = self.tables();
        if tables.active.contains_key(&id) {
            return Err(StoreError::AlreadyExists { id });
        }
        tables.active.insert(id, snapshot.clone());
        Ok(())
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self
            .tables()
            .visible(scope, id)
            .map(|snapshot| snapshot.session.clone()))
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        Ok(self
            .tables()
            .visible(scope, id)
            .map(|snapshot| snapshot.overview(recent, false)))
    }

    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        let mut tables = self.tables();
        if tables.visible(scope, id).is_none() {
            return Ok(None);
        }
        let snapshot = tables.active.get_mut(&id);
        let applied = snapshot
            .map(|snapshot| snapshot.apply(batch, limits, at))
            .transpose()?;
        Ok(applied)
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        let tables = self.tables();
        Ok(page_of(
            tables.active.values().map(SessionSnapshot::header),
            scope,
            filter,
            page,
        ))
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let page = Page { after: None, limit };
        let headers = ActiveStore::list(self, scope, filter, page).await?;
        Ok(headers.into_iter().map(|header| header.id).collect())
    }

    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let tables = self.tables();
        let rows = tables
            .active
            .values()
            .map(|snapshot| SessionMetrics::of(&snapshot.session));
        Ok(rows.filter(|row| wants(scope, filter, row)).collect())
    }

    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let tables = self.tables();
        let sessions = tables.active.values().map(|snapshot| &snapshot.session);
        let expired = sessions.filter(|session| {
            session.is_expired(at) && !tables.quarantine.contains_key(&session.id)
        });
        let mut expired: Vec<_> = expired
            .map(|session| (session.expires_at, session.id))
            .collect();
        expired.sort_unstable();
        expired.truncate(limit.get());
        Ok(expired.into_iter().map(|(_, id)| id).collect())
    }

    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        Ok(self.tables().active.get(&id).cloned())
    }

    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        Ok(tables.visible(scope, id).is_some() && tables.remove(id))
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        let mut tables = self.tables();
        Ok(
            match tables
                .active
                .get(&id)
                .map(|snapshot| snapshot.session.version)
            {
                None => Removal::Absent,
                Some(found) if found != version => Removal::Changed,
                Some(_) => {
                    tables.remove(id);
                    Removal::Removed
                }
            },
        )
    }

    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let known = tables.active.contains_key(&id);
        if known {
            let reason = reason.to_owned();
            tables.quarantine.insert(id, Quarantined { id, at, reason });
        }
        Ok(known)
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        let mut rows: Vec<_> = self.tables().quarantine.values().cloned().collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.at, row.id)));
        rows.truncate(limit.get());
        Ok(rows)
    }
}
