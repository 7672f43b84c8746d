//! Servers that run jobs beside what they serve.

use std::{collections::BTreeSet, num::NonZeroUsize, process::Stdio, thread};

use fiml_session_core::store::RunState;
use fiml_tests::{place::Place, support::Client};

use crate::{all_runs, create_expired, eventually, run};

const AT_ONCE: [(&str, &str); 1] = [("SESSION_ARCHIVE_GRACE_SECONDS", "0")];

fn a_server_that_was_just_started_catches_up_in_the_background(place: &Place) {
    run(async {
        let store = create_expired(place, 3).await;
        let client = Client::start(place.fiml(), &AT_ONCE);
        eventually("the sessions are archived", async || {
            let due = store.now();
            let left = store.stores().active.expired(due, NonZeroUsize::MIN).await;
            left.unwrap().is_empty()
        })
        .await;
        let runs = place.runs().await;
        eventually("every job has run", async || {
            let runs = all_runs(&*runs).await;
            runs.len() == 3 && runs.iter().all(|run| run.state.is_finished())
        })
        .await;
        let holder = format!("process {} on ", client.pid());
        for run in all_runs(&*runs).await {
            assert!(run.holder.starts_with(&holder), "{run:?}");
        }
        client.close();
    });
}

fn however_many_servers_start_at_once_each_due_run_completes_once(place: &Place) {
    let runs = run(place.runs());
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let place = place.clone();
            thread::spawn(move || Client::start(place.fiml(), &AT_ONCE))
        })
        .collect();
    let clients: Vec<_> = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect();
    run(async {
        eventually("every job has run", async || {
            let runs = all_runs(&*runs).await;
            let finished = runs.iter().filter(|run| run.state.is_finished());
            let jobs: BTreeSet<_> = finished.map(|run| run.job.clone()).collect();
            jobs.len() == 3
        })
        .await;
    });
    for client in clients {
        client.close();
    }
    let runs = run(all_runs(&*runs));
    let ticks: BTreeSet<_> = runs.iter().map(|run| (&run.job, run.tick)).collect();
    assert_eq!(ticks.len(), runs.len());
    assert!(runs.iter().all(|run| run.attempt == 1), "{runs:?}");
}

fn a_server_that_ends_in_the_middle_of_a_run_leaves_it_to_the_next(place: &Place) {
    let store = run(create_expired(place, 300));
    let runs = run(place.runs());
    let client = Client::start(place.fiml(), &AT_ONCE);
    run(eventually("a run has begun", async || {
        !all_runs(&*runs).await.is_empty()
    }));
    client.close();
    for run in run(all_runs(&*runs)) {
        assert!(!matches!(run.state, RunState::Held { .. }), "{run:?}");
    }
    let client = Client::start(place.fiml(), &AT_ONCE);
    run(async {
        eventually("every run is over", async || {
            let runs = all_runs(&*runs).await;
            runs.len() >= 3 && runs.iter().all(|run| run.state.is_finished())
        })
        .await;
        let due = store.now();
        let limit = NonZeroUsize::MIN;
        let left = store.stores().active.expired(due, limit).await.unwrap();
        assert_eq!(left, []);
    });
    client.close();
}

fn a_server_told_so_runs_no_job(place: &Place) {
    run(create_expired(place, 1));
    let mut command = place.fiml();
    command.args(["serve", "--no-jobs"]).envs(AT_ONCE);
    // The end of stdin ends it, after all it was asked.
    let ended = command.stdin(Stdio::null()).output().unwrap();
    assert!(ended.status.success());
    let runs = run(async { all_runs(&*place.runs().await).await });
    assert_eq!(runs, []);
}

fiml_tests::in_every_place!(
    a_server_that_was_just_started_catches_up_in_the_background,
    however_many_servers_start_at_once_each_due_run_completes_once,
    a_server_that_ends_in_the_middle_of_a_run_leaves_it_to_the_next,
    a_server_told_so_runs_no_job,
);
