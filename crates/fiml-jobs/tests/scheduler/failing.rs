//! What fails.

use std::{sync::Arc, time::Duration};

use fiml_jobs::{JobRegistry, MAX_ATTEMPTS, Schedule};
use fiml_session_core::{
    SystemClock,
    store::{RunOutcome, RunState},
};

use crate::world::{Conduct, START, Sample, World, only};

#[tokio::test]
async fn a_job_that_fails_panics_or_hangs_holds_up_no_other() {
    let world = World::new();
    let jobs = [
        Sample::hourly("fails", Conduct::Fails),
        Sample::hourly("panics", Conduct::Panics),
        Sample::hourly("hangs", Conduct::Hangs),
        Sample::hourly("succeeds", Conduct::Succeeds),
    ];
    let running = world.scheduler(&jobs).start();
    let runs = world
        .until(|runs| {
            let is = |name: &str, is_so: fn(&RunState) -> bool| {
                runs.iter()
                    .any(|run| run.job.as_str() == name && is_so(&run.state))
            };
            is("succeeds", |state| state.is_finished())
                && is("fails", |state| matches!(state, RunState::Postponed { .. }))
                && is("panics", |state| {
                    matches!(state, RunState::Postponed { .. })
                })
                && is("hangs", |state| matches!(state, RunState::Held { .. }))
        })
        .await;
    running.stop().await;
    let error = |name| only(&runs, name).report.error.as_deref();
    assert_eq!(error("fails"), Some("the disk is full"));
    assert_eq!(error("panics"), Some("the job panicked: a fault of mine"));
    let until = START.plus(Duration::from_secs(30));
    assert_eq!(only(&runs, "fails").state, RunState::Postponed { until });
}

#[tokio::test]
async fn a_run_that_fails_is_tried_five_times_and_recorded_as_failed() {
    let world = World::new();
    let job = Sample {
        schedule: Schedule::every(Duration::from_secs(1)).unwrap(),
        ..Sample::hourly("fails", Conduct::Fails)
    };
    let running = world.scheduler_by(Arc::new(SystemClock), [&job]).start();
    let runs = world
        .until(|runs| runs.iter().any(|run| run.state.is_finished()))
        .await;
    running.stop().await;
    let run = runs.iter().find(|run| run.state.is_finished()).unwrap();
    assert_eq!(run.attempt, MAX_ATTEMPTS);
    let failed = matches!(
        run.state,
        RunState::Finished {
            outcome: RunOutcome::Failed,
            ..
        }
    );
    assert!(failed && run.report.error.as_deref() == Some("the disk is full"));
}

#[tokio::test]
async fn a_failure_by_hand_is_told_and_recorded() {
    let world = World::new();
    let scheduler = world.scheduler([&Sample::hourly("fails", Conduct::Fails)]);
    let failed = scheduler.run_now(&"fails".parse().unwrap(), false).await;
    let failed = failed.unwrap_err();
    let source = std::error::Error::source(&failed).unwrap().to_string();
    assert_eq!(
        (failed.to_string().as_str(), source.as_str()),
        ("fails failed", "the disk is full")
    );
    let runs = world.all_runs().await;
    let run = only(&runs, "fails");
    assert_eq!(run.report.error.as_deref(), Some("the disk is full"));
}

#[test]
fn a_job_whose_name_is_malformed_or_taken_is_not_registered() {
    let job = |name| Sample::hourly(name, Conduct::Succeeds);
    let jobs = JobRegistry::new().with(job("job")).unwrap();
    for name in ["job", "Job", ""] {
        let refused = jobs.clone().with(job(name)).unwrap_err();
        assert_eq!(refused.argument, "job", "{name}");
    }
}
