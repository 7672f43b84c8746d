//! Archived sessions.

use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use diesel::{
    data_types::PgTimestamp,
    sql_types::{BigInt, Binary, Bool, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use fiml_session_core::{
    RecentQuery, SessionId, SessionOverview, SessionSnapshot, Timestamp,
    store::{
        ArchiveStore, ArchivedHeader, Page, RestoreToken, Scope, SessionFilter, StageOutcome,
        StagedSession, StoreError, Unsettled, UnsettledState,
    },
};
use futures_util::FutureExt;
use tracing::instrument;
use uuid::Uuid;

use crate::{
    connect::PgStore,
    error::{Failure, blame, corrupt, failed},
    row::{
        HeaderColumns, HeaderRow, count, from_json, from_stored, header_columns, limit as row_limit,
    },
    select::{FoundRow, ids, in_scope, one, page},
    sql::{Composed, from_postgres},
    stage::waves,
};

/// Beyond every version that a late copy could have.
const NO_MORE: i64 = i64::MAX;

#[async_trait]
impl ArchiveStore for PgStore {
    #[instrument(level = "debug", skip_all)]
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let waves = Arc::new(waves(sessions, at)?);
        let written = self.write_batch(move |conn| {
            let waves = Arc::clone(&waves);
            async move {
                let mut outcomes = Vec::new();
                for wave in waves.iter() {
                    outcomes.extend(wave.stage_in_txn(conn, at).await?);
                }
                Ok(outcomes)
            }
            .boxed()
        });
        let mut outcomes = written.await?;
        outcomes.sort_unstable_by_key(|(place, _)| *place);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %row.id))]
    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        let query = Composed::new()
            .sql("UPDATE sessions AS s SET status = 'archived', restore_token = NULL, status_since = ")
            .instant(at);
        let Some(query) = exactly(query, row) else {
            return Ok(false);
        };
        let settled: Vec<bool> = self.change(query.sql(" RETURNING true")).await?;
        Ok(!settled.is_empty())
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %row.id))]
    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        let Some(query) = exactly(
            Composed::new().sql("WITH gone AS (DELETE FROM sessions AS s"),
            row,
        ) else {
            return Ok(false);
        };
        // Whoever sees a row sees the figures that were written with it, so one statement is enough.
        let discarded: Vec<bool> = self
            .change(query.sql(
                " RETURNING s.id), figures AS (DELETE FROM session_metrics m USING gone \
                 WHERE m.session_id = gone.id) SELECT true FROM gone",
            ))
            .await?;
        Ok(!discarded.is_empty())
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        let query = Composed::<Binary>::new().sql("SELECT s.snapshot FROM sessions s");
        let found = self.load(one(query, scope, id)).await;
        let found: Vec<Vec<u8>> = found.map_err(|error| blame(id, error))?;
        let found = found.into_iter().next();
        found.map(|bytes| from_stored(id, &bytes)).transpose()
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        let query = Composed::<(HeaderColumns, Binary)>::new().sql(concat!(
            "SELECT ",
            header_columns!(),
            ", s.recent FROM sessions s"
        ));
        let found = self.load(one(query, scope, id)).await;
        let found: Vec<(HeaderRow, Vec<u8>)> = found.map_err(|error| blame(id, error))?;
        let Some((header, queries)) = found.into_iter().next() else {
            return Ok(None);
        };
        let mut recent_queries: Vec<RecentQuery> = from_json(id, &queries)?;
        recent_queries.truncate(recent);
        Ok(Some(SessionOverview {
            header: header.try_into()?,
            is_archived: true,
            recent_queries,
        }))
    }

    #[instrument(level = "debug", skip_all)]
    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        of: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError> {
        let rows: Vec<FoundRow> = self.load(page(scope, filter, of)).await?;
        let headers = rows.into_iter().map(|(row, status)| {
            Ok(ArchivedHeader {
                header: row.try_into()?,
                is_settled: status == "archived",
            })
        });
        headers.collect()
    }

    #[instrument(level = "debug", skip_all)]
    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let page = Page { after: None, limit };
        let found: Vec<Uuid> = self.load(ids(scope, filter, page)).await?;
        Ok(found.into_iter().map(SessionId::from_uuid).collect())
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        let query = Composed::<Binary>::new()
            .sql("UPDATE sessions AS s SET status = 'restoring', restore_token = ")
            .uuid(token.0)
            .sql(", status_since = ")
            .instant(at);
        let query = one(query, scope, id).sql(" RETURNING s.snapshot");
        let claimed = self.write(move |conn| {
            let query = query.clone();
            async move {
                let found: Vec<Vec<u8>> = query.load(conn).await?;
                let found = found.into_iter().next();
                // In the transaction: what cannot be read is not claimed.
                Ok(found.map(|bytes| from_stored(id, &bytes)).transpose()?)
            }
            .boxed()
        });
        claimed.await.map_err(|error| blame(id, error))
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        let query = Composed::<Bool>::new()
            .sql("SELECT true FROM sessions WHERE status = 'restoring' AND id = ")
            .id(id)
            .sql(" AND restore_token = ")
            .uuid(token.0);
        let confirmed: Vec<bool> = self.load(query).await?;
        Ok(!confirmed.is_empty())
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let query = Composed::<Bool>::new()
            .sql("INSERT INTO sessions AS s (id, status, version, status_since) VALUES (")
            .id(id)
            .sql(", 'buried', ")
            .number(NO_MORE)
            .sql(", ")
            .instant(at)
            .sql(BURY);
        let query = in_scope(query, scope).sql(") RETURNING true");
        let figures = Composed::<()>::new()
            .sql("DELETE FROM session_metrics WHERE session_id = ")
            .id(id);
        let buried = self.write(move |conn| {
            let (query, figures) = (query.clone(), figures.clone());
            async move {
                let buried: Vec<bool> = query.load(conn).await?;
                if buried.is_empty() {
                    return Ok(false);
                }
                // A statement of its own: it sees the figures of whoever held the row until now.
                figures.execute(conn).await?;
                Ok(true)
            }
            .boxed()
        });
        buried.await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError> {
        let query = Composed::<Bool>::new()
            .sql("SELECT true FROM sessions WHERE status = 'buried' AND id = ")
            .id(id);
        let buried: Vec<bool> = self.load(query).await?;
        Ok(!buried.is_empty())
    }

    #[instrument(level = "debug", skip_all)]
    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError> {
        let mut query = Composed::<(SqlUuid, BigInt, Text, Timestamptz)>::new().sql(
            "SELECT id, version, status, status_since FROM sessions WHERE status <> 'archived'",
        );
        if let Some(after) = after {
            query = query.sql(" AND id > ").id(after);
        }
        let query = query
            .sql(" ORDER BY id LIMIT ")
            .number(row_limit(limit.get()));
        let rows: Vec<(Uuid, i64, String, PgTimestamp)> = self.load(query).await?;
        let rows = rows.into_iter().map(|(id, version, status, since)| {
            let id = SessionId::from_uuid(id);
            let state = state(id, &status)?;
            Ok(Unsettled {
                id,
                version: match state {
                    UnsettledState::Buried => u64::MAX,
                    _ => count(id, version)?,
                },
                state,
                since: from_postgres(since),
            })
        });
        rows.collect()
    }

    #[instrument(level = "debug", skip_all)]
    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError> {
        let query = Composed::<()>::new()
            .sql("DELETE FROM sessions WHERE status = 'buried' AND status_since < ")
            .instant(before);
        self.write_batch(move |conn| {
            let query = query.clone();
            async move { affected(query.execute(conn).await?) }.boxed()
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn purge_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        // Materialised, so that the limit is applied once and to rows that are locked.
        let query = Composed::<()>::new()
            .sql(
                "WITH old AS MATERIALIZED (SELECT id FROM sessions WHERE status = 'archived' \
                 AND status_since < ",
            )
            .instant(before)
            .sql(" ORDER BY status_since, id LIMIT ")
            .number(row_limit(limit.get()))
            .sql(" FOR UPDATE SKIP LOCKED) DELETE FROM sessions s USING old WHERE s.id = old.id");
        self.write_batch(move |conn| {
            let query = query.clone();
            async move { affected(query.execute(conn).await?) }.boxed()
        })
        .await
    }
}

/// What a burial does to a row that is there; up to the condition that it is in scope.
const BURY: &str = ") ON CONFLICT (id) DO UPDATE SET user_id = NULL, session_type = NULL, \
     assets = NULL, tags = NULL, created_at = NULL, expires_at = NULL, last_accessed_at = NULL, \
     version = excluded.version, total_queries = NULL, cache_hits = NULL, size_bytes = NULL, \
     context_entries = NULL, preference_entries = NULL, result_entries = NULL, metadata_entries = NULL, \
     recent = NULL, snapshot = NULL, status = excluded.status, status_since = excluded.status_since, \
     restore_token = NULL WHERE s.status = 'buried' OR (true";

/// The condition that a row is still exactly this one; none can be a tombstone.
fn exactly(query: Composed<Bool>, row: &Unsettled) -> Option<Composed<Bool>> {
    let version = i64::try_from(row.version).ok()?;
    let state = match row.state {
        UnsettledState::Pending => "pending",
        UnsettledState::Restoring => "restoring",
        UnsettledState::Buried => return None,
    };
    let query = query.sql(" WHERE s.id = ").id(row.id);
    let query = query.sql(" AND s.version = ").number(version);
    let query = query.sql(" AND s.status = ").text(state);
    Some(query.sql(" AND s.status_since = ").instant(row.since))
}

fn state(id: SessionId, status: &str) -> Result<UnsettledState, StoreError> {
    match status {
        "pending" => Ok(UnsettledState::Pending),
        "restoring" => Ok(UnsettledState::Restoring),
        "buried" => Ok(UnsettledState::Buried),
        other => Err(corrupt(Some(id), format!("there is no state {other:?}"))),
    }
}

pub(crate) fn affected(rows: usize) -> Result<u64, Failure> {
    u64::try_from(rows).map_err(|source| Failure::Store(failed(source)))
}
