//! Two workers, whose holder is killed again and again in the middle of a run.

use std::collections::{BTreeMap, BTreeSet};

use fiml_session_core::store::{RunOutcome, RunState};
use fiml_tests::place::Place;

use crate::{all_runs, run, worker::Workers};

const KILLS: u32 = 20;

fn each_due_run_completes_once_although_its_holder_is_killed_twenty_times(place: &Place) {
    let runs = run(place.runs());
    let mut workers = Workers::on(place, 800, "slow");
    workers.start("never");
    workers.start("never");
    for _ in 0..KILLS {
        let begun = workers.hear("granted", |said| said.word == "granted");
        workers.kill(begun.by);
        workers.start("never");
        let ended = workers.hear("the end of the run", |said| {
            said.word == "ended" && said.tick == begun.tick
        });
        assert_eq!(ended.more, "true", "{ended:?}");
        assert_ne!(ended.by, begun.by, "the dead end nothing");
    }
    let heard = workers.close();
    let ends = heard.iter().filter(|said| said.word == "ended");
    let mut stood = BTreeMap::new();
    for end in ends.filter(|said| said.more == "true") {
        *stood.entry(end.tick.clone()).or_insert(0) += 1;
    }
    assert!(stood.values().all(|&ends| ends == 1), "{stood:?}");
    let runs = run(all_runs(&*runs));
    let begun: BTreeSet<_> = heard
        .iter()
        .filter(|said| said.word == "granted")
        .map(|said| said.tick.clone())
        .collect();
    let recorded: BTreeSet<_> = runs.iter().map(|run| run.tick.to_string()).collect();
    assert_eq!(recorded, begun, "every run that was begun is recorded");
    let taken_over: u32 = runs.iter().map(|run| run.attempt - 1).sum();
    // What was begun just when the workers were told to end is left for the next one.
    let over = runs.iter().filter(|run| run.state.is_finished());
    let over: Vec<_> = over.collect();
    assert!(over.len() + 1 >= runs.len(), "{runs:?}");
    for run in &over {
        let succeeded = matches!(
            run.state,
            RunState::Finished {
                outcome: RunOutcome::Succeeded,
                ..
            }
        );
        assert!(succeeded && run.report.counts["steps"] == 8, "{run:?}");
        assert!(stood.contains_key(&run.tick.to_string()), "{run:?}");
    }
    assert_eq!(over.len(), stood.len(), "none ended that is not recorded");
    assert!(taken_over >= KILLS, "each kill met a holder: {runs:?}");
    println!(
        "{KILLS} holders killed, {taken_over} runs taken over, {} of {} runs completed once each",
        over.len(),
        runs.len()
    );
}

fiml_tests::in_every_place!(each_due_run_completes_once_although_its_holder_is_killed_twenty_times);
