//! The figures of live sessions, from their counters and the queries not counted yet.

use std::{collections::BTreeMap, iter};

use diesel::{prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    QueryRecord, SessionId, SessionMetrics,
    store::{MetricsFilter, Scope, StoreError},
};

use crate::{
    error::{Failure, corrupt},
    row::{CountKind, count, from_json, tally},
    select::{FoundRow, measured, measured_counts, measured_rest},
};

pub(crate) fn live_figures_in_txn(
    conn: &mut SqliteConnection,
    scope: &Scope,
    filter: &MetricsFilter,
) -> Result<Vec<SessionMetrics>, Failure> {
    let rows: Vec<FoundRow> = measured(scope, filter).load(conn)?;
    let mut figures = BTreeMap::new();
    for (session, row, _) in rows {
        let row = SessionMetrics::of_header(row.try_into()?);
        if filter.covers(&row) {
            figures.insert(session, row);
        }
    }
    let counts: Vec<(i64, String, String, i64)> = measured_counts(scope, filter).load(conn)?;
    for (session, kind, name, count) in counts {
        if let Some(figures) = figures.get_mut(&session) {
            add(figures, &kind, name, count)?;
        }
    }
    let rest: Vec<(i64, String)> = measured_rest(scope, filter).load(conn)?;
    for (session, record) in rest {
        if let Some(figures) = figures.get_mut(&session) {
            let query: QueryRecord = from_json(figures.session_id, &record)?;
            for ((kind, name), count) in tally(iter::once(&query)) {
                add(figures, kind.name(), name, count)?;
            }
        }
    }
    Ok(figures.into_values().collect())
}

fn add(
    figures: &mut SessionMetrics,
    kind: &str,
    name: String,
    number: i64,
) -> Result<(), StoreError> {
    let id: SessionId = figures.session_id;
    let count = count(id, number)?;
    let counts = match CountKind::named(kind) {
        Some(CountKind::QueryType) => &mut figures.query_types,
        Some(CountKind::Source) => &mut figures.sources,
        Some(CountKind::Error) => &mut figures.errors,
        Some(CountKind::ExecutionMicros) => {
            let micros = name
                .parse()
                .map_err(|source: std::num::ParseIntError| corrupt(Some(id), source))?;
            figures.execution_times.add(micros, count);
            return Ok(());
        }
        None => return Err(corrupt(Some(id), format!("nothing is counted as {kind:?}"))),
    };
    *counts.entry(name).or_default() += count;
    Ok(())
}
