//! The figures of archived sessions.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use diesel_async::RunQueryDsl;
use fiml_session_core::{
    MetricsDigest, SessionId, SessionMetrics, Timestamp,
    store::{MetricsFilter, MetricsStore, Page, Scope, StoreError},
};
use futures_util::{FutureExt, TryStreamExt};
use tracing::instrument;

use crate::{
    connect::PgStore,
    row::MetricsRow,
    select::{figures, figures_page},
};

#[async_trait]
impl MetricsStore for PgStore {
    #[instrument(level = "debug", skip_all)]
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, StoreError> {
        let query = figures(scope, filter);
        let excluding = Arc::new(excluding.clone());
        self.read_batch(move |conn| {
            let (query, excluding) = (query.clone(), Arc::clone(&excluding));
            async move {
                let mut digest = MetricsDigest::default();
                // Row by row, as they come: the server waits where they are not added up fast enough.
                let mut rows = query.load_stream::<MetricsRow>(conn).await?;
                while let Some(row) = rows.try_next().await? {
                    if !excluding.contains(&row.session_id()) {
                        digest.add(&SessionMetrics::try_from(row)?, at);
                    }
                }
                Ok(digest)
            }
            .boxed()
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
        let query = figures_page(scope, filter, page);
        let rows = self.read_batch(move |conn| {
            let rows = query.clone().load::<MetricsRow>(conn);
            async move { Ok(rows.await?) }.boxed()
        });
        let rows = rows.await?;
        rows.into_iter().map(SessionMetrics::try_from).collect()
    }
}
