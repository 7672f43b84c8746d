//! A background job of your own beside the cleanup, run every second for a few seconds, with its history.

#![expect(clippy::print_stdout, reason = "an example prints what it did")]

mod count_crypto_sessions;

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Result;
use fiml_jobs::{CleanupExpiredSessions, JobRegistry, Schedule, Scheduler, SchedulerConfig};
use fiml_session_core::{
    NewSession, Policy, SessionStore, SessionType, Stores, SystemClock,
    store::{JobStore, RunPage, Scope},
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};

use crate::count_crypto_sessions::CountCryptoSessions;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = SqliteConfig::new(folder.path().join("sessions.db"));
    let file = Arc::new(SqliteStore::connect(file).await?);
    let stores = Stores::single(Arc::<SqliteStore>::clone(&file));
    let store = SessionStore::new(stores, Policy::default(), Arc::new(SystemClock));
    for asset in ["BTC", "ETH"] {
        let new = NewSession::new(SessionType::Crypto, [asset]);
        store.create_session(&Scope::All, &new, None).await?;
    }

    let schedule = Schedule::every(Duration::from_secs(1))?;
    let counting = CountCryptoSessions {
        store: store.clone(),
        schedule,
    };
    let jobs = JobRegistry::new()
        .with(CleanupExpiredSessions::new(store))?
        .with(counting)?;
    let runs: Arc<dyn JobStore> = file;
    let config = SchedulerConfig::new("the example");
    let running = Scheduler::new(jobs, Arc::clone(&runs), Arc::new(SystemClock), config).start();
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    running.stop().await;

    let limit = NonZeroUsize::MIN.saturating_add(9);
    for run in runs
        .list_runs(None, &RunPage { after: None, limit })
        .await?
    {
        println!("{} {}: {:?}", run.tick, run.job, run.report.counts);
    }
    Ok(())
}
