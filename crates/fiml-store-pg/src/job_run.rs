//! Rows of the runs of jobs, and what they mean.

use diesel::{
    data_types::PgTimestamp,
    prelude::*,
    sql_types::{BigInt, Text, Timestamptz},
};
use fiml_session_core::{
    Timestamp,
    store::{JobRun, RunOutcome, RunState, StoreError},
};

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
        let state = match row.state.as_str() {
            "held" => RunState::Held { until: at },
            "postponed" => RunState::Postponed { until: at },
            "succeeded" => finished(RunOutcome::Succeeded, at),
            "failed" => finished(RunOutcome::Failed, at),
            other => return Err(corrupt(None, format!("there is no state {other:?}"))),
        };
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

const fn finished(outcome: RunOutcome, at: Timestamp) -> RunState {
    RunState::Finished { outcome, at }
}

/// How a state is spelled in columns.
pub(crate) const fn spelled(state: RunState) -> (&'static str, Timestamp) {
    match state {
        RunState::Held { until } => ("held", until),
        RunState::Postponed { until } => ("postponed", until),
        RunState::Finished { outcome, at } => match outcome {
            RunOutcome::Succeeded => ("succeeded", at),
            RunOutcome::Failed => ("failed", at),
        },
    }
}

pub(crate) fn to_text(report: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(report).map_err(failed)
}
