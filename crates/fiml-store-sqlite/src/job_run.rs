//! Rows of the runs of jobs, and what they mean.

use diesel::prelude::*;
use fiml_session_core::{
    Timestamp,
    store::{JobRun, RunState, RunToken, StoreError},
};

use crate::{error::corrupt, row::to_json, schema::job_runs};

/// The states of a run that is not over.
pub(crate) const UNFINISHED: [&str; 2] = ["held", "postponed"];

/// A run of a job, without the token of its hold.
#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = job_runs, primary_key(job, tick))]
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
        Ok(Self {
            job: run.job.to_string(),
            tick: run.tick.micros(),
            attempt: run.attempt.into(),
            holder: run.holder.clone(),
            started_at: run.started_at.micros(),
            state: run.state.name().to_owned(),
            state_at: run.state.instant().micros(),
            report: to_json(&run.report)?,
        })
    }
}

impl TryFrom<RunRow> for JobRun {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        let at = Timestamp::from_micros(row.state_at);
        let state = RunState::named(&row.state, at);
        let unknown = || corrupt(None, format!("there is no state {:?}", row.state));
        let state = state.ok_or_else(unknown)?;
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

pub(crate) fn token_bytes(token: RunToken) -> Vec<u8> {
    token.0.as_bytes().to_vec()
}
