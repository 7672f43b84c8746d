//! Calls that meet, all of which are answered.

use crate::{
    act::Act::{
        Append, AppendOnce, Archive, Create, Delete, Extend, ExtendOnce, Look, Purge, Read, Sweep,
        Wait,
    },
    scenario::meet,
    world::{
        HOLD,
        Start::{Absent, Archived, Expired, Live, Reserved, Restored},
    },
};

#[test]
fn any_two_calls_meet_in_any_order() {
    let acts = [Sweep, Archive, Extend, Append, Delete, Purge, Look, Read];
    for start in [Live, Expired, Archived, Restored] {
        for (place, &one) in acts.iter().enumerate() {
            for &other in &acts[place..] {
                meet(start, [&[one], &[other]]).holds(2);
            }
        }
    }
}

#[test]
fn an_expired_session_is_swept_while_others_extend_and_delete_it() {
    meet(Expired, [&[Sweep], &[Extend, Append], &[Read]]).holds(500);
    meet(Expired, [&[Sweep], &[Extend, Append], &[Delete]]).holds(50_000);
    meet(Expired, [&[Sweep], &[Sweep], &[Extend]]).holds(5_000_000);
    meet(Expired, [&[Sweep], &[Archive], &[Delete]]).holds(100_000);
}

#[test]
fn an_archived_session_comes_back_once_whoever_asks_for_it() {
    meet(Archived, [&[Extend, Append], &[Extend, Append], &[Read]]).holds(20_000);
    meet(Archived, [&[Extend], &[Extend], &[Sweep]]).holds(100_000);
    meet(Archived, [&[Extend], &[Archive], &[Read]]).holds(1_000);
    meet(Archived, [&[Extend], &[Extend], &[Extend]]).holds(500_000);
}

#[test]
fn an_archived_session_stays_deleted_whoever_brings_it_back() {
    meet(Archived, [&[Extend], &[Extend], &[Delete]]).holds(5_000_000);
    meet(Archived, [&[Extend, Append], &[Delete], &[Sweep]]).holds(500_000);
    meet(Archived, [&[Extend, Append], &[Delete, Read]]).holds(5_000);
    meet(Archived, [&[Extend, Append], &[Purge], &[Read]]).holds(100);
}

#[test]
fn a_live_session_is_archived_by_hand_while_others_change_it() {
    meet(Live, [&[Archive], &[Append], &[Append, Read]]).holds(500);
    meet(Live, [&[Archive], &[Archive], &[Append]]).holds(5_000);
    meet(Live, [&[Archive], &[Extend, Append], &[Read]]).holds(500);
    meet(Live, [&[Archive], &[Delete], &[Append, Read]]).holds(1_000);
    meet(Restored, [&[Archive], &[Sweep], &[Append]]).holds(500);
}

#[test]
fn a_call_repeated_under_its_key_counts_once() {
    let caller = &[ExtendOnce("an hour"), AppendOnce("the query")];
    for start in [Live, Expired, Archived, Restored] {
        meet(start, [caller, caller]).holds(5);
    }
    meet(Expired, [caller, &[AppendOnce("the query")], &[Sweep]]).holds(500);
    meet(
        Live,
        [
            &[AppendOnce("the query")],
            &[AppendOnce("the query")],
            &[Archive],
        ],
    )
    .holds(50);
}

#[test]
fn a_creation_repeated_under_its_key_creates_once() {
    for start in [Absent, Reserved] {
        meet(start, [&[Create, Append], &[Create, Append]]).holds(400);
        meet(start, [&[Create, Append], &[Create, Delete]]).holds(100);
        meet(start, [&[Create], &[Create], &[Create, Append]]).holds(500_000);
    }
}

#[test]
fn a_claim_that_a_sweep_takes_for_given_up_loses_nothing() {
    for start in [Archived, Restored] {
        meet(start, [&[Wait(HOLD), Sweep], &[Extend]]).holds(5);
        meet(start, [&[Wait(HOLD), Sweep], &[Append], &[Read]]).holds(50);
    }
    let race = meet(Archived, [&[Wait(HOLD), Sweep], &[Extend]]);
    race.with_deaths(1).holds(5_000);
}
