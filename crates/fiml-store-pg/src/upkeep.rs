//! The upkeep of archived sessions.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use fiml_session_core::{
    SessionId, SessionMetrics, Timestamp,
    store::{ArchiveUpkeep, StoreError},
};
use futures_util::FutureExt;
use tracing::instrument;
use uuid::Uuid;

use crate::{
    archive::affected,
    columns::Figures,
    connect::PgStore,
    rollup::purge,
    row::{limit as row_limit, number},
    run::Statements,
    sql::Composed,
};

#[async_trait]
impl ArchiveUpkeep for PgStore {
    #[instrument(level = "debug", skip_all)]
    async fn count_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let query = Composed::<BigInt>::new()
            .sql(
                "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE status = 'archived' \
                 AND status_since < ",
            )
            .instant(before)
            .sql(" LIMIT ")
            .number(row_limit(limit.get()))
            .sql(") AS due");
        let counts: Vec<i64> = self.load(query).await?;
        Ok(counts.iter().map(|count| count.unsigned_abs()).sum())
    }

    #[instrument(level = "debug", skip_all)]
    async fn unmeasured(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut query = Composed::<SqlUuid>::new().sql(
            "SELECT s.id FROM sessions s WHERE s.status = 'archived' AND NOT EXISTS \
             (SELECT 1 FROM session_metrics m WHERE m.session_id = s.id)",
        );
        if let Some(after) = after {
            query = query.sql(" AND s.id > ").id(after);
        }
        let query = query
            .sql(" ORDER BY s.id LIMIT ")
            .number(row_limit(limit.get()));
        // It may look at the whole archive before it finds the first.
        let found = self.read_batch(Statements::One, move |conn| {
            let query = query.clone();
            async move { Ok(query.load::<Uuid>(conn).await?) }.boxed()
        });
        let found: Vec<Uuid> = found.await?;
        Ok(found.into_iter().map(SessionId::from_uuid).collect())
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %metrics.session_id))]
    async fn measure(&self, metrics: &SessionMetrics, version: u64) -> Result<bool, StoreError> {
        let id = metrics.session_id;
        let mut figures = Figures::default();
        figures.add(metrics)?;
        let figures = figures
            .upsert()
            .ids([id])
            .sql(") ON CONFLICT (session_id) DO NOTHING");
        // Locked, so that a burial waits and then sees the figures, or they see the burial.
        let still = Composed::<Bool>::new()
            .sql("SELECT true FROM sessions WHERE status = 'archived' AND id = ")
            .id(id)
            .sql(" AND version = ")
            .number(number(id, version)?)
            .sql(" FOR UPDATE");
        self.write(move |conn| {
            let (still, figures) = (still.clone(), figures.clone());
            async move {
                let still: Vec<bool> = still.load(conn).await?;
                Ok(!still.is_empty() && figures.execute(conn).await? > 0)
            }
            .boxed()
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn stale_rollups(
        &self,
        ended: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.count_stale_rollups(ended, limit).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn roll_up(&self, ended: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        self.roll_up_stale(ended, limit).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn forget_rollups(&self) -> Result<(), StoreError> {
        self.forget_every_rollup().await
    }

    #[instrument(level = "debug", skip_all)]
    async fn count_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let query = Composed::<BigInt>::new()
            .sql("SELECT count(*) FROM (SELECT 1 FROM session_metrics WHERE created_at < ")
            .instant(created)
            .sql(" LIMIT ")
            .number(row_limit(limit.get()))
            .sql(") AS due");
        let counts: Vec<i64> = self.load(query).await?;
        Ok(counts.iter().map(|count| count.unsigned_abs()).sum())
    }

    #[instrument(level = "debug", skip_all)]
    async fn purge_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let query = purge(created, limit);
        self.write_batch(move |conn| {
            let query = query.clone();
            async move { affected(query.execute(conn).await?) }.boxed()
        })
        .await
    }
}
