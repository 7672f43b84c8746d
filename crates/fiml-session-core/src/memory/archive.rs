//! Archived sessions, in memory.

use std::num::NonZeroUsize;

use async_trait::async_trait;

use super::{ArchiveRow, MemoryStore, RowState, Tables, page_of};
use crate::{
    clock::Timestamp,
    id::SessionId,
    session::{SessionHeader, SessionOverview},
    snapshot::SessionSnapshot,
    store::{
        ArchiveStore, ArchivedHeader, Page, RestoreToken, Scope, SessionFilter, StageOutcome,
        StagedSession, StoreError, Unsettled, UnsettledState,
    },
};

impl ArchiveRow {
    pub(super) fn version(&self) -> u64 {
        let snapshot = self.snapshot.as_ref();
        snapshot.map_or(u64::MAX, |snapshot| snapshot.session.version)
    }

    fn is_still(&self, row: &Unsettled) -> bool {
        self.state != RowState::Buried && self.unsettled(row.id).as_ref() == Some(row)
    }

    fn unsettled(&self, id: SessionId) -> Option<Unsettled> {
        let state = match self.state {
            RowState::Pending => UnsettledState::Pending,
            RowState::Restoring(_) => UnsettledState::Restoring,
            RowState::Buried => UnsettledState::Buried,
            RowState::Archived => return None,
        };
        let (version, since) = (self.version(), self.since);
        Some(Unsettled {
            id,
            version,
            state,
            since,
        })
    }
}

impl Tables {
    fn archived(&self, scope: &Scope, id: SessionId) -> Option<&SessionSnapshot> {
        let snapshot = self.archive.get(&id)?.snapshot.as_ref()?;
        scope
            .covers(snapshot.session.user_id.as_ref())
            .then_some(snapshot)
    }

    fn stage(&mut self, staged: &StagedSession, at: Timestamp) -> StageOutcome {
        let (id, version) = (staged.snapshot.session.id, staged.snapshot.session.version);
        match self.archive.get(&id) {
            Some(row) if row.state == RowState::Buried => return StageOutcome::Buried,
            Some(row) if row.version() > version => return StageOutcome::Outdated,
            Some(row) if row.version() == version => {
                return StageOutcome::Staged { since: row.since };
            }
            _ => {}
        }
        match &staged.metrics {
            Some(metrics) => self.metrics.insert(id, metrics.clone()),
            None => self.metrics.remove(&id),
        };
        let row = ArchiveRow {
            since: at,
            state: RowState::Pending,
            snapshot: Some(staged.snapshot.clone()),
        };
        self.archive.insert(id, row);
        StageOutcome::Staged { since: at }
    }
}

#[async_trait]
impl ArchiveStore for MemoryStore {
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        let mut tables = self.tables();
        Ok(sessions
            .iter()
            .map(|staged| tables.stage(staged, at))
            .collect())
    }

    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let found = tables.archive.get_mut(&row.id);
        let found = found.filter(|found| found.is_still(row));
        Ok(found.is_some_and(|found| {
            (found.state, found.since) = (RowState::Archived, at);
            true
        }))
    }

    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let same = tables
            .archive
            .get(&row.id)
            .is_some_and(|found| found.is_still(row));
        if same {
            tables.archive.remove(&row.id);
            tables.metrics.remove(&row.id);
        }
        Ok(same)
    }

    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        Ok(self.tables().archived(scope, id).cloned())
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        Ok(self
            .tables()
            .archived(scope, id)
            .map(|snapshot| snapshot.overview(recent.min(5), true)))
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError> {
        let tables = self.tables();
        let snapshots = tables
            .archive
            .values()
            .filter_map(|row| row.snapshot.as_ref());
        let headers = page_of(snapshots.map(SessionSnapshot::header), scope, filter, page);
        let settled = |header: &SessionHeader| {
            tables
                .archive
                .get(&header.id)
                .is_some_and(|row| row.state == RowState::Archived)
        };
        let rows = headers.into_iter().map(|header| ArchivedHeader {
            is_settled: settled(&header),
            header,
        });
        Ok(rows.collect())
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let page = Page { after: None, limit };
        let rows = ArchiveStore::list(self, scope, filter, page).await?;
        Ok(rows.into_iter().map(|row| row.header.id).collect())
    }

    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        let mut tables = self.tables();
        let Some(snapshot) = tables.archived(scope, id).cloned() else {
            return Ok(None);
        };
        if let Some(row) = tables.archive.get_mut(&id) {
            (row.state, row.since) = (RowState::Restoring(token), at);
        }
        Ok(Some(snapshot))
    }

    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        let tables = self.tables();
        let row = tables.archive.get(&id);
        Ok(row.is_some_and(|row| row.state == RowState::Restoring(token)))
    }

    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let foreign = tables.archive.get(&id).is_some_and(|row| {
            let session = row.snapshot.as_ref().map(|snapshot| &snapshot.session);
            session.is_some_and(|session| !scope.covers(session.user_id.as_ref()))
        });
        if !foreign {
            tables.metrics.remove(&id);
            let row = ArchiveRow {
                since: at,
                state: RowState::Buried,
                snapshot: None,
            };
            tables.archive.insert(id, row);
        }
        Ok(!foreign)
    }

    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError> {
        let tables = self.tables();
        Ok(tables
            .archive
            .get(&id)
            .is_some_and(|row| row.state == RowState::Buried))
    }

    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError> {
        let tables = self.tables();
        let rows = tables
            .archive
            .iter()
            .filter(|(id, _)| after.is_none_or(|after| **id > after));
        let rows = rows.filter_map(|(&id, row)| row.unsettled(id));
        Ok(rows.take(limit.get()).collect())
    }

    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let count = tables.archive.len();
        tables
            .archive
            .retain(|_, row| row.state != RowState::Buried || row.since >= before);
        Ok((count - tables.archive.len()) as u64)
    }

    async fn purge_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let rows = tables.archive.iter();
        let due = rows.filter(|(_, row)| row.state == RowState::Archived && row.since < before);
        let mut due: Vec<_> = due.map(|(&id, row)| (row.since, id)).collect();
        due.sort_unstable();
        due.truncate(limit.get());
        for (_, id) in &due {
            tables.archive.remove(id);
        }
        Ok(due.len() as u64)
    }
}
