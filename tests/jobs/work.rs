//! `fiml jobs work`: workers of the product itself, killed and told to end.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    num::NonZeroUsize,
    process::{Child, Command, Stdio},
};

use fiml_session_core::{
    Timestamp,
    store::{MetricsFilter, RunState},
};
use fiml_tests::place::Place;

use crate::{ALL, all_runs, create_expired, eventually, run};

const KILLS: usize = 20;
const SESSIONS: usize = 20;

/// A worker that cleans up every second, and may be silent for as long.
#[derive(Debug)]
struct Worker(Child);

impl Worker {
    fn start(place: &Place) -> Self {
        let mut command = place.fiml();
        command
            .args(["jobs", "work"])
            .env("SESSION_ARCHIVE_GRACE_SECONDS", "0")
            .env("SESSION_CLEANUP_INTERVAL_MINUTES", "0.0167")
            .env("SESSION_JOB_LEASE_SECONDS", "1")
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.starts_with("working on "), "{line}");
        Self(child)
    }

    /// How its runs name it, up to the machine.
    fn holder(&self) -> String {
        format!("process {} on ", self.0.id())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn ends_when_told(mut self) {
        let pid = self.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Ended already unless the test fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn workers_killed_twenty_times_leave_no_run_undone_and_no_session_behind(place: &Place) {
    let (runs, mut workers) = (run(place.runs()), Vec::new());
    workers.extend([Worker::start(place), Worker::start(place)]);
    let mut created = 0;
    for round in 0..KILLS {
        let store = run(create_expired(place, SESSIONS));
        created += SESSIONS as u64;
        // At some moment of a run, or between two: as it comes.
        let due = store.now();
        let limit = NonZeroUsize::MIN;
        run(eventually("a cleanup has removed the last", async || {
            let left = store.stores().active.expired(due, limit).await;
            left.unwrap().is_empty()
        }));
        workers.swap_remove(round % 2).kill();
        workers.push(Worker::start(place));
    }
    run(async {
        let stores = place.stores().await;
        eventually("every run of the past is over", async || {
            let runs = all_runs(&*runs).await;
            let over = runs.iter().filter(|run| run.state.is_finished()).count();
            over >= KILLS && over + 1 >= runs.len()
        })
        .await;
        let (any, none) = (MetricsFilter::default(), BTreeSet::new());
        eventually("every session is archived", async || {
            let digest = stores.metrics.digest(&ALL, &any, &none, Timestamp::MAX);
            digest.await.unwrap().sessions == created
        })
        .await;
        let archived: u64 = all_runs(&*runs)
            .await
            .iter()
            .filter_map(|run| run.report.counts.get("archived"))
            .sum();
        // What a killed run had archived is counted by no report.
        assert!(archived <= created, "{archived} of {created}");
        println!("{KILLS} workers killed: {archived} of {created} archived by runs that completed");
    });
    let last: Vec<_> = workers.iter().map(Worker::holder).collect();
    for worker in workers {
        worker.ends_when_told();
    }
    let left = run(all_runs(&*runs));
    // What the last one to be killed held, nobody may have taken over yet.
    let held = left
        .iter()
        .filter(|run| matches!(run.state, RunState::Held { .. }));
    for run in held {
        let by_one_that_ended = last.iter().any(|holder| run.holder.starts_with(holder));
        assert!(
            !by_one_that_ended,
            "who is told to end holds nothing: {run:?}"
        );
    }
}

fiml_tests::in_every_place!(workers_killed_twenty_times_leave_no_run_undone_and_no_session_behind);
