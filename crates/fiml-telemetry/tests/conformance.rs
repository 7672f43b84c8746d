//! Observed ports keep the contract of the ports.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

use std::{sync::Arc, time::Duration};

use fiml_session_core::{
    MemoryStore, Stores, SystemClock,
    store::{ActiveStore, ArchiveStore, JobStore},
};
use fiml_telemetry::{Sources, Telemetry};

fn observed() -> (Stores, Arc<dyn JobStore>) {
    let memory = Arc::new(MemoryStore::new());
    let telemetry = Telemetry::new(Sources {
        health: Vec::new(),
        census: Arc::<MemoryStore>::clone(&memory),
        runs: Arc::<MemoryStore>::clone(&memory),
        jobs: vec!["sweep".parse().unwrap()],
        clock: Arc::new(SystemClock),
        archive_grace: Duration::from_secs(60),
    });
    let jobs = telemetry.jobs(Arc::<MemoryStore>::clone(&memory));
    (telemetry.stores(Stores::single(memory)), jobs)
}

async fn active() -> Arc<dyn ActiveStore> {
    observed().0.active
}

async fn archive() -> Arc<dyn ArchiveStore> {
    observed().0.archive
}

async fn jobs() -> Arc<dyn JobStore> {
    observed().1
}

fiml_testkit::active_store_suite!(active);
fiml_testkit::archive_store_suite!(archive);
fiml_testkit::job_store_suite!(jobs);
