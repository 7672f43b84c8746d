//! One attempt at a run: the job in a task of its own, and its lease renewed beside it.

use std::{any::Any, sync::Arc, time::Duration};

use fiml_session_core::{
    Clock, Timestamp, error_chain,
    store::{BoxError, HeldRun, JobStore},
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};

use crate::{
    job::{JobContext, JobReport},
    registry::RegisteredJob,
};

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// The job gave its report.
    Reported(JobReport),
    /// The job failed or panicked; in one line.
    Failed(String),
    /// It was told to stop and did not in time.
    CutShort,
    /// Somebody else holds the run now.
    Lost,
}

/// What an attempt needs to know of the scheduler.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) store: &'a dyn JobStore,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) lease: Duration,
    pub(crate) stop_within: Duration,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// The task of a job; dropping it ends the job where it stands.
struct Task(JoinHandle<Result<JobReport, BoxError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Bench<'_> {
    /// Runs the job until it ends, is lost, or does not stop in time.
    pub(crate) async fn attempt(&mut self, job: &RegisteredJob, held: &HeldRun) -> Attempt {
        let (stop, stopped) = watch::channel(false);
        let context = JobContext::new(Arc::clone(self.clock), stopped);
        let working = job.clone();
        // Of its own, so that a panic ends nothing else.
        let mut task = Task(tokio::spawn(async move { working.run(&context).await }));
        let pause = self.lease / 3;
        let mut renewals = interval_at(Instant::now() + pause, pause);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut deadline = None;
        loop {
            tokio::select! {
                ended = &mut task.0 => return match ended {
                    Ok(Ok(report)) => Attempt::Reported(report),
                    Ok(Err(error)) => Attempt::Failed(in_one_line(&*error)),
                    Err(error) => Attempt::Failed(match error.try_into_panic() {
                        Ok(panic) => format!("the job panicked: {}", said(&*panic)),
                        Err(error) => in_one_line(&error),
                    }),
                },
                _ = renewals.tick() => {
                    if self.renew(held).await == Some(false) {
                        return Attempt::Lost;
                    }
                }
                () = told_to_stop(&mut self.stopping), if deadline.is_none() => {
                    deadline = Some(Instant::now() + self.stop_within);
                    stop.send_replace(true);
                }
                () = reached(deadline), if deadline.is_some() => return Attempt::CutShort,
            }
        }
    }

    /// Whether the run is still held; none where the store does not say.
    async fn renew(&self, held: &HeldRun) -> Option<bool> {
        let until = self.lease_from(self.clock.now());
        match self.store.renew_run(held, until).await {
            Ok(is_held) => Some(is_held),
            Err(error) => {
                let error = in_one_line(&error);
                tracing::warn!(job.name = %held.job, error, "the lease was not renewed");
                None
            }
        }
    }

    fn lease_from(&self, at: Timestamp) -> Timestamp {
        at.plus(self.lease)
    }
}

/// Returns once the scheduler is to stop, or is gone.
pub(crate) async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error says that nobody can tell any more.
    drop(stopping.wait_for(|&stopping| stopping).await);
}

async fn reached(deadline: Option<Instant>) {
    if let Some(deadline) = deadline {
        sleep_until(deadline).await;
    }
}

/// What a panic said.
pub(crate) fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no reason given")
}

/// The most of an error that is recorded, in characters.
const ERROR: usize = 2_000;

/// An error and everything beneath it, in one line, as much of it as is recorded.
pub(crate) fn in_one_line(error: &(dyn std::error::Error + 'static)) -> String {
    error_chain(error).chars().take(ERROR).collect()
}
