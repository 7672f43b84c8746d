//! The upkeep of archived sessions.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use diesel::{dsl::exists, prelude::*};
use fiml_session_core::{
    SessionId, SessionMetrics, Timestamp,
    store::{ArchiveUpkeep, StoreError},
};
use tracing::instrument;

use crate::{
    active::ids_of,
    connect::SqliteStore,
    rollup::purge_in_txn,
    row::{MetricsRow, id_bytes, limit as row_limit, number},
    schema::{archived_sessions, session_metrics},
};

#[async_trait]
impl ArchiveUpkeep for SqliteStore {
    #[instrument(level = "debug", skip_all)]
    async fn count_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.read(move |conn| {
            let due: Vec<i64> = archived_sessions::table
                .filter(archived_sessions::unsettled.is_null())
                .filter(archived_sessions::since.lt(before.micros()))
                .order((archived_sessions::since, archived_sessions::id))
                .limit(row_limit(limit.get()))
                .select(archived_sessions::since)
                .load(conn)?;
            Ok(due.len() as u64)
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn unmeasured(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.read(move |conn| {
            // No id is less than this one; a search behind it finds every other.
            let after = after.map_or_else(Vec::new, id_bytes);
            let figures =
                session_metrics::table.filter(session_metrics::id.eq(archived_sessions::id));
            let rows: Vec<Vec<u8>> = archived_sessions::table
                .filter(archived_sessions::unsettled.is_null())
                .filter(archived_sessions::id.gt(after))
                .filter(diesel::dsl::not(exists(figures)))
                .order(archived_sessions::id)
                .limit(row_limit(limit.get()))
                .select(archived_sessions::id)
                .load(conn)?;
            ids_of(&rows)
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %metrics.session_id))]
    async fn measure(&self, metrics: &SessionMetrics, version: u64) -> Result<bool, StoreError> {
        let row = MetricsRow::try_from(metrics)?;
        let version = number(version)?;
        self.write(move |conn| {
            let still = archived_sessions::table
                .filter(archived_sessions::id.eq(&row.id))
                .filter(archived_sessions::unsettled.is_null())
                .filter(archived_sessions::version.eq(version));
            if !diesel::select(exists(still)).get_result(conn)? {
                return Ok(false);
            }
            let written = diesel::insert_or_ignore_into(session_metrics::table).values(&row);
            Ok(written.execute(conn)? > 0)
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
        self.read(move |conn| {
            let due: Vec<i64> = session_metrics::table
                .filter(session_metrics::created_at.lt(created.micros()))
                .limit(row_limit(limit.get()))
                .select(session_metrics::created_at)
                .load(conn)?;
            Ok(due.len() as u64)
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn purge_metrics_before(
        &self,
        created: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.write(move |conn| Ok(purge_in_txn(conn, created, limit)? as u64))
            .await
    }
}
