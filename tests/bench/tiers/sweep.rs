//! The whole sweep of many expired sessions, by the job of the binary in a process of its own.

use std::{
    process::Stdio,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use fiml_tests::support::fiml;

use crate::{
    pace::Cost,
    servers::{Servers, now},
    sessions::{fill, session},
};

/// Long enough ago for a session of a day to have expired.
const LONG_AGO: Duration = Duration::from_hours(26);
/// One session in so many has ten queries, the others two.
const LONG_ONES: usize = 10;

pub(crate) async fn of_many(servers: &Servers) {
    println!(
        "the sweep: fiml jobs run cleanup_expired_sessions, ten queries in one session of ten, else two"
    );
    let mut peaks = Vec::new();
    for sessions in [10_000, 100_000] {
        let Swept { took, peak, cost } = sweep(servers, sessions).await;
        let rate = sessions as f64 / took.as_secs_f64();
        println!("  {sessions:>7} sessions   {rate:>6.0} a second   peak of memory {peak:>6} KiB");
        println!(
            "          processor time of a session: {:.0} µs in Redis, {:.0} µs in the job, of {:.0} µs",
            cost.server,
            cost.client,
            1e6 / rate
        );
        peaks.push(peak as f64);
    }
    let ratio = peaks[1] / peaks[0];
    println!("  ratio of the peaks {ratio:.2}   target: memory does not grow with the number\n");
}

struct Swept {
    took: Duration,
    /// The most memory that the process had at once, in KiB.
    peak: u64,
    cost: Cost,
}

async fn sweep(servers: &Servers, sessions: usize) -> Swept {
    let (tiers, start) = (servers.tiers(), now().minus(LONG_AGO));
    let store = Arc::new(tiers.redis().await);
    fill(&store, sessions, move |n| {
        let queries = if n % LONG_ONES == 0 { 10 } else { 2 };
        session(&format!("user_{}", n / 50), start, queries)
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut job = fiml(&folder.path().join("sessions.db"));
    tiers
        .set(&mut job)
        .args(["jobs", "run", "cleanup_expired_sessions", "--json"])
        .stdout(Stdio::piped());
    let before = Cost::so_far(&servers.redis);
    let started = Instant::now();
    let mut job = job.spawn().unwrap();
    // The peak only grows, so that the last look before the end is all but the whole truth.
    let mut peak = 0;
    while job.try_wait().unwrap().is_none() {
        peak = peak_of(job.id()).unwrap_or(0).max(peak);
        sleep(Duration::from_millis(5));
    }
    let took = started.elapsed();
    let cost = before.of_each(&servers.redis, sessions);
    let output = job.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["archived"], sessions, "{report}");
    servers.empty_redis();
    Swept { took, peak, cost }
}

/// The most memory that a process has had so far, in KiB, where the system tells.
fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
