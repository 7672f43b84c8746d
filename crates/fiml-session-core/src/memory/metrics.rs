//! The figures of archived sessions, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    id::SessionId,
    metrics::{MetricsDigest, SessionMetrics},
    store::{MetricsFilter, MetricsStore, Scope, StoreError},
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
}

pub(super) fn wants(scope: &Scope, filter: &MetricsFilter, row: &SessionMetrics) -> bool {
    scope.covers(row.user_id.as_ref()) && filter.covers(row)
}
