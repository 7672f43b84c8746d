//! What is under way when the scheduler stops, or when another takes a run over.

use std::{sync::Arc, time::Duration};

use fiml_session_core::{
    Clock, Timestamp,
    store::{Claim, JobRun, JobStore, RunClaim, RunState, RunToken},
};

use crate::world::{Conduct, START, Sample, World, only};

/// Whether the one run is held.
fn is_held(runs: &[JobRun]) -> bool {
    runs.iter()
        .any(|run| matches!(run.state, RunState::Held { .. }))
}

#[tokio::test]
async fn a_batch_that_ends_when_told_leaves_the_rest_to_the_next() {
    let (world, job) = (World::new(), Sample::hourly("job", Conduct::WaitsToStop));
    let running = world.scheduler([&job]).start();
    world.until(|runs| is_held(runs) && job.begun() == 1).await;
    running.stop().await;
    let runs = world.all_runs().await;
    let run = only(&runs, "job");
    assert_eq!(run.state, RunState::Postponed { until: START });
    assert_eq!((run.report.counts["half"], &run.report.error), (1, &None));
    let next = Sample {
        conduct: Conduct::Succeeds,
        ..job
    };
    let running = world.scheduler([&next]).start();
    let runs = world
        .until(|runs| runs.iter().all(|run| run.state.is_finished()))
        .await;
    running.stop().await;
    assert_eq!(
        (only(&runs, "job").attempt, runs[0].report.counts["done"]),
        (2, 1)
    );
}

#[tokio::test]
async fn a_batch_that_does_not_end_in_time_is_dropped_and_left_to_the_next() {
    let (world, job) = (World::new(), Sample::hourly("job", Conduct::Hangs));
    let running = world.scheduler([&job]).start();
    world.until(|runs| is_held(runs) && job.begun() == 1).await;
    running.stop().await;
    let runs = world.all_runs().await;
    let run = only(&runs, "job");
    assert_eq!(run.state, RunState::Postponed { until: START });
    let error = run.report.error.as_deref();
    assert_eq!(error, Some("it was stopped in the middle of a batch"));
}

#[tokio::test]
async fn a_lease_is_renewed_for_as_long_as_the_job_works() {
    let (world, job) = (World::new(), Sample::hourly("job", Conduct::WaitsToStop));
    let running = world.scheduler([&job]).start();
    let lease = |runs: &[JobRun]| match runs {
        [run] => Some(run.state),
        _ => None,
    };
    let first = lease(&world.until(is_held).await);
    // The lease begins anew at the instant of each renewal.
    world.clock.advance(Duration::from_secs(10));
    let runs = world.until(|runs| lease(runs) != first).await;
    let until = world.clock.now().plus(Duration::from_millis(300));
    assert_eq!(lease(&runs), Some(RunState::Held { until }));
    running.stop().await;
}

#[tokio::test]
async fn a_job_whose_run_was_taken_over_is_dropped_and_changes_no_record() {
    let (world, job) = (World::new(), Sample::hourly("job", Conduct::WaitsToStop));
    let running = world.scheduler([&job]).start();
    world.until(|runs| is_held(runs) && job.begun() == 1).await;
    assert!(is_alive(&job));
    // By somebody whose clock is far ahead.
    let at = START.plus(Duration::from_hours(500));
    let thief = RunClaim {
        job: "job".parse().unwrap(),
        tick: START,
        token: RunToken::at(at),
        holder: "a thief".to_owned(),
        until: Timestamp::MAX,
    };
    let stolen = world.runs.claim_run(&thief, at).await.unwrap();
    let Claim::Granted(stolen) = stolen else {
        panic!("the lease has passed by that clock: {stolen:?}");
    };
    // The job itself ends only when it is told to, which it is not: what ends it is the loss.
    while is_alive(&job) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.stop().await;
    assert_eq!(world.all_runs().await, [stolen]);
}

/// Whether a run still has the counter of the job, beside the registry and the test.
fn is_alive(job: &Sample) -> bool {
    Arc::strong_count(&job.begun) > 2
}
