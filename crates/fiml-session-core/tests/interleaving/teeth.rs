//! Stores that break their contract are caught.

use crate::{
    act::Act::{Append, AppendOnce, Archive, Delete, Extend, Sweep, Wait},
    gated::Fault,
    scenario::meet,
    world::{
        HOLD,
        Start::{Archived, Expired, Live},
    },
};

#[test]
fn a_store_that_removes_what_has_changed_is_caught() {
    let race = meet(Expired, [&[Sweep], &[Extend]]).on(Fault::RemovesWhatHasChanged);
    // The extension that was acknowledged went with the copy.
    assert!(race.is_caught().starts_with("it lives until"));
}

#[test]
fn an_archive_that_settles_what_has_changed_is_caught() {
    let race = meet(Archived, [&[Wait(HOLD), Sweep], &[Extend]]).on(Fault::SettlesWhatHasChanged);
    assert!(race.is_caught().starts_with("it lies in both tiers"));
}

#[test]
fn an_archive_that_discards_what_has_changed_is_caught() {
    let race = meet(Live, [&[Archive], &[Archive], &[Append]]).on(Fault::DiscardsWhatHasChanged);
    assert_eq!(race.is_caught(), "it lies in no tier");
}

#[test]
fn an_archive_that_confirms_every_restore_is_caught() {
    let race = meet(Archived, [&[Extend], &[Delete]]).on(Fault::ConfirmsEveryRestore);
    assert_eq!(race.is_caught(), "it has risen from deletion");
}

#[test]
fn an_archive_that_keeps_no_tombstone_is_caught() {
    let race = meet(Expired, [&[Sweep], &[Delete]]).on(Fault::BuriesWithoutTombstone);
    assert_eq!(race.is_caught(), "it has risen from deletion");
}

#[test]
fn an_archive_that_takes_what_is_buried_is_caught() {
    let race = meet(Expired, [&[Sweep], &[Delete]]).on(Fault::StagesWhatIsBuried);
    assert_eq!(race.is_caught(), "it has risen from deletion");
}

#[test]
fn a_store_that_forgets_its_answers_is_caught() {
    let append = &[AppendOnce("the query")];
    let race = meet(Live, [append, &[Archive, Extend], append]).on(Fault::ForgetsAnswers);
    assert_eq!(race.is_caught(), "a query is there twice");
}
