//! Running a job now, and looking at what ran.

use std::num::NonZeroUsize;
use std::sync::Arc;

use fiml_session_core::{
    Timestamp,
    store::{BoxError, JobName, JobRun, RunCursor, RunOutcome, RunPage, RunState, StoreError},
};
use thiserror::Error;

use crate::{
    attempt::in_one_line,
    job::{JobContext, JobReport},
    registry::RegisteredJob,
    scheduler::{Scheduler, failure, recorded},
};

/// Why a run by hand came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// No job of this name is registered.
    #[error("there is no job {name}")]
    Unknown {
        /// The name.
        name: JobName,
    },
    /// The job failed.
    #[error("{name} failed")]
    Failed {
        /// The job.
        name: JobName,
        /// Why.
        source: BoxError,
    },
}

/// A job as a list shows it.
#[derive(Debug, Clone)]
pub struct JobOverview {
    /// The job.
    pub job: RegisteredJob,
    /// Its last run, scheduled or by hand; none where none is recorded.
    pub last_run: Option<JobRun>,
    /// When it is run next; an instant that has passed says that it is due now.
    pub next_due: Timestamp,
}

impl Scheduler {
    /// Runs a job once, to the end, whether it is due or not, and records it; a dry run is not recorded.
    ///
    /// It claims nothing, so that it runs beside a scheduled run that holds the job, and in its own time after
    /// one that died.
    pub async fn run_now(&self, name: &JobName, dry: bool) -> Result<JobReport, RunError> {
        let job = self.jobs.find(name);
        let job = job.ok_or_else(|| RunError::Unknown { name: name.clone() })?;
        let context = JobContext::by_hand(Arc::clone(&self.clock));
        if dry {
            let done = job.run(&context.dry()).await;
            return done.map_err(|source| failed(name, source));
        }
        let started_at = self.clock.now();
        let done = job.run(&context).await;
        let (outcome, report) = match &done {
            Ok(report) => (RunOutcome::Succeeded, recorded(report.clone())),
            Err(error) => (RunOutcome::Failed, failure(&in_one_line(&**error))),
        };
        let at = self.clock.now();
        let run = JobRun {
            job: name.clone(),
            tick: started_at,
            attempt: 1,
            holder: self.config.holder.clone(),
            started_at,
            state: RunState::Finished { outcome, at },
            report,
        };
        if let Err(error) = self.store.record_run(&run).await {
            let error = in_one_line(&error);
            tracing::warn!(job.name = %name, error, "the run was not recorded");
        }
        done.map_err(|source| failed(name, source))
    }

    /// Every job, in the order of their registration.
    pub async fn overview(&self) -> Result<Vec<JobOverview>, StoreError> {
        let now = self.clock.now();
        let mut overviews = Vec::new();
        for job in self.jobs.jobs() {
            let tick = job.schedule().tick_at(now);
            // Behind this place lies the last run that was due, beside those by hand that came after.
            let behind = RunCursor {
                tick: Timestamp::from_micros(tick.micros() + 1),
                job: job.name().clone(),
            };
            let last_run = self.newest(job, None).await?;
            let last_due = self.newest(job, Some(behind)).await?;
            let next_due = match last_due.map(|run| (run.tick, run.state)) {
                Some((_, RunState::Held { until } | RunState::Postponed { until })) => until,
                Some((last, RunState::Finished { .. })) if last == tick => {
                    job.schedule().after(tick)
                }
                _ => tick,
            };
            overviews.push(JobOverview {
                job: job.clone(),
                last_run,
                next_due,
            });
        }
        Ok(overviews)
    }

    async fn newest(
        &self,
        job: &RegisteredJob,
        after: Option<RunCursor>,
    ) -> Result<Option<JobRun>, StoreError> {
        let limit = NonZeroUsize::MIN;
        let page = RunPage { after, limit };
        let runs = self.store.list_runs(Some(job.name()), &page).await?;
        Ok(runs.into_iter().next())
    }
}

fn failed(name: &JobName, source: BoxError) -> RunError {
    let name = name.clone();
    RunError::Failed { name, source }
}
