//! Writes sessions into the archive.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    data_types::PgTimestamp,
    sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use fiml_session_core::{
    SessionId, Timestamp,
    store::{RollupKey, StageOutcome, StagedSession, StoreError},
};
use uuid::Uuid;

use crate::{
    columns::{Figures, Rows, UPSERT_FIGURES},
    error::{Failure, failed},
    rollup::lock_in_order,
    row::{count, number},
    sql::{Composed, from_postgres},
};

/// How many of the last queries are read without the snapshot.
pub(crate) const RECENT: usize = 5;

/// Sessions that are written by one statement, because no two are the same.
#[derive(Debug)]
pub(crate) struct Wave {
    /// Where each stands in the batch, and which version it has.
    places: BTreeMap<SessionId, (usize, i64)>,
    sessions: Composed<(SqlUuid, Bool)>,
    /// The figures of those that have some, up to whose rows were taken.
    figures: Composed,
    measured: BTreeSet<SessionId>,
    /// Those that count them.
    rollups: BTreeSet<RollupKey>,
}

/// The waves of a batch: a session that is there twice is in two of them, in order.
pub(crate) fn waves(sessions: &[StagedSession], at: Timestamp) -> Result<Vec<Wave>, StoreError> {
    let mut seen: BTreeMap<SessionId, usize> = BTreeMap::new();
    let mut waves: Vec<BTreeMap<SessionId, usize>> = Vec::new();
    for (place, staged) in sessions.iter().enumerate() {
        let id = staged.snapshot.session.id;
        let turn = seen.entry(id).and_modify(|turn| *turn += 1).or_default();
        if waves.len() == *turn {
            waves.push(BTreeMap::new());
        }
        waves[*turn].insert(id, place);
    }
    let waves = waves
        .into_iter()
        .map(|places| Wave::new(sessions, places, at));
    waves.collect()
}

impl Wave {
    /// Rows run by id, so that two that write the same sessions lock them in the same order.
    fn new(
        sessions: &[StagedSession],
        places: BTreeMap<SessionId, usize>,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let (mut rows, mut figures, mut versions) = (Rows::default(), Figures::default(), vec![]);
        let mut rollups = BTreeSet::new();
        for &place in places.values() {
            let staged = &sessions[place];
            rows.push(staged)?;
            figures.push(staged)?;
            let session = &staged.snapshot.session;
            rollups.extend(RollupKey::of(session.created_at, session.session_type));
            versions.push(number(
                staged.snapshot.session.id,
                staged.snapshot.session.version,
            )?);
        }
        let versions = places.into_iter().zip(versions);
        Ok(Self {
            places: versions
                .map(|((id, place), version)| (id, (place, version)))
                .collect(),
            sessions: rows.upsert(at),
            measured: figures.ids.iter().copied().collect(),
            figures: figures.upsert(),
            rollups,
        })
    }

    /// Writes it; each outcome comes with the place of its session in the batch.
    pub(crate) async fn stage_in_txn(
        &self,
        conn: &mut AsyncPgConnection,
        at: Timestamp,
    ) -> Result<Vec<(usize, StageOutcome)>, Failure> {
        let rows: Vec<(Uuid, bool)> = self.sessions.clone().load(conn).await?;
        let is_again = rows.iter().any(|(_, was_there)| *was_there);
        let taken = rows.into_iter().map(|(id, _)| SessionId::from_uuid(id));
        let taken: BTreeSet<_> = taken.collect();
        // After the sessions, whose locks keep others away, and in statements of their own, so that they see
        // what those others did before.
        if taken.iter().any(|id| self.measured.contains(id)) {
            // Only a session that was there can have figures.
            if is_again {
                lock_in_order(&self.rollups).execute(conn).await?;
            }
            let figures = self
                .figures
                .clone()
                .ids(taken.iter().copied())
                .sql(UPSERT_FIGURES);
            figures.execute(conn).await?;
        }
        let bare = || taken.difference(&self.measured).copied();
        if bare().next().is_some() {
            let gone =
                Composed::<()>::new().sql("DELETE FROM session_metrics WHERE session_id = ANY (");
            gone.ids(bare()).sql(")").execute(conn).await?;
        }
        let mut outcomes = self.refused_in_txn(conn, &taken).await?;
        let places = taken.iter().map(|id| self.places[id].0);
        outcomes.extend(places.map(|place| (place, StageOutcome::Staged { since: at })));
        Ok(outcomes)
    }

    /// Why the others were not taken; the upsert has locked their rows too.
    async fn refused_in_txn(
        &self,
        conn: &mut AsyncPgConnection,
        taken: &BTreeSet<SessionId>,
    ) -> Result<Vec<(usize, StageOutcome)>, Failure> {
        let others: Vec<_> = self
            .places
            .keys()
            .filter(|id| !taken.contains(id))
            .collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let held: Composed<(SqlUuid, Text, BigInt, Timestamptz)> = Composed::new()
            .sql("SELECT id, status, version, status_since FROM sessions WHERE id = ANY (")
            .ids(others.iter().copied().copied())
            .sql(")");
        let held: Vec<(Uuid, String, i64, PgTimestamp)> = held.load(conn).await?;
        if held.len() != others.len() {
            let missing = "a row that refused a session cannot be found";
            return Err(Failure::Store(failed(missing)));
        }
        let outcomes = held.into_iter().map(|(id, status, version, since)| {
            let id = SessionId::from_uuid(id);
            let (place, offered) = self.places[&id];
            let since = from_postgres(since);
            let outcome = match status.as_str() {
                "buried" => StageOutcome::Buried,
                _ if count(id, version)? > offered.unsigned_abs() => StageOutcome::Outdated,
                _ => StageOutcome::Staged { since },
            };
            Ok((place, outcome))
        });
        outcomes.collect()
    }
}
