//! The figures of archived sessions, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    id::SessionId,
    metrics::{MetricsDigest, SessionMetrics},
    store::{Cursor, MetricsFilter, MetricsStore, Page, Scope, StoreError},
};

#[async_trait]
impl MetricsStore for MemoryStore {
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, StoreError> {
        let mut digest = MetricsDigest::default();
        let tables = self.tables();
        let counted = tables
            .metrics
            .values()
            .filter(|row| wants(scope, filter, row) && !excluding.contains(&row.session_id));
        counted.for_each(|row| digest.add(row, at));
        Ok(digest)
    }

    async fn list_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        page: Page,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let tables = self.tables();
        let wanted = tables.metrics.values().filter(|row| {
            let place = Cursor::of_metrics(row);
            page.after.is_none_or(|after| place > after) && wants(scope, filter, row)
        });
        let mut rows: Vec<_> = wanted.collect();
        rows.sort_by_key(|row| Cursor::of_metrics(row));
        rows.truncate(page.limit.get());
        Ok(rows.into_iter().cloned().collect())
    }
}

pub(super) fn wants(scope: &Scope, filter: &MetricsFilter, row: &SessionMetrics) -> bool {
    scope.covers(row.user_id.as_ref()) && filter.covers(row)
}
