//! The figures of archived sessions, in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    id::SessionId,
    metrics::{MetricsDigest, SessionMetrics},
    store::{Cursor, MetricsFilter, MetricsStore, Page, Scope, Step, StoreError},
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
        for row in self.rows(scope, filter, excluding) {
            digest.add(&row, at);
        }
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

    async fn series(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        step: Step,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<BTreeMap<Timestamp, MetricsDigest>, StoreError> {
        let mut series = BTreeMap::<_, MetricsDigest>::new();
        for row in self.rows(scope, filter, excluding) {
            let point = step.start(row.created_at);
            series.entry(point).or_default().add(&row, at);
        }
        Ok(series)
    }
}

impl MemoryStore {
    fn rows(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
    ) -> Vec<SessionMetrics> {
        let tables = self.tables();
        let rows = tables.metrics.values();
        rows.filter(|row| wants(scope, filter, row) && !excluding.contains(&row.session_id))
            .cloned()
            .collect()
    }
}

pub(super) fn wants(scope: &Scope, filter: &MetricsFilter, row: &SessionMetrics) -> bool {
    scope.covers(row.user_id.as_ref()) && filter.covers(row)
}
