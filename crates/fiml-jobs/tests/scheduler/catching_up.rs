//! What was missed is made up for, once.

use std::time::Duration;

use fiml_jobs::Schedule;
use fiml_session_core::{
    Clock,
    store::{JobRun, RunOutcome, RunState},
};

use crate::world::{Conduct, START, Sample, World, only};

#[tokio::test]
async fn a_job_that_is_due_when_the_scheduler_starts_runs_at_once_and_is_recorded() {
    let (world, job) = (World::new(), Sample::hourly("job", Conduct::Succeeds));
    let running = world.scheduler([&job]).start();
    let runs = world
        .until(|runs| runs.iter().any(|run| run.state.is_finished()))
        .await;
    running.stop().await;
    let run = only(&runs, "job");
    assert_eq!(run.tick, Schedule::HOURLY.tick_at(START));
    assert_eq!((run.attempt, run.started_at), (1, START));
    let (outcome, at) = (RunOutcome::Succeeded, START);
    assert_eq!(run.state, RunState::Finished { outcome, at });
    assert_eq!(
        (run.holder.as_str(), run.report.counts["done"]),
        ("a test", 1)
    );
}

#[tokio::test]
async fn a_job_three_days_late_catches_up_once() {
    let (world, job) = (World::new(), Sample::hourly("job", Conduct::Succeeds));
    let one = |runs: &[_]| runs.len() == 1;
    let running = world.scheduler([&job]).start();
    world
        .until(|runs| one(runs) && runs[0].state.is_finished())
        .await;
    running.stop().await;
    world.clock.advance(Duration::from_hours(72));
    let running = world.scheduler([&job]).start();
    let over = |run: &JobRun| run.state.is_finished();
    let runs = world
        .until(|runs| runs.len() == 2 && runs.iter().all(over))
        .await;
    running.stop().await;
    assert_eq!(runs[0].tick, Schedule::HOURLY.tick_at(world.clock.now()));
    assert_eq!(world.all_runs().await.len(), 2);
    assert_eq!(job.begun(), 2);
}

#[tokio::test]
async fn schedulers_that_start_again_and_again_run_a_tick_once() {
    let (world, job) = (World::new(), Sample::hourly("job", Conduct::Succeeds));
    for _ in 0..10 {
        let running = [(); 3].map(|()| world.scheduler([&job]).start());
        world
            .until(|runs| runs.iter().any(|run| run.state.is_finished()))
            .await;
        for running in running {
            running.stop().await;
        }
    }
    assert_eq!((world.all_runs().await.len(), job.begun()), (1, 1));
}

#[tokio::test]
async fn a_run_by_hand_is_recorded_and_takes_no_ticks_place() {
    let (world, job) = (World::new(), Sample::hourly("job", Conduct::Succeeds));
    let (scheduler, name) = (world.scheduler([&job]), "job".parse().unwrap());
    let report = scheduler.run_now(&name, false).await.unwrap();
    assert_eq!(report.counts["done"], 1);
    let dry = scheduler.run_now(&name, true).await.unwrap();
    assert_eq!(dry, report);
    let runs = world.all_runs().await;
    assert_eq!(
        only(&runs, "job").tick,
        START,
        "the dry run is not recorded"
    );
    let [overview] = &scheduler.overview().await.unwrap()[..] else {
        panic!("one job is registered");
    };
    let tick = Schedule::HOURLY.tick_at(START);
    assert_eq!(
        (overview.next_due, &overview.last_run),
        (tick, &Some(runs[0].clone()))
    );
    let running = scheduler.start();
    world
        .until(|runs| runs.len() == 2 && runs[1].state.is_finished())
        .await;
    running.stop().await;
    let overview = scheduler.overview().await.unwrap().remove(0);
    assert_eq!(overview.next_due, Schedule::HOURLY.after(tick));
    assert!(
        scheduler
            .run_now(&"other".parse().unwrap(), false)
            .await
            .is_err()
    );
}
