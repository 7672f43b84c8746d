//! Figures added up beforehand, by the hour and day of creation.

use std::num::NonZeroUsize;

use diesel::{prelude::*, sql_types::BigInt, sqlite::SqliteConnection};
use fiml_session_core::{
    Timestamp,
    store::{FigureReading, MetricsFilter, Rollup, RollupKey, Scope, Step, StoreError},
};

use crate::{
    connect::SqliteStore,
    error::Failure,
    metrics::{mismatch, read_in_txn},
    row::{limit as row_limit, session_type},
    schema::metrics_rollups,
    sql::Composed,
};

/// A roll-up without a digest, as it was seen.
#[derive(Debug, Clone)]
struct Stale {
    key: RollupKey,
    mark: Vec<u8>,
}

impl SqliteStore {
    pub(crate) async fn count_stale_rollups(
        &self,
        ended: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let stale = self
            .read(move |conn| stale_in_txn(conn, ended, limit))
            .await?;
        Ok(stale.len() as u64)
    }

    pub(crate) async fn roll_up_stale(
        &self,
        ended: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<u64, StoreError> {
        let mut written = 0;
        for stale in self
            .read(move |conn| stale_in_txn(conn, ended, limit))
            .await?
        {
            let key = stale.key;
            // Beside the writer, which others wait for.
            let reading = self.read(move |conn| {
                let mut reading = FigureReading::of_rollup(key);
                let any = MetricsFilter::default();
                read_in_txn(conn, &Scope::All, &any, &mut reading)?;
                Ok(reading)
            });
            let rollup = reading.await?.rollup().map_err(mismatch)?;
            let bytes = rollup.as_ref().map(Rollup::to_bytes);
            let put = self.write(move |conn| put_in_txn(conn, &stale, bytes.as_deref()));
            written += u64::from(put.await?);
        }
        Ok(written)
    }

    pub(crate) async fn forget_every_rollup(&self) -> Result<(), StoreError> {
        self.write(|conn| {
            Composed::<()>::new(FIND_ALL).execute(conn)?;
            Composed::<()>::new("UPDATE metrics_rollups SET mark = randomblob(16), digest = NULL")
                .execute(conn)?;
            Ok(())
        })
        .await
    }
}

const FIND_ALL: &str = "INSERT OR IGNORE INTO metrics_rollups (hours, start, session_type, mark) \
     SELECT s.hours, s.start, s.session_type, randomblob(16) FROM (\
         SELECT 1 AS hours, created_at - created_at % 3600000000 AS start, session_type FROM session_metrics \
         UNION SELECT 24, created_at - created_at % 86400000000, session_type FROM session_metrics\
     ) s";

fn stale_in_txn(
    conn: &mut SqliteConnection,
    ended: Timestamp,
    limit: NonZeroUsize,
) -> Result<Vec<Stale>, Failure> {
    let mut found = Vec::new();
    // Hours first, because days are added up from them.
    for step in Step::ALL {
        let left = limit.get() - found.len();
        let rows: Vec<(i64, String, Vec<u8>)> = metrics_rollups::table
            .filter(metrics_rollups::hours.eq(step.hours()))
            .filter(metrics_rollups::digest.is_null())
            // What begins before the last full one has ended.
            .filter(metrics_rollups::start.lt(step.start(ended).micros()))
            .order(metrics_rollups::start)
            .limit(row_limit(left))
            .select((
                metrics_rollups::start,
                metrics_rollups::session_type,
                metrics_rollups::mark,
            ))
            .load(conn)?;
        for (start, name, mark) in rows {
            let key = RollupKey {
                step,
                start: Timestamp::from_micros(start),
                session_type: session_type(None, &name)?,
            };
            found.push(Stale { key, mark });
        }
    }
    Ok(found)
}

/// Writes the digest, or removes a roll-up of nothing, if no row has changed since it was seen.
fn put_in_txn(
    conn: &mut SqliteConnection,
    stale: &Stale,
    digest: Option<&[u8]>,
) -> Result<bool, Failure> {
    let key = stale.key;
    let query = match digest {
        Some(digest) => {
            Composed::<BigInt>::new("UPDATE metrics_rollups SET digest = ").bytes(digest)
        }
        None => Composed::new("DELETE FROM metrics_rollups"),
    };
    let query = query.sql(" WHERE hours = ").number(key.step.hours());
    let query = query.sql(" AND start = ").number(key.start.micros());
    let query = query
        .sql(" AND session_type = ")
        .text(key.session_type.name());
    let query = query
        .sql(" AND digest IS NULL AND mark = ")
        .bytes(&*stale.mark);
    Ok(query.execute(conn)? > 0)
}

/// Removes the oldest figures; the triggers take their roll-ups' digests away.
pub(crate) fn purge_in_txn(
    conn: &mut SqliteConnection,
    created: Timestamp,
    limit: NonZeroUsize,
) -> QueryResult<usize> {
    let query = Composed::<()>::new(
        "DELETE FROM session_metrics WHERE id IN (SELECT id FROM session_metrics WHERE created_at < ",
    );
    let query = query.number(created.micros());
    let query = query
        .sql(" ORDER BY created_at LIMIT ")
        .number(row_limit(limit.get()));
    query.sql(")").execute(conn)
}
