//! Figures added up beforehand, by the hour and day of creation.

use std::{collections::BTreeSet, num::NonZeroUsize};

use diesel::{
    data_types::PgTimestamp,
    sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use fiml_session_core::{
    Timestamp,
    store::{FigureReading, MetricsFilter, Rollup, RollupKey, Scope, Step, StoreError},
};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::{
    connect::PgStore,
    metrics::{mismatch, read_in_txn},
    row::{limit as row_limit, session_type},
    run::Statements,
    sql::{Composed, from_postgres},
};

/// A roll-up without a digest, as it was seen.
#[derive(Debug, Clone, Copy)]
struct Stale {
    key: RollupKey,
    mark: Uuid,
}

impl PgStore {
    pub(crate) async fn count_stale_rollups(
        &self,
        ended: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        Ok(self.stale(ended, limit).await?.len() as u64)
    }

    pub(crate) async fn roll_up_stale(
        &self,
        ended: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let mut written = 0;
        for stale in self.stale(ended, limit).await? {
            let key = stale.key;
            let reading = self.read_batch(Statements::Several, move |conn| {
                async move {
                    let mut reading = FigureReading::of_rollup(key);
                    let any = MetricsFilter::default();
                    read_in_txn(conn, &Scope::All, &any, &mut reading).await?;
                    Ok(reading)
                }
                .boxed()
            });
            let rollup = reading.await?.rollup().map_err(mismatch)?;
            let bytes = rollup.as_ref().map(Rollup::to_bytes);
            let put: Vec<bool> = self.change(put(&stale, bytes)).await?;
            written += put.len() as u64;
        }
        Ok(written)
    }

    pub(crate) async fn forget_every_rollup(&self) -> Result<(), StoreError> {
        self.write_batch(|conn| {
            async move {
                let query = Composed::<()>::new().sql(FORGET);
                query.execute(conn).await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }

    /// Hours first, because days are added up from them.
    async fn stale(&self, ended: Timestamp, limit: NonZeroUsize) -> Result<Vec<Stale>, StoreError> {
        let mut found = Vec::new();
        for step in Step::ALL {
            // What begins before the last full one has ended.
            let query = Composed::<(Timestamptz, Text, SqlUuid)>::new()
                .sql(
                    "SELECT start, session_type, mark FROM metrics_rollups WHERE digest IS NULL \
                     AND hours = ",
                )
                .number(step.hours())
                .sql(" AND start < ")
                .instant(step.start(ended))
                .sql(" ORDER BY start, session_type LIMIT ")
                .number(row_limit(limit.get() - found.len()));
            let rows: Vec<(PgTimestamp, String, Uuid)> = self.load(query).await?;
            for (start, name, mark) in rows {
                let key = RollupKey {
                    step,
                    start: from_postgres(start),
                    session_type: session_type(None, &name)?,
                };
                found.push(Stale { key, mark });
            }
        }
        Ok(found)
    }
}

/// Writes the digest, or removes a roll-up of nothing, if no row has changed since it was seen.
fn put(stale: &Stale, digest: Option<Vec<u8>>) -> Composed<Bool> {
    let key = stale.key;
    let query = Composed::new();
    let query = match digest {
        Some(digest) => query
            .sql("UPDATE metrics_rollups SET digest = ")
            .blob(digest),
        None => query.sql("DELETE FROM metrics_rollups"),
    };
    query
        .sql(" WHERE hours = ")
        .number(key.step.hours())
        .sql(" AND start = ")
        .instant(key.start)
        .sql(" AND session_type = ")
        .text(key.session_type.name())
        .sql(" AND digest IS NULL AND mark = ")
        .uuid(stale.mark)
        .sql(" RETURNING true")
}

/// In the order in which the triggers lock them.
const FORGET: &str = "INSERT INTO metrics_rollups (hours, start, session_type, mark) \
     SELECT b.hours, b.start, b.session_type, gen_random_uuid() FROM (\
         SELECT 1 AS hours, date_trunc('hour', created_at, 'UTC') AS start, session_type COLLATE \"C\" \
         FROM session_metrics \
         UNION SELECT 24, date_trunc('day', created_at, 'UTC'), session_type COLLATE \"C\" \
         FROM session_metrics \
         UNION SELECT hours, start, session_type FROM metrics_rollups\
     ) AS b (hours, start, session_type) ORDER BY b.hours, b.start, b.session_type \
     ON CONFLICT (hours, start, session_type) DO UPDATE SET mark = excluded.mark, digest = NULL";

/// Locks these roll-ups in the order in which the triggers do: an upsert that changes some rows and adds others runs
/// one trigger after the other, each in an order of its own.
pub(crate) fn lock_in_order(keys: &BTreeSet<RollupKey>) -> Composed {
    let hours = keys.iter().map(|key| key.step.hours()).collect();
    let types = keys.iter().map(|key| key.session_type.name().to_owned());
    Composed::new()
        .sql(
            "INSERT INTO metrics_rollups (hours, start, session_type, mark) \
             SELECT k.hours, k.start, k.session_type, gen_random_uuid() FROM unnest(",
        )
        .numbers(hours)
        .sql(", ")
        .instants(keys.iter().map(|key| key.start))
        .sql(", ")
        .texts(types.collect())
        .sql(
            ") AS k (hours, start, session_type) \
             ORDER BY k.hours, k.start, k.session_type COLLATE \"C\" \
             ON CONFLICT (hours, start, session_type) DO UPDATE SET mark = excluded.mark, digest = NULL",
        )
}

/// Removes the oldest figures, but for those that somebody holds; the triggers take their roll-ups' digests
/// away.
pub(crate) fn purge(created: Timestamp, limit: NonZeroUsize) -> Composed {
    Composed::new()
        .sql("WITH old AS MATERIALIZED (SELECT session_id FROM session_metrics WHERE created_at < ")
        .instant(created)
        .sql(" ORDER BY created_at LIMIT ")
        .number(row_limit(limit.get()))
        .sql(
            " FOR UPDATE SKIP LOCKED) DELETE FROM session_metrics m USING old \
             WHERE m.session_id = old.session_id",
        )
}
