//! The runs of jobs, in memory.

use std::{cmp::Reverse, num::NonZeroUsize};

use async_trait::async_trait;

use super::{MemoryStore, Tables};
use crate::{
    clock::Timestamp,
    store::{
        Claim, HeldRun, JobName, JobRun, JobStore, RunClaim, RunCursor, RunOutcome, RunPage,
        RunReport, RunState, RunToken, StoreError,
    },
};

#[derive(Debug)]
pub(super) struct RunRow {
    run: JobRun,
    /// Of the last hold; none of a run that was only recorded.
    token: Option<RunToken>,
}

impl RunRow {
    fn is_held_by(&self, token: RunToken) -> bool {
        matches!(self.run.state, RunState::Held { .. }) && self.token == Some(token)
    }
}

impl Tables {
    /// The run, if it is held by this token.
    fn held(&mut self, held: &HeldRun) -> Option<&mut JobRun> {
        let row = self.runs.get_mut(&(held.job.clone(), held.tick))?;
        row.is_held_by(held.token).then_some(&mut row.run)
    }

    fn claim(&mut self, claim: &RunClaim, at: Timestamp) -> Claim {
        let mut rows = self.runs.values_mut();
        let unfinished = rows.find(|row| row.run.job == claim.job && !row.run.state.is_finished());
        if let Some(row) = unfinished {
            let claimed = row
                .run
                .clone()
                .claimed(claim, row.is_held_by(claim.token), at);
            if let Claim::Granted(run) = &claimed {
                row.run.clone_from(run);
                row.token = Some(claim.token);
            }
            return claimed;
        }
        let place = (claim.job.clone(), claim.tick);
        if self.runs.contains_key(&place) {
            return Claim::Finished;
        }
        let run = JobRun::begun(claim, at);
        let row = RunRow {
            run: run.clone(),
            token: Some(claim.token),
        };
        self.runs.insert(place, row);
        Claim::Granted(run)
    }
}

#[async_trait]
impl JobStore for MemoryStore {
    async fn claim_run(&self, claim: &RunClaim, at: Timestamp) -> Result<Claim, StoreError> {
        Ok(self.tables().claim(claim, at))
    }

    async fn renew_run(&self, run: &HeldRun, until: Timestamp) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let held = tables.held(run);
        Ok(held.is_some_and(|run| {
            run.state = RunState::Held { until };
            true
        }))
    }

    async fn postpone_run(
        &self,
        run: &HeldRun,
        report: &RunReport,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let held = tables.held(run);
        Ok(held.is_some_and(|run| {
            run.state = RunState::Postponed { until };
            run.report = report.clone();
            true
        }))
    }

    async fn finish_run(
        &self,
        run: &HeldRun,
        outcome: RunOutcome,
        report: &RunReport,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let Some(row) = tables.runs.get_mut(&(run.job.clone(), run.tick)) else {
            return Ok(false);
        };
        if row.is_held_by(run.token) {
            row.run.state = RunState::Finished { outcome, at };
            row.run.report = report.clone();
        }
        Ok(row.run.state.is_finished() && row.token == Some(run.token))
    }

    async fn record_run(&self, run: &JobRun) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let place = (run.job.clone(), run.tick);
        let free = run.state.is_finished() && !tables.runs.contains_key(&place);
        if free {
            let run = run.clone();
            tables.runs.insert(place, RunRow { run, token: None });
        }
        Ok(free)
    }

    async fn list_runs(
        &self,
        job: Option<&JobName>,
        page: &RunPage,
    ) -> Result<Vec<JobRun>, StoreError> {
        let tables = self.tables();
        let runs = tables.runs.values().map(|row| &row.run);
        let wanted = runs.filter(|run| {
            let place = || RunCursor::of(run);
            job.is_none_or(|job| run.job == *job)
                && page.after.as_ref().is_none_or(|after| place() < *after)
        });
        let mut wanted: Vec<_> = wanted.cloned().collect();
        wanted.sort_by_key(|run| Reverse(RunCursor::of(run)));
        wanted.truncate(page.limit.get());
        Ok(wanted)
    }

    async fn purge_runs(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let newest = |job: &JobName| {
            let of_job = tables.runs.keys().filter(|(other, _)| other == job);
            of_job.map(|(_, tick)| *tick).max()
        };
        let old = tables.runs.iter().filter(|((job, tick), row)| {
            *tick < before && row.run.state.is_finished() && newest(job) != Some(*tick)
        });
        let mut old: Vec<_> = old.map(|((job, tick), _)| (*tick, job.clone())).collect();
        old.sort_unstable();
        old.truncate(limit.get());
        for (tick, job) in &old {
            tables.runs.remove(&(job.clone(), *tick));
        }
        Ok(old.len() as u64)
    }
}
