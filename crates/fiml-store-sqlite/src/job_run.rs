//! Rows of the runs of jobs, and what they mean.

use diesel::prelude::*;
use fiml_session_core::{
    Timestamp,
    store::{JobRun, RunOutcome, RunState, RunToken, StoreError},
};

use crate::{
    error::{corrupt, failed},
    row::to_json,
    schema::job_runs,
};

/// The states of a run that is not over.
pub(crate) const UNFINISHED: [&str; 2] = ["held", "postponed"];

/// A run of a job, without the token of its hold.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = job_runs)]
pub(crate) struct RunRow {
    pub(crate) job: String,
    pub(crate) tick: i64,
    pub(crate) attempt: i64,
    pub(crate) holder: String,
    pub(crate) started_at: i64,
    pub(crate) state: String,
    pub(crate) state_at: i64,
    pub(crate) report: String,
}

impl TryFrom<&JobRun> for RunRow {
    type Error = StoreError;

    fn try_from(run: &JobRun) -> Result<Self, StoreError> {
        let (state, state_at) = spelled(run.state);
        Ok(Self {
            job: run.job.to_string(),
            tick: run.tick.micros(),
            attempt: run.attempt.into(),
            holder: run.holder.clone(),
            started_at: run.started_at.micros(),
            state: state.to_owned(),
            state_at: state_at.micros(),
            report: to_json(&run.report)?,
        })
    }
}

impl TryFrom<RunRow> for JobRun {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        let at = Timestamp::from_micros(row.state_at);
        let state = match row.state.as_str() {
            "held" => RunState::Held { until: at },
            "postponed" => RunState::Postponed { until: at },
            "succeeded" => finished(RunOutcome::Succeeded, at),
            "failed" => finished(RunOutcome::Failed, at),
            other => return Err(corrupt(None, format!("there is no state {other:?}"))),
        };
        Ok(Self {
            job: row.job.try_into().map_err(|error| corrupt(None, error))?,
            tick: Timestamp::from_micros(row.tick),
            attempt: u32::try_from(row.attempt).map_err(|error| corrupt(None, error))?,
            holder: row.holder,
            started_at: Timestamp::from_micros(row.started_at),
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

pub(crate) fn token_bytes(token: RunToken) -> Vec<u8> {
    token.0.as_bytes().to_vec()
}

/// One attempt more.
pub(crate) fn next_attempt(attempt: i64) -> Result<i64, StoreError> {
    let next = attempt.checked_add(1);
    next.ok_or_else(|| failed("a run has been begun more often than can be counted"))
}
