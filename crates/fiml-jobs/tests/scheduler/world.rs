//! Jobs of the tests' own, and what they run on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use fiml_jobs::{Job, JobContext, JobRegistry, JobReport, Schedule, Scheduler, SchedulerConfig};
use fiml_session_core::{
    Clock, ManualClock, MemoryStore, Timestamp,
    store::{BoxError, JobRun, JobStore, RunPage},
};

/// 2100-01-01T13:37:00Z.
pub(crate) const START: Timestamp = Timestamp::from_micros(4_102_493_820_000_000);
/// What nothing here may take, on a machine that is busy with everything else.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a job behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    Succeeds,
    Fails,
    Panics,
    /// Waits until it is told to stop, and leaves the rest.
    WaitsToStop,
    /// Waits for ever.
    Hangs,
}

/// A job that behaves so, and counts how often it was begun.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) schedule: Schedule,
    pub(crate) conduct: Conduct,
    pub(crate) begun: Arc<AtomicU32>,
}

impl Sample {
    pub(crate) fn hourly(name: &'static str, conduct: Conduct) -> Self {
        Self {
            name,
            schedule: Schedule::HOURLY,
            conduct,
            begun: Arc::default(),
        }
    }

    pub(crate) fn begun(&self) -> u32 {
        self.begun.load(Ordering::SeqCst)
    }
}

impl Job for Sample {
    fn name(&self) -> &str {
        self.name
    }

    fn summary(&self) -> &str {
        "shows how it behaves"
    }

    fn schedule(&self) -> Schedule {
        self.schedule
    }

    async fn run(&self, context: &JobContext) -> Result<JobReport, BoxError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        // Given back when the run ends, however it does.
        let _alive = Arc::clone(&self.begun);
        match self.conduct {
            Conduct::Succeeds => Ok(JobReport::default().counting("done", 1)),
            Conduct::Fails => Err("the disk is full".into()),
            Conduct::Panics => panic!("a fault of mine"),
            Conduct::WaitsToStop => {
                while !context.is_stopping() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Ok(JobReport {
                    is_unfinished: true,
                    ..JobReport::default().counting("half", 1)
                })
            }
            Conduct::Hangs => std::future::pending().await,
        }
    }
}

/// A store of runs and the clock of those who use it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) runs: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            runs: Arc::new(MemoryStore::new()),
            clock: Arc::new(ManualClock::new(START)),
        }
    }

    /// A scheduler of these jobs, which gives up soon on what does not stop.
    pub(crate) fn scheduler<'a>(&self, jobs: impl IntoIterator<Item = &'a Sample>) -> Scheduler {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        self.scheduler_by(clock, jobs)
    }

    pub(crate) fn scheduler_by<'a>(
        &self,
        clock: Arc<dyn Clock>,
        jobs: impl IntoIterator<Item = &'a Sample>,
    ) -> Scheduler {
        let registry = jobs.into_iter().cloned();
        let registry = registry.fold(JobRegistry::new(), |jobs, job| jobs.with(job).unwrap());
        let config = SchedulerConfig {
            lease: Duration::from_millis(300),
            stop_within: Duration::from_millis(50),
            ..SchedulerConfig::new("a test")
        };
        Scheduler::new(
            registry,
            Arc::<MemoryStore>::clone(&self.runs) as _,
            clock,
            config,
        )
    }

    /// Every run, the newest first.
    pub(crate) async fn all_runs(&self) -> Vec<JobRun> {
        let limit = 1_000.try_into().unwrap();
        let page = RunPage { after: None, limit };
        self.runs.list_runs(None, &page).await.unwrap()
    }

    /// Waits until this is so of the runs.
    pub(crate) async fn until(
        &self,
        is_so: impl Fn(&[JobRun]) -> bool + Send + Sync,
    ) -> Vec<JobRun> {
        let waiting = async {
            loop {
                let runs = self.all_runs().await;
                if is_so(&runs) {
                    return runs;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.expect("it comes to that")
    }
}

/// The run of this job, of which there is one.
pub(crate) fn only<'a>(runs: &'a [JobRun], name: &str) -> &'a JobRun {
    let mut runs = runs.iter().filter(|run| run.job.as_str() == name);
    let first = runs.next().unwrap();
    assert_eq!(runs.next(), None);
    first
}
