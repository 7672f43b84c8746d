//! Calls that meet, some of which die between two steps; one cleanup puts right what they leave.

use crate::{
    act::Act::{Append, AppendOnce, Archive, Create, Delete, Extend, Look, Read, Sweep},
    scenario::meet,
    world::Start::{Absent, Archived, Expired, Live, Reserved, Restored},
};

#[test]
fn any_two_calls_may_both_die_anywhere() {
    let acts = [Sweep, Archive, Extend, Append, Delete, Look];
    for start in [Live, Expired, Archived, Restored] {
        for (place, &one) in acts.iter().enumerate() {
            for &other in &acts[place..] {
                meet(start, [&[one], &[other]]).with_deaths(2).holds(2);
            }
        }
    }
}

#[test]
fn whoever_dies_beside_two_others_leaves_nothing_half_way() {
    meet(Expired, [&[Sweep], &[Extend, Append], &[Read]])
        .with_deaths(1)
        .holds(1_000);
    meet(Expired, [&[Sweep], &[Extend], &[Delete]])
        .with_deaths(1)
        .holds(50_000);
    meet(Archived, [&[Extend], &[Extend], &[Delete]])
        .with_deaths(1)
        .holds(10_000_000);
    meet(Archived, [&[Extend, Append], &[Extend], &[Read]])
        .with_deaths(1)
        .holds(20_000);
    meet(Live, [&[Archive], &[Append], &[Delete]])
        .with_deaths(1)
        .holds(500);
}

#[test]
fn what_a_dead_caller_left_is_completed_by_the_same_call_again() {
    let append = &[AppendOnce("the query")];
    meet(Live, [append, append, &[Archive]])
        .with_deaths(2)
        .holds(200);
    for start in [Absent, Reserved] {
        meet(start, [&[Create, Append], &[Create, Append]])
            .with_deaths(1)
            .holds(100);
        meet(start, [&[Create], &[Create, Delete]])
            .with_deaths(1)
            .holds(100);
    }
}
