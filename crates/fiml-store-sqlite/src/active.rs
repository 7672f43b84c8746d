//! Live sessions.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use diesel::{prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    Applied, ChangeBatch, Limits, Session, SessionHeader, SessionId, SessionMetrics,
    SessionOverview, SessionSnapshot, Timestamp, UserId,
    store::{
        ActiveStore, MetricsFilter, Page, Quarantined, Removal, Reservation, Scope, SessionFilter,
        StoreError,
    },
};
use tracing::instrument;

use crate::{
    apply::{Change, forgotten},
    connect::SqliteStore,
    error::{Failure, failed},
    figures::live_figures_in_txn,
    insert::NewSession,
    load::{header_in_txn, recent_in_txn, session_in_txn, snapshot_in_txn},
    row::{id_bytes, limit as row_limit, session_id, to_json},
    schema::{reservations, sessions},
    select::{FoundRow, Tier, ids, page},
};

/// How many queries are read at a glance.
const FEW: usize = 8;
/// How long after it was forgotten a reservation is cleared away: 30 days in microseconds.
const KEPT_LONGER: i64 = 30 * 24 * 3_600 * 1_000_000;

#[async_trait]
impl ActiveStore for SqliteStore {
    #[instrument(level = "debug", skip_all)]
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        let owner = owner.map_or_else(String::new, ToString::to_string);
        let offered = reservation.clone();
        self.write(move |conn| reserve_in_txn(conn, &owner, &offered))
            .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %snapshot.session.id))]
    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        let new = NewSession::try_from(snapshot)?;
        self.write(move |conn| new.insert_in_txn(conn)).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        let scope = scope.clone();
        self.read(move |conn| {
            let found = session_in_txn(conn, &scope, id)?;
            Ok(found.map(|(_, session)| session))
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
        let look = move |conn: &mut SqliteConnection| {
            let Some((row, header)) = header_in_txn(conn, &scope, id)? else {
                return Ok(None);
            };
            Ok(Some(SessionOverview {
                recent_queries: recent_in_txn(conn, row, &header, recent)?,
                header,
                is_archived: false,
            }))
        };
        if recent <= FEW {
            self.glance(look).await
        } else {
            self.read(look).await
        }
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        let change = Change {
            scope: scope.clone(),
            id,
            batch: batch.clone(),
            limits: limits.clone(),
            at,
        };
        self.write(move |conn| change.apply_in_txn(conn)).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        of: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        let query = page(Tier::Active, scope, filter, of);
        self.read(move |conn| {
            let rows: Vec<FoundRow> = query.load(conn)?;
            let headers = rows.into_iter().map(|(_, row, _)| Ok(row.try_into()?));
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
        let query = ids(Tier::Active, scope, filter, Page { after: None, limit });
        self.read(move |conn| ids_of(&query.load(conn)?)).await
    }

    #[instrument(level = "debug", skip_all)]
    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.read(move |conn| live_figures_in_txn(conn, &scope, &filter))
            .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.read(move |conn| {
            let due = sessions::table
                .filter(sessions::quarantined_at.is_null())
                .filter(sessions::expires_at.le(at.micros()))
                .order((sessions::expires_at, sessions::id))
                .limit(row_limit(limit.get()))
                .select(sessions::id);
            ids_of(&due.load(conn)?)
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        self.read(move |conn| snapshot_in_txn(conn, id)).await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        let scope = scope.clone();
        self.write(move |conn| {
            let target = diesel::delete(sessions::table.filter(sessions::id.eq(id_bytes(id))));
            let removed = match &scope {
                Scope::Owner(user) => target
                    .filter(sessions::user_id.eq(user.as_str()))
                    .execute(conn),
                Scope::Unowned => target.filter(sessions::user_id.is_null()).execute(conn),
                Scope::All => target.execute(conn),
            };
            Ok(removed? > 0)
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        self.write(move |conn| {
            let found: Option<(i64, i64)> = sessions::table
                .filter(sessions::id.eq(id_bytes(id)))
                .select((sessions::row_id, sessions::version))
                .first(conn)
                .optional()?;
            Ok(match found {
                None => Removal::Absent,
                Some((_, found)) if u64::try_from(found) != Ok(version) => Removal::Changed,
                Some((session, _)) => {
                    diesel::delete(sessions::table.find(session)).execute(conn)?;
                    Removal::Removed
                }
            })
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(session.id = %id))]
    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let reason = reason.to_owned();
        self.write(move |conn| {
            let set_aside = diesel::update(sessions::table)
                .filter(sessions::id.eq(id_bytes(id)))
                .set((
                    sessions::quarantined_at.eq(Some(at.micros())),
                    sessions::quarantine_reason.eq(Some(reason.as_str())),
                ));
            Ok(set_aside.execute(conn)? > 0)
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        self.read(move |conn| {
            let rows: Vec<(Vec<u8>, Option<i64>, Option<String>)> = sessions::table
                .filter(sessions::quarantined_at.is_not_null())
                .order((sessions::quarantined_at.desc(), sessions::id.desc()))
                .limit(row_limit(limit.get()))
                .select((
                    sessions::id,
                    sessions::quarantined_at,
                    sessions::quarantine_reason,
                ))
                .load(conn)?;
            let rows = rows.into_iter().map(|(id, at, reason)| {
                Ok(Quarantined {
                    id: session_id(&id)?,
                    at: Timestamp::from_micros(at.unwrap_or_default()),
                    reason: reason.unwrap_or_default(),
                })
            });
            rows.collect()
        })
        .await
    }
}

pub(crate) fn ids_of(rows: &[Vec<u8>]) -> Result<Vec<SessionId>, Failure> {
    rows.iter().map(|id| Ok(session_id(id)?)).collect()
}

fn reserve_in_txn(
    conn: &mut SqliteConnection,
    owner: &str,
    offered: &Reservation,
) -> Result<Reservation, Failure> {
    let key = offered.key.key();
    let oldest = forgotten(offered.created_at);
    let dead = reservations::table.find((owner, key));
    diesel::delete(dead.filter(reservations::created_at.le(oldest))).execute(conn)?;
    // Others are cleared away much later, because the clock of another process may be behind.
    let long_dead = reservations::created_at.le(oldest.saturating_sub(KEPT_LONGER));
    diesel::delete(reservations::table.filter(long_dead)).execute(conn)?;
    let held: Option<String> = reservations::table
        .find((owner, key))
        .select(reservations::reservation)
        .first(conn)
        .optional()?;
    if let Some(held) = held {
        return Ok(serde_json::from_str(&held).map_err(failed)?);
    }
    diesel::insert_into(reservations::table)
        .values((
            reservations::owner.eq(owner),
            reservations::key.eq(key),
            reservations::created_at.eq(offered.created_at.micros()),
            reservations::reservation.eq(to_json(offered)?),
        ))
        .execute(conn)?;
    Ok(offered.clone())
}
