//! What happens in the life of sessions, drawn at random.

use std::time::Duration;

use fiml_session_core::SessionType;
use fiml_tests::orders::Work;
use proptest::{option, prelude::*, sample::select};

use crate::fuse::Death;

/// One of the sessions there are, counted round from the newest.
pub(crate) type Slot = u8;

/// One thing that happens; where a death is given, whoever does it may not live to its end.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Create {
        user: Option<&'static str>,
        session_type: SessionType,
        assets: Vec<&'static str>,
        tags: Vec<&'static str>,
        hours: f64,
    },
    Query {
        slot: Slot,
        query_type: &'static str,
        source: Option<&'static str>,
        error: Option<&'static str>,
        ms: Option<f64>,
        cache_hit: bool,
    },
    Extend(Slot, f64, Option<Death>),
    Archive(Slot, Option<Death>),
    Delete(Slot, Option<Death>),
    /// A tag is added or removed.
    Retag(Slot, &'static str, bool),
    Wait(Duration),
    /// A job is run once, in this process or in one of its own.
    Run(Work, End),
    ForgetRollups,
    /// Analytics are switched on or off.
    Switch(bool),
}

/// How whoever runs a job comes to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Done,
    /// It is in this process, which forgets it.
    Gone(Death),
    /// It is a process of its own, which SIGKILL ends.
    Killed(Death),
}

pub(crate) const USERS: [&str; 2] = ["ann", "bob"];
pub(crate) const ASSETS: [&str; 3] = ["AAPL", "BTC", "GDP"];
pub(crate) const TAGS: [&str; 2] = ["tech", "q3"];
pub(crate) const TYPES: [SessionType; 2] = [SessionType::Equity, SessionType::Macro];

pub(crate) fn acts() -> impl Strategy<Value = Vec<Act>> {
    proptest::collection::vec(act(), 10..60)
}

fn death() -> impl Strategy<Value = Option<Death>> {
    option::weighted(0.3, within(12))
}

/// At one of so many steps.
fn within(steps: u8) -> impl Strategy<Value = Death> {
    let death = (1..=steps, any::<bool>());
    death.prop_map(|(steps, is_done)| Death { steps, is_done })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        12 => Just(End::Done),
        3 => within(12).prop_map(End::Gone),
        // Few steps, so that most of them do not live to their end.
        6 => within(4).prop_map(End::Killed),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let minutes = prop_oneof![
        4 => 1..90_u64,
        3 => 60..1_500_u64,
        2 => 1_400..9_000_u64,
        1 => 500_000..700_000_u64,
    ];
    prop_oneof![
        8 => created(),
        10 => queried(),
        3 => (any::<Slot>(), select(vec![0.5, 1.0, 30.0]), death())
            .prop_map(|(slot, hours, death)| Act::Extend(slot, hours, death)),
        2 => (any::<Slot>(), death()).prop_map(|(slot, death)| Act::Archive(slot, death)),
        2 => (any::<Slot>(), death()).prop_map(|(slot, death)| Act::Delete(slot, death)),
        8 => minutes.prop_map(|minutes| Act::Wait(Duration::from_mins(minutes))),
        3 => (any::<Slot>(), select(&TAGS[..]), any::<bool>())
            .prop_map(|(slot, tag, is_added)| Act::Retag(slot, tag, is_added)),
        5 => end().prop_map(|end| Act::Run(Work::CleanUp, end)),
        2 => end().prop_map(|end| Act::Run(Work::DeleteOld, end)),
        5 => end().prop_map(|end| Act::Run(Work::GenerateMetrics, end)),
        1 => Just(Act::ForgetRollups),
        1 => any::<bool>().prop_map(Act::Switch),
    ]
}

fn created() -> impl Strategy<Value = Act> {
    let parts = (
        option::weighted(0.8, select(&USERS[..])),
        select(&TYPES[..]),
        proptest::sample::subsequence(&ASSETS[..], 1..=3),
        proptest::sample::subsequence(&TAGS[..], 0..=2),
        select(vec![0.25, 1.0, 24.0, 168.0]),
    );
    parts.prop_map(|(user, session_type, assets, tags, hours)| Act::Create {
        user,
        session_type,
        assets,
        tags,
        hours,
    })
}

fn queried() -> impl Strategy<Value = Act> {
    let parts = (
        any::<Slot>(),
        select(&["price", "news"][..]),
        option::of(select(&["file", "web"][..])),
        option::weighted(0.2, select(&["timeout", "symbol_not_found"][..])),
        option::of(0.0..5_000.0_f64),
        any::<bool>(),
    );
    parts.prop_map(
        |(slot, query_type, source, error, ms, cache_hit)| Act::Query {
            slot,
            query_type,
            source,
            error,
            ms,
            cache_hit,
        },
    )
}
