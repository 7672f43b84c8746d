//! Rows of the runs of jobs, and what they mean.

use diesel::{
    data_types::PgTimestamp,
    prelude::*,
    sql_types::{BigInt, Text, Timestamptz},
};
use fiml_session_core::store::{JobRun, RunState, StoreError};

use crate::{
    error::{corrupt, failed},
    sql::from_postgres,
};

/// The columns of [`RunRow`], in its order.
macro_rules! run_columns {
    () => {
        "r.job, r.tick, r.attempt, r.holder, r.started_at, r.state, r.state_at, r.report"
    };
}
pub(crate) use run_columns;

/// The SQL type of [`RunRow`].
pub(crate) type RunColumns = (
    Text,
    Timestamptz,
    BigInt,
    Text,
    Timestamptz,
    Text,
    Timestamptz,
    Text,
);

/// A run of a job, without the token of its hold.
#[derive(Debug, Queryable)]
pub(crate) struct RunRow {
    job: String,
    tick: PgTimestamp,
    attempt: i64,
    holder: String,
    started_at: PgTimestamp,
    state: String,
    state_at: PgTimestamp,
    report: String,
}

impl TryFrom<RunRow> for JobRun {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        let at = from_postgres(row.state_at);
        let state = RunState::named(&row.state, at);
        let unknown = || corrupt(None, format!("there is no state {:?}", row.state));
        let state = state.ok_or_else(unknown)?;
        Ok(Self {
            job: row.job.try_into().map_err(|error| corrupt(None, error))?,
            tick: from_postgres(row.tick),
            attempt: u32::try_from(row.attempt).map_err(|error| corrupt(None, error))?,
            holder: row.holder,
            started_at: from_postgres(row.started_at),
            state,
            report: serde_json::from_str(&row.report).map_err(|error| corrupt(None, error))?,
        })
    }
}

pub(crate) fn to_text(report: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(report).map_err(failed)
}
