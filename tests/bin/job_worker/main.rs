//! A process that runs jobs until its stdin ends, and says what it claims and how its runs end.
//!
//! For the tests of jobs only: they kill, stop and resume it. The arguments, in this order: the lease in
//! milliseconds, the job, the [`Doom`] of the steps of a cleanup, and the [`Whereabouts`] of the sessions.
//!
//! It prints `granted` with the tick and the attempt after each claim that was granted, `ended` with the tick
//! and whether the end stood after each run that it ended, and `lost` with the tick where it learns that
//! another holds its run.

mod slow;
mod told;

use std::{error::Error, sync::Arc, time::Duration};

use fiml_jobs::{CleanupExpiredSessions, JobRegistry, Schedule, Scheduler, SchedulerConfig};
use fiml_session_core::{Policy, SessionStore, SystemClock};
use fiml_tests::{
    doom::Doom,
    steps::{Watch, stepped},
    whereabouts::Whereabouts,
};

use crate::{slow::Slow, told::Told};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut next = || words.next().ok_or("too few arguments");
    let lease = Duration::from_millis(next()?.parse()?);
    let (job, doom) = (next()?, next()?.parse::<Doom>()?);
    let place: Whereabouts = serde_json::from_str(&next()?)?;
    let opened = place.open().await;
    let doom: Arc<dyn Watch> = Arc::new(doom);
    let stores = stepped(opened.stores, &doom);
    let policy = Policy {
        archive_grace: Duration::ZERO,
        ..Policy::default()
    };
    let store = SessionStore::new(stores, policy, Arc::new(SystemClock));
    let every_second = Schedule::every(Duration::from_secs(1))?;
    let jobs = JobRegistry::new();
    let jobs = match job.as_str() {
        "slow" => jobs.with(Slow(every_second))?,
        "cleanup" => jobs.with(CleanupExpiredSessions::new(store).on(every_second))?,
        other => return Err(format!("{other} is no job: say slow or cleanup").into()),
    };
    let config = SchedulerConfig {
        lease,
        ..SchedulerConfig::new(std::process::id().to_string())
    };
    let running = Scheduler::new(
        jobs,
        Arc::new(Told(opened.runs)),
        Arc::new(SystemClock),
        config,
    )
    .start();
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    running.stop().await;
    Ok(())
}
