//! The figures of archived sessions.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use diesel::{connection::DefaultLoadingMode, prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    MetricsDigest, SessionId, SessionMetrics, Timestamp,
    store::{
        FigureReading, MetricsFilter, MetricsStore, Page, RollupKey, RollupMismatch, Scope, Step,
        StoreError,
    },
};
use tracing::instrument;

use crate::{
    connect::SqliteStore,
    error::{Failure, corrupt},
    row::{from_json, session_id, session_type},
    select::{archived_figures, archived_figures_after, figures_of, rollups},
};

#[async_trait]
impl MetricsStore for SqliteStore {
    #[instrument(level = "debug", skip_all)]
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, StoreError> {
        let reading = FigureReading::new(scope, filter, excluding, None, at);
        let reading = self.figures(scope, filter, reading).await?;
        reading.total().map_err(mismatch)
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
        let reading = FigureReading::new(scope, filter, excluding, Some(step), at);
        let reading = self.figures(scope, filter, reading).await?;
        reading.points().map_err(mismatch)
    }

    #[instrument(level = "debug", skip_all)]
    async fn list_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        page: Page,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let query = archived_figures_after(scope, filter, page.after);
        let filter = filter.clone();
        self.read(move |conn| {
            let mut found = Vec::new();
            let rows = query.load_iter::<(Vec<u8>, String), DefaultLoadingMode>(conn)?;
            for row in rows {
                let (id, json) = row?;
                let row: SessionMetrics = from_json(session_id(&id)?, &json)?;
                if filter.covers(&row) {
                    found.push(row);
                }
                if found.len() == page.limit.get() {
                    break;
                }
            }
            Ok(found)
        })
        .await
    }
}

impl SqliteStore {
    async fn figures(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        mut reading: FigureReading,
    ) -> Result<FigureReading, StoreError> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.read(move |conn| {
            read_in_txn(conn, &scope, &filter, &mut reading)?;
            Ok(reading)
        })
        .await
    }
}

/// Reads roll-ups as far as they go, and the rows for which there are none.
pub(crate) fn read_in_txn(
    conn: &mut SqliteConnection,
    scope: &Scope,
    filter: &MetricsFilter,
    reading: &mut FigureReading,
) -> Result<(), Failure> {
    for &step in reading.steps() {
        for stretch in reading.wanted(step) {
            let query = rollups(step, &stretch);
            let rows =
                query.load_iter::<(i64, String, Option<Vec<u8>>), DefaultLoadingMode>(conn)?;
            for row in rows {
                let (start, name, digest) = row?;
                let key = RollupKey {
                    step,
                    start: Timestamp::from_micros(start),
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
        let query = archived_figures(scope, &filter);
        let rows = query.load_iter::<(Vec<u8>, String), DefaultLoadingMode>(conn)?;
        for row in rows {
            let (id, json) = row?;
            reading.add(&from_json(session_id(&id)?, &json)?);
        }
    }
    for id in reading.to_take_back() {
        let row: Option<String> = figures_of(id).get_result(conn).optional()?;
        if let Some(json) = row {
            let row: SessionMetrics = from_json(id, &json)?;
            reading.take_back(&row);
        }
    }
    Ok(())
}

pub(crate) fn mismatch(error: RollupMismatch) -> StoreError {
    corrupt(None, error)
}
