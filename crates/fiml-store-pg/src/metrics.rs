//! The figures of archived sessions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use diesel::data_types::PgTimestamp;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use fiml_session_core::{
    MetricsDigest, SessionId, SessionMetrics, Timestamp,
    store::{
        FigureReading, MetricsFilter, MetricsStore, Page, RollupKey, RollupMismatch, Scope, Step,
        StoreError,
    },
};
use futures_util::{FutureExt, TryStreamExt};
use tracing::instrument;

use crate::{
    connect::PgStore,
    error::{Failure, corrupt},
    row::{MetricsRow, session_type},
    run::Statements,
    select::{figures, figures_of, figures_page, rollups},
    sql::from_postgres,
};

/// How many sessions are looked up by one statement.
const LOOKED_UP: usize = 10_000;

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
        let read = self.figures(scope, filter, None, excluding, at).await?;
        read.total().map_err(mismatch)
    }

    #[instrument(level = "debug", skip_all)]
    async fn series(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        step: Step,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<BTreeMap<Timestamp, MetricsDigest>, StoreError> {
        let read = self.figures(scope, filter, Some(step), excluding, at);
        read.await?.points().map_err(mismatch)
    }

    #[instrument(level = "debug", skip_all)]
    async fn list_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        page: Page,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let query = figures_page(scope, filter, page);
        let rows = self.read_batch(Statements::One, move |conn| {
            let rows = query.clone().load::<MetricsRow>(conn);
            async move { Ok(rows.await?) }.boxed()
        });
        let rows = rows.await?;
        rows.into_iter().map(SessionMetrics::try_from).collect()
    }
}

impl PgStore {
    async fn figures(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        by: Option<Step>,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<FigureReading, StoreError> {
        let reading = FigureReading::new(scope, filter, excluding, by, at);
        // Where there are no roll-ups to read, there is one statement for rows.
        let statements = match reading.steps() {
            [] => Statements::One,
            _ => Statements::Several,
        };
        let asked = Arc::new((scope.clone(), filter.clone(), reading));
        self.read_batch(statements, move |conn| {
            let asked = Arc::clone(&asked);
            async move {
                let (scope, filter, begun) = &*asked;
                let mut reading = begun.clone();
                read_in_txn(conn, scope, filter, &mut reading).await?;
                Ok(reading)
            }
            .boxed()
        })
        .await
    }
}

/// Reads roll-ups as far as they go, and the rows for which there are none.
///
/// Row by row, as they come: the server waits where they are not added up fast enough.
pub(crate) async fn read_in_txn(
    conn: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &MetricsFilter,
    reading: &mut FigureReading,
) -> Result<(), Failure> {
    for &step in reading.steps() {
        for stretch in reading.wanted(step) {
            let query = rollups(step, &stretch);
            let mut rows = query
                .load_stream::<(PgTimestamp, String, Option<Vec<u8>>)>(conn)
                .await?;
            while let Some((start, name, digest)) = rows.try_next().await? {
                let key = RollupKey {
                    step,
                    start: from_postgres(start),
                    session_type: session_type(None, &name)?,
                };
                reading.take(key, digest.as_deref());
            }
        }
    }
    for stretch in reading.remaining() {
        let filter = MetricsFilter {
            session_type: stretch.session_type,
            created_from: Some(stretch.from),
            created_before: stretch.before,
            ..filter.clone()
        };
        let query = figures(scope, &filter);
        let mut rows = query.load_stream::<MetricsRow>(conn).await?;
        while let Some(row) = rows.try_next().await? {
            reading.add(&SessionMetrics::try_from(row)?);
        }
    }
    for ids in reading.to_take_back().chunks(LOOKED_UP) {
        let query = figures_of(ids);
        let mut rows = query.load_stream::<MetricsRow>(conn).await?;
        while let Some(row) = rows.try_next().await? {
            reading.take_back(&SessionMetrics::try_from(row)?);
        }
    }
    Ok(())
}

pub(crate) fn mismatch(error: RollupMismatch) -> StoreError {
    corrupt(None, error)
}
