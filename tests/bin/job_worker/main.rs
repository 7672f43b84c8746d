//! A process that runs jobs until its stdin ends, and says what it claims and how its runs end.
//!
//! For the tests of jobs only: they kill, stop and resume it. The arguments, in this order: the lease in
//! milliseconds, the job, the [`Doom`] of the steps of a cleanup between two tiers, and where the sessions are,
//! as `Place::words` tells it.
//!
//! It prints `granted` with the tick and the attempt after each claim that was granted, `ended` with the tick
//! and whether the end stood after each run that it ended, and `lost` with the tick where it learns that
//! another holds its run.

#[path = "../doomed_worker/active.rs"]
mod active;
#[path = "../doomed_worker/archive.rs"]
mod archive;
#[path = "../doomed_worker/doom.rs"]
mod doom;
mod slow;
mod told;

use std::{error::Error, io::Write, sync::Arc, time::Duration};

use fiml_jobs::{CleanupExpiredSessions, JobRegistry, Schedule, Scheduler, SchedulerConfig};
use fiml_session_core::{Policy, SessionStore, Stores, SystemClock, store::JobStore};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use fiml_tests::place::Tiers;

use crate::{active::DoomedActive, archive::DoomedArchive, doom::Doom, slow::Slow, told::Told};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut next = || words.next().ok_or("too few arguments");
    let lease = Duration::from_millis(next()?.parse()?);
    let (job, doom) = (next()?, next()?.parse()?);
    let place: Vec<_> = words.collect();
    let (stores, runs) = open(&place, doom).await?;
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
    let running = Scheduler::new(jobs, Arc::new(Told(runs)), Arc::new(SystemClock), config).start();
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    running.stop().await;
    Ok(())
}

async fn open(place: &[String], doom: Doom) -> Result<(Stores, Arc<dyn JobStore>), Box<dyn Error>> {
    match place {
        [file] => {
            let file = Arc::new(SqliteStore::connect(SqliteConfig::new(file)).await?);
            Ok((Stores::single(Arc::<SqliteStore>::clone(&file)), file))
        }
        [redis, prefix, postgres, schema] => {
            let tiers = Tiers {
                redis_url: redis.clone(),
                key_prefix: prefix.clone(),
                database_url: postgres.clone(),
                schema: schema.clone(),
            };
            let (doom, archive) = (Arc::new(doom), Arc::new(tiers.postgres().await));
            let stores = Stores {
                active: Arc::new(DoomedActive {
                    inner: tiers.redis().await,
                    doom: Arc::clone(&doom),
                }),
                metrics: Arc::clone(&archive) as _,
                archive: Arc::new(DoomedArchive {
                    inner: Arc::clone(&archive),
                    doom,
                }),
            };
            Ok((stores, archive))
        }
        _ => Err("a place is a file, or Redis, prefix, PostgreSQL and schema".into()),
    }
}

/// One line to the test, at once.
fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
