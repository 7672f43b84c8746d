//! Runs jobs when they are due, beside other replicas that do the same.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use fiml_session_core::{
    Clock, Timestamp,
    store::{
        Claim, HeldRun, JobRun, JobStore, RunClaim, RunOutcome, RunReport, RunToken, StoreError,
    },
};
use tokio::{sync::watch, task::JoinSet, time::sleep};

use crate::{
    attempt::{Attempt, Bench, in_one_line, told_to_stop},
    job::JobReport,
    pace::{back_off, jitter},
    registry::{JobRegistry, RegisteredJob},
};

/// How long a holder may be silent before another replica takes its run over.
pub const DEFAULT_LEASE: Duration = Duration::from_mins(1);
/// How long a batch may take to end once the scheduler is to stop.
pub const DEFAULT_STOP_WITHIN: Duration = Duration::from_secs(5);
/// How long runs are kept.
pub const DEFAULT_KEEP_RUNS: Duration = Duration::from_hours(30 * 24);
/// How often a run is tried that fails.
pub const MAX_ATTEMPTS: u32 = 5;

/// The longest wait between two looks at the clock, which may have been set meanwhile.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Before a run goes on that stopped although nobody told it to.
const BREATH: Duration = Duration::from_secs(1);
/// How often the end of a run is told to a store that does not answer.
const TELLINGS: u32 = 3;
/// How many old runs are removed after each run.
const PURGED: NonZeroUsize = NonZeroUsize::new(1_000).expect("more than none");

/// How a scheduler works.
#[derive(Debug, Clone)]
pub struct SchedulerConfig {
    /// Who runs the jobs, in words for people, such as the machine and the process.
    pub holder: String,
    /// How long this process may be silent before another takes over what it runs; it is renewed three times
    /// as often. More than the clocks of the replicas differ by.
    pub lease: Duration,
    /// How long a batch may take to end once the scheduler is to stop; what takes longer is dropped.
    pub stop_within: Duration,
    /// How long runs are kept; the newest of each job always is.
    pub keep_runs: Duration,
}

impl SchedulerConfig {
    /// The defaults, for this holder.
    #[must_use]
    pub fn new(holder: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            lease: DEFAULT_LEASE,
            stop_within: DEFAULT_STOP_WITHIN,
            keep_runs: DEFAULT_KEEP_RUNS,
        }
    }
}

/// Runs registered jobs; a handle.
///
/// What is due already when it starts is run at once, once however often it was missed; what becomes due later
/// within a tenth of its interval and half a minute, so that replicas do not all ask at the same instant. A
/// run that fails is tried again after 30 seconds, then after twice as long, at most five times; then the next
/// tick follows.
#[derive(Debug, Clone)]
pub struct Scheduler {
    pub(crate) jobs: JobRegistry,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: SchedulerConfig,
}

/// Jobs that are being run in the background, until this is dropped or stopped.
#[derive(Debug)]
#[must_use = "dropping it ends the jobs where they stand"]
pub struct RunningJobs {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl RunningJobs {
    /// Lets each job end the batch under way, within the configured bound, and gives up what is not done for
    /// another replica to go on with.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Scheduler {
    /// A scheduler of these jobs, whose runs are claimed and recorded in this store.
    #[must_use]
    pub fn new(
        jobs: JobRegistry,
        store: Arc<dyn JobStore>,
        clock: Arc<dyn Clock>,
        config: SchedulerConfig,
    ) -> Self {
        Self {
            jobs,
            store,
            clock,
            config,
        }
    }

    /// Begins to run jobs in the background, on the Tokio runtime that this is called on.
    pub fn start(&self) -> RunningJobs {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for job in self.jobs.jobs() {
            let (scheduler, job, stopping) = (self.clone(), job.clone(), stopping.clone());
            // A task each, so that one that hangs or fails holds up no other.
            tasks.spawn(async move { scheduler.tend(&job, stopping).await });
        }
        RunningJobs { stop, tasks }
    }

    /// Runs one job whenever it is due, until it is told to stop.
    async fn tend(&self, job: &RegisteredJob, mut stopping: watch::Receiver<bool>) {
        let (mut done, mut troubles) = (None, 0);
        while !*stopping.borrow() {
            let wait = match self.turn(job, &mut done, &stopping).await {
                Ok(wait) => {
                    troubles = 0;
                    wait
                }
                Err(error) => {
                    troubles += 1;
                    let error = in_one_line(&error);
                    tracing::warn!(job.name = %job.name(), error, "the job could not be claimed");
                    back_off(troubles, LONGEST_WAIT)
                }
            };
            tokio::select! {
                () = told_to_stop(&mut stopping) => {}
                () = sleep(wait.min(LONGEST_WAIT)) => {}
            }
        }
    }

    /// Runs the job if it is due and free; how long to wait before the next look.
    async fn turn(
        &self,
        job: &RegisteredJob,
        done: &mut Option<Timestamp>,
        stopping: &watch::Receiver<bool>,
    ) -> Result<Duration, StoreError> {
        let (now, schedule) = (self.clock.now(), job.schedule());
        let tick = schedule.tick_at(now);
        let token = RunToken::at(now);
        let rest = |now| {
            let late = jitter(token, schedule.interval());
            schedule.after(tick).since(now) + late
        };
        if *done == Some(tick) {
            return Ok(rest(now));
        }
        let claim = RunClaim {
            job: job.name().clone(),
            tick,
            token,
            holder: self.config.holder.clone(),
            until: now.plus(self.config.lease),
        };
        match self.store.claim_run(&claim, now).await? {
            Claim::Granted(run) => {
                self.work(job, &run, token, stopping.clone()).await;
                Ok(Duration::ZERO)
            }
            Claim::Held { until } => {
                // Not all at the same instant; never at once, should its end lie behind this clock.
                Ok(until.since(now) + jitter(token, self.config.lease) + Duration::from_millis(20))
            }
            Claim::Finished => {
                *done = Some(tick);
                Ok(rest(now))
            }
        }
    }

    /// Makes an attempt at a run that is held, and writes down how it ended.
    async fn work(
        &self,
        job: &RegisteredJob,
        run: &JobRun,
        token: RunToken,
        stopping: watch::Receiver<bool>,
    ) {
        let held = HeldRun {
            job: run.job.clone(),
            tick: run.tick,
            token,
        };
        tracing::debug!(job.name = %run.job, tick = %run.tick, attempt = run.attempt, "a run begins");
        let mut bench = Bench {
            store: &*self.store,
            clock: &self.clock,
            lease: self.config.lease,
            stop_within: self.config.stop_within,
            stopping,
        };
        let attempt = bench.attempt(job, &held).await;
        let was_stopped = *bench.stopping.borrow();
        let told = match attempt {
            Attempt::Reported(report) if report.is_unfinished => {
                let pause = if was_stopped { Duration::ZERO } else { BREATH };
                self.postpone(&held, &recorded(report), pause).await
            }
            Attempt::Reported(report) => {
                if let Some(warning) = &report.warning {
                    tracing::warn!(job.name = %run.job, "{warning}");
                }
                self.finish(&held, RunOutcome::Succeeded, &recorded(report))
                    .await
            }
            Attempt::CutShort => {
                let report = failure("it was stopped in the middle of a batch");
                self.postpone(&held, &report, Duration::ZERO).await
            }
            Attempt::Failed(error) => {
                tracing::error!(job.name = %run.job, attempt = run.attempt, error, "the job failed");
                let report = failure(&error);
                if run.attempt < MAX_ATTEMPTS {
                    let pause = back_off(run.attempt, job.schedule().interval());
                    self.postpone(&held, &report, pause).await
                } else {
                    self.finish(&held, RunOutcome::Failed, &report).await
                }
            }
            Attempt::Lost => Ok(false),
        };
        match told {
            Ok(true) => self.purge().await,
            Ok(false) => {
                tracing::warn!(job.name = %run.job, tick = %run.tick, "another took the run over");
            }
            Err(error) => {
                let error = in_one_line(&error);
                tracing::warn!(job.name = %run.job, error, "the end of the run was not recorded");
            }
        }
    }

    async fn finish(
        &self,
        held: &HeldRun,
        outcome: RunOutcome,
        report: &RunReport,
    ) -> Result<bool, StoreError> {
        let at = self.clock.now();
        tell(|| self.store.finish_run(held, outcome, report, at)).await
    }

    async fn postpone(
        &self,
        held: &HeldRun,
        report: &RunReport,
        pause: Duration,
    ) -> Result<bool, StoreError> {
        let until = self.clock.now().plus(pause);
        tell(|| self.store.postpone_run(held, report, until)).await
    }

    async fn purge(&self) {
        let before = self.clock.now().minus(self.config.keep_runs);
        if let Err(error) = self.store.purge_runs(before, PURGED).await {
            let error = in_one_line(&error);
            tracing::warn!(error, "old runs were not removed");
        }
    }
}

/// Tells a store what happened, again where it does not answer.
async fn tell<F>(telling: impl Fn() -> F) -> Result<bool, StoreError>
where
    F: Future<Output = Result<bool, StoreError>>,
{
    let mut tellings = 1;
    loop {
        match telling().await {
            Err(error) if error.is_transient() && tellings < TELLINGS => tellings += 1,
            told => return told,
        }
        sleep(Duration::from_millis(200)).await;
    }
}

pub(crate) fn recorded(report: JobReport) -> RunReport {
    RunReport {
        counts: report.counts,
        error: None,
    }
}

pub(crate) fn failure(error: &str) -> RunReport {
    RunReport {
        error: Some(error.to_owned()),
        ..RunReport::default()
    }
}
