//! The figures of archived sessions.

use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel::{connection::DefaultLoadingMode, prelude::*};
use fiml_session_core::{
    MetricsDigest, SessionId, SessionMetrics, Timestamp,
    store::{MetricsFilter, MetricsStore, Page, Scope, StoreError},
};
use tracing::instrument;

use crate::{
    connect::SqliteStore,
    row::{from_json, session_id},
    select::{archived_figures, archived_figures_after},
};

#[async_trait]
impl MetricsStore for SqliteStore {
    #[instrument(level = "debug", skip_all)]
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, StoreError> {
        let query = archived_figures(scope, filter);
        let (filter, excluding) = (filter.clone(), excluding.clone());
        self.read(move |conn| {
            let mut digest = MetricsDigest::default();
            let rows = query.load_iter::<(Vec<u8>, String), DefaultLoadingMode>(conn)?;
            for row in rows {
                let (id, json) = row?;
                let id = session_id(&id)?;
                if excluding.contains(&id) {
                    continue;
                }
                let row: SessionMetrics = from_json(id, &json)?;
                if filter.covers(&row) {
                    digest.add(&row, at);
                }
            }
            Ok(digest)
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn list_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        page: Page,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let query = archived_figures_after(scope, filter, page.after);
        let filter = filter.clone();
        self.read(move |conn| {
            let mut found = Vec::new();
            let rows = query.load_iter::<(Vec<u8>, String), DefaultLoadingMode>(conn)?;
            for row in rows {
                let (id, json) = row?;
                let row: SessionMetrics = from_json(session_id(&id)?, &json)?;
                if filter.covers(&row) {
                    found.push(row);
                }
                if found.len() == page.limit.get() {
                    break;
                }
            }
            Ok(found)
        })
        .await
    }
}
