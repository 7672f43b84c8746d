//! Archived sessions.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use diesel::{prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    RecentQuery, SessionId, SessionOverview, SessionSnapshot, Timestamp,
    store::{
        ArchiveStore, ArchivedHeader, Page, RestoreToken, Scope, SessionFilter, StageOutcome,
        StagedSession, StoreError, Unsettled, UnsettledState,
    },
};
use tracing::instrument;

use crate::{
    active::ids_of,
    connect::SqliteStore,
    error::{Failure, blame, corrupt},
    row::{count, from_json, id_bytes, limit as row_limit, session_id},
    schema::{archived_content, archived_sessions, session_metrics, tombstones},
    select::{FoundRow, Tier, ids, one, page},
    stage::NewArchived,
};

/// How an unsettled row spells what it waits for; a tombstone lies in a table of its own.
const fn spelled(state: UnsettledState) -> Option<&'static str> {
    match state {
        UnsettledState::Pending => Some("pending"),
        UnsettledState::Restoring => Some("restoring"),
        UnsettledState::Buried => None,
    }
}

#[async_trait]
impl ArchiveStore for SqliteStore {
    #[instrument(level = "debug", skip_all)]
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        // Spelled out here and not in the writer, because it may be megabytes.
        let new: Result<Vec<_>, _> = sessions.iter().map(NewArchived::try_from).collect();
        let new = new?;
        self.write(move |conn| {
            let outcomes = new.iter().map(|session| session.stage_in_txn(conn, at));
            outcomes.collect()
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %row.id))]
    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        let row = *row;
        self.write(move |conn| {
            let Some(found) = same_in_txn(conn, &row)? else {
                return Ok(false);
            };
            let settled = diesel::update(archived_sessions::table.find(found)).set((
                archived_sessions::since.eq(at.micros()),
                archived_sessions::unsettled.eq(None::<&str>),
                archived_sessions::token.eq(None::<Vec<u8>>),
            ));
            Ok(settled.execute(conn)? > 0)
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %row.id))]
    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        let row = *row;
        self.write(move |conn| {
            let Some(found) = same_in_txn(conn, &row)? else {
                return Ok(false);
            };
            diesel::delete(archived_sessions::table.find(found)).execute(conn)?;
            diesel::delete(session_metrics::table.find(id_bytes(row.id))).execute(conn)?;
            Ok(true)
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        let scope = scope.clone();
        self.read(move |conn| {
            let Some((session, ..)) = row_in_txn(conn, &scope, id)? else {
                return Ok(None);
            };
            Ok(Some(snapshot_in_txn(conn, session, id)?))
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        let scope = scope.clone();
        self.read(move |conn| {
            let Some((session, header, _)) = row_in_txn(conn, &scope, id)? else {
                return Ok(None);
            };
            let queries: QueryResult<String> = archived_content::table
                .find(session)
                .select(archived_content::recent)
                .first(conn);
            let queries = queries.map_err(|error| blame(id, error.into()))?;
            let mut recent_queries: Vec<RecentQuery> = from_json(id, &queries)?;
            recent_queries.truncate(recent);
            Ok(Some(SessionOverview {
                header: header.try_into()?,
                is_archived: true,
                recent_queries,
            }))
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        of: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError> {
        let query = page(Tier::Archive, scope, filter, of);
        self.read(move |conn| {
            let rows: Vec<FoundRow> = query.load(conn)?;
            let headers = rows.into_iter().map(|(_, row, unsettled)| {
                Ok(ArchivedHeader {
                    header: row.try_into()?,
                    is_settled: unsettled.is_none(),
                })
            });
            headers.collect()
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let query = ids(Tier::Archive, scope, filter, Page { after: None, limit });
        self.read(move |conn| ids_of(&query.load(conn)?)).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        let scope = scope.clone();
        self.write(move |conn| {
            let Some((session, ..)) = row_in_txn(conn, &scope, id)? else {
                return Ok(None);
            };
            let claim = diesel::update(archived_sessions::table.find(session)).set((
                archived_sessions::since.eq(at.micros()),
                archived_sessions::unsettled.eq(spelled(UnsettledState::Restoring)),
                archived_sessions::token.eq(Some(token.0.as_bytes().to_vec())),
            ));
            claim.execute(conn)?;
            Ok(Some(snapshot_in_txn(conn, session, id)?))
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        self.read(move |conn| {
            let claimed = archived_sessions::table
                .filter(archived_sessions::id.eq(id_bytes(id)))
                .filter(archived_sessions::unsettled.eq(spelled(UnsettledState::Restoring)))
                .filter(archived_sessions::token.eq(token.0.as_bytes().to_vec()));
            Ok(diesel::select(diesel::dsl::exists(claimed)).get_result(conn)?)
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let scope = scope.clone();
        self.write(move |conn| bury_in_txn(conn, &scope, id, at))
            .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError> {
        self.read(move |conn| {
            let tombstone = tombstones::table.find(id_bytes(id));
            Ok(diesel::select(diesel::dsl::exists(tombstone)).get_result(conn)?)
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError> {
        self.read(move |conn| {
            // No id is less than this one; a search behind it finds every other.
            let after = after.map_or_else(Vec::new, id_bytes);
            let mut rows = waiting_in_txn(conn, &after, limit.get())?;
            rows.extend(tombstones_in_txn(conn, after, limit.get())?);
            rows.sort_unstable_by_key(|row| row.id);
            rows.truncate(limit.get());
            Ok(rows)
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(move |conn| {
            let old = tombstones::table.filter(tombstones::since.lt(before.micros()));
            Ok(diesel::delete(old).execute(conn)? as u64)
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn purge_before(
        &self,
        before: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        self.write(move |conn| {
            let due = archived_sessions::table
                .filter(archived_sessions::unsettled.is_null())
                .filter(archived_sessions::since.lt(before.micros()))
                .order((archived_sessions::since, archived_sessions::id))
                .limit(row_limit(limit.get()))
                .select(archived_sessions::row_id);
            let due: Vec<i64> = due.load(conn)?;
            let rows = archived_sessions::table.filter(archived_sessions::row_id.eq_any(due));
            Ok(diesel::delete(rows).execute(conn)? as u64)
        })
        .await
    }
}

fn row_in_txn(
    conn: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
) -> Result<Option<FoundRow>, Failure> {
    let row = one(Tier::Archive, scope, id).get_result(conn).optional();
    row.map_err(|error| blame(id, error.into()))
}

fn snapshot_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    id: SessionId,
) -> Result<SessionSnapshot, Failure> {
    let json: QueryResult<String> = archived_content::table
        .find(session)
        .select(archived_content::snapshot)
        .first(conn);
    let json = json.map_err(|error| match error {
        // A row without its content is as bad as one that cannot be read.
        diesel::NotFound => corrupt(Some(id), diesel::NotFound).into(),
        error => blame(id, error.into()),
    })?;
    Ok(from_json(id, &json)?)
}

/// The row, if it is still exactly this one; never a tombstone.
fn same_in_txn(conn: &mut SqliteConnection, row: &Unsettled) -> QueryResult<Option<i64>> {
    let (Some(state), Ok(version)) = (spelled(row.state), i64::try_from(row.version)) else {
        return Ok(None);
    };
    archived_sessions::table
        .filter(archived_sessions::id.eq(id_bytes(row.id)))
        .filter(archived_sessions::version.eq(version))
        .filter(archived_sessions::unsettled.eq(state))
        .filter(archived_sessions::since.eq(row.since.micros()))
        .select(archived_sessions::row_id)
        .first(conn)
        .optional()
}

fn bury_in_txn(
    conn: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
    at: Timestamp,
) -> Result<bool, Failure> {
    // By the columns alone: what cannot be read can still be deleted.
    let owner: Option<Option<String>> = archived_sessions::table
        .filter(archived_sessions::id.eq(id_bytes(id)))
        .select(archived_sessions::user_id)
        .first(conn)
        .optional()?;
    let foreign = owner.is_some_and(|owner| match (scope, owner) {
        (Scope::Owner(user), Some(owner)) => user.as_str() != owner,
        (Scope::Owner(_), None) | (Scope::Unowned, Some(_)) => true,
        (Scope::Unowned, None) | (Scope::All, _) => false,
    });
    if foreign {
        return Ok(false);
    }
    let row = archived_sessions::table.filter(archived_sessions::id.eq(id_bytes(id)));
    diesel::delete(row).execute(conn)?;
    diesel::delete(session_metrics::table.find(id_bytes(id))).execute(conn)?;
    let tombstone = (
        tombstones::id.eq(id_bytes(id)),
        tombstones::since.eq(at.micros()),
    );
    diesel::replace_into(tombstones::table)
        .values(tombstone)
        .execute(conn)?;
    Ok(true)
}

fn waiting_in_txn(
    conn: &mut SqliteConnection,
    after: &[u8],
    limit: usize,
) -> Result<Vec<Unsettled>, Failure> {
    let rows: Vec<(Vec<u8>, i64, Option<String>, i64)> = archived_sessions::table
        .filter(archived_sessions::unsettled.is_not_null())
        .filter(archived_sessions::id.gt(after))
        .order(archived_sessions::id)
        .limit(row_limit(limit))
        .select((
            archived_sessions::id,
            archived_sessions::version,
            archived_sessions::unsettled,
            archived_sessions::since,
        ))
        .load(conn)?;
    let rows = rows.into_iter().map(|(id, version, state, since)| {
        let id = session_id(&id)?;
        let state = match state.as_deref() {
            Some("pending") => UnsettledState::Pending,
            Some("restoring") => UnsettledState::Restoring,
            other => return Err(corrupt(Some(id), format!("there is no state {other:?}")).into()),
        };
        Ok(Unsettled {
            id,
            version: count(id, version)?,
            state,
            since: Timestamp::from_micros(since),
        })
    });
    rows.collect()
}

fn tombstones_in_txn(
    conn: &mut SqliteConnection,
    after: Vec<u8>,
    limit: usize,
) -> Result<Vec<Unsettled>, Failure> {
    let rows: Vec<(Vec<u8>, i64)> = tombstones::table
        .filter(tombstones::id.gt(after))
        .order(tombstones::id)
        .limit(row_limit(limit))
        .load(conn)?;
    let rows = rows.into_iter().map(|(id, since)| {
        Ok(Unsettled {
            id: session_id(&id)?,
            // Beyond every version that a late copy could have.
            version: u64::MAX,
            state: UnsettledState::Buried,
            since: Timestamp::from_micros(since),
        })
    });
    rows.collect()
}
