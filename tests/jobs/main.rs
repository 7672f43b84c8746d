//! Background jobs that really run: several processes on one place, killed, stopped and resumed, each due run
//! completing once; and the commands that show and run them.
//!
//! The processes are killed by a signal, so that what is shown is a crash of a process, not of a machine.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![expect(
    clippy::print_stdout,
    reason = "how much was killed and taken over is for people to read"
)]

mod commands;
mod kills;
mod late;
mod paused;
mod serving;
mod work;
mod worker;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use fiml_session_core::{
    NewSession, Policy, SessionStore, SessionType, SystemClock,
    store::{JobRun, JobStore, RunPage, Scope},
};
use fiml_tests::place::Place;
use tokio::runtime::Runtime;

const ALL: Scope = Scope::All;
/// What nothing here may take, on a machine that is busy with everything else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what is asynchronous, on the one runtime that every connection here is made on.
fn run<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
    runtime.block_on(work)
}

/// Every run there is, the newest first.
async fn all_runs(runs: &dyn JobStore) -> Vec<JobRun> {
    let limit = 10_000.try_into().unwrap();
    let page = RunPage { after: None, limit };
    runs.list_runs(None, &page).await.unwrap()
}

/// Creates sessions that expire at once; the service that did.
async fn create_expired(place: &Place, count: usize) -> SessionStore {
    let clock = Arc::new(SystemClock);
    let store = SessionStore::new(place.stores().await, Policy::default(), clock);
    let new = NewSession {
        ttl_hours: Some(0.000_001),
        ..NewSession::new(SessionType::Macro, ["GDP"])
    };
    for _ in 0..count {
        store.create_session(&ALL, &new, None).await.unwrap();
    }
    store
}

/// Waits until something is so.
///
/// # Panics
///
/// Where it does not come to that in time.
async fn eventually<F>(what: &str, is_so: impl Fn() -> F + Send + Sync)
where
    F: Future<Output = bool> + Send,
{
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "it never came to that: {what}");
}
