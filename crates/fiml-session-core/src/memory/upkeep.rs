//! The upkeep of archived sessions, in memory.

use std::num::NonZeroUsize;

use async_trait::async_trait;

use super::{MemoryStore, RowState};
use crate::{
    clock::Timestamp,
    id::SessionId,
    metrics::SessionMetrics,
    store::{ArchiveUpkeep, StoreError},
};

#[async_trait]
impl ArchiveUpkeep for MemoryStore {
    async fn count_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let tables = self.tables();
        let rows = tables.archive.values();
        let due = rows.filter(|row| row.state == RowState::Archived && row.since < before);
        Ok(due.take(limit.get()).count() as u64)
    }

    async fn unmeasured(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let tables = self.tables();
        let rows = tables.archive.iter().filter(|(id, row)| {
            row.state == RowState::Archived
                && !tables.metrics.contains_key(id)
                && after.is_none_or(|after| **id > after)
        });
        Ok(rows.map(|(&id, _)| id).take(limit.get()).collect())
    }

    async fn measure(&self, metrics: &SessionMetrics, version: u64) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let id = metrics.session_id;
        let row = tables.archive.get(&id);
        let wanted = !tables.metrics.contains_key(&id)
            && row.is_some_and(|row| row.state == RowState::Archived && row.version() == version);
        if wanted {
            tables.metrics.insert(id, metrics.clone());
        }
        Ok(wanted)
    }

    /// Figures are added up whenever they are asked for.
    async fn stale_rollups(&self, _: Timestamp, _: NonZeroUsize) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn roll_up(&self, _: Timestamp, _: NonZeroUsize) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn forget_rollups(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn count_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let tables = self.tables();
        let rows = tables.metrics.values();
        let due = rows.filter(|row| row.created_at < created);
        Ok(due.take(limit.get()).count() as u64)
    }

    async fn purge_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let rows = tables.metrics.iter();
        let due = rows.filter(|(_, row)| row.created_at < created);
        let mut due: Vec<_> = due.map(|(&id, row)| (row.created_at, id)).collect();
        due.sort_unstable();
        due.truncate(limit.get());
        for (_, id) in &due {
            tables.metrics.remove(id);
        }
        Ok(due.len() as u64)
    }
}
