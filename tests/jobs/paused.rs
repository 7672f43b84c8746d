//! A holder that is stopped for longer than its lease, and resumed.

use fiml_session_core::store::JobRun;
use fiml_tests::place::Place;

use crate::{all_runs, run, worker::Workers};

fn the_late_end_of_a_holder_that_was_stopped_past_its_lease_is_refused(place: &Place) {
    let runs = run(place.runs());
    let mut workers = Workers::on(place, 600, "slow");
    let first = workers.start("never");
    let begun = workers.hear("granted", |said| said.word == "granted");
    workers.signal(first, "STOP");
    let second = workers.start("never");
    let taken = workers.hear("the takeover", |said| {
        said.word == "granted" && said.tick == begun.tick
    });
    assert_eq!((taken.by, taken.more.as_str()), (second, "2"));
    let ended = workers.hear("the end of the run", |said| {
        said.word == "ended" && said.tick == begun.tick
    });
    assert_eq!((ended.by, ended.more.as_str()), (second, "true"));
    let is_it = |run: &&JobRun| run.tick.to_string() == begun.tick;
    let before = run(all_runs(&*runs));
    let before = before.iter().find(is_it).unwrap();
    workers.signal(first, "CONT");
    // Either it learns first that it has lost the run, or it is at the end before.
    let refused = workers.hear("the refusal", |said| {
        said.by == first && said.tick == begun.tick
    });
    let late = (refused.word.as_str(), refused.more.as_str());
    assert!(
        matches!(late, ("lost", "") | ("ended", "false")),
        "{late:?}"
    );
    let after = run(all_runs(&*runs));
    assert_eq!(after.iter().find(is_it), Some(before));
    assert_eq!(before.holder, second.to_string());
    workers.close();
}

fiml_tests::in_every_place!(the_late_end_of_a_holder_that_was_stopped_past_its_lease_is_refused);
