//! The steps that sequences are made of.

use std::time::Duration;

use proptest::{prelude::*, sample::select};

use super::{
    active_call::{self, ActiveCall},
    archive_call::{self, ArchiveCall},
    parts::Slot,
    use_case::{self, UseCase},
    world::{Known, Side},
};
use crate::fixtures::{DAY, HOUR, MICRO, SECOND};

/// One step of a sequence.
#[derive(Debug, Clone)]
pub enum Operation {
    /// The clock moves forward.
    Advance(Duration),
    /// The clock moves back.
    Rewind(Duration),
    /// The service is asked.
    UseCase(UseCase),
    /// The port of live sessions is asked.
    ActiveCall(ActiveCall),
    /// The port of archived sessions is asked.
    ArchiveCall(ArchiveCall),
}

/// The next step, where so many sessions may be there.
pub(super) fn next(sessions: u32) -> BoxedStrategy<Operation> {
    let create = if sessions < 4 { 90 } else { 12 };
    prop_oneof![
        create => use_case::creation().prop_map(Operation::UseCase),
        create / 3 => active_call::creation().prop_map(Operation::ActiveCall),
        50 => use_case::any().prop_map(Operation::UseCase),
        40 => active_call::any().prop_map(Operation::ActiveCall),
        40 => archive_call::any().prop_map(Operation::ArchiveCall),
        14 => select(forward()).prop_map(Operation::Advance),
        4 => select(vec![MICRO, SECOND, HOUR, DAY + HOUR]).prop_map(Operation::Rewind),
    ]
    .boxed()
}

/// Past the grace of the sweep, the hold of a restored row, expiry, a key's day and a tombstone's week.
fn forward() -> Vec<Duration> {
    vec![
        MICRO,
        SECOND,
        61 * SECOND,
        61 * SECOND,
        601 * SECOND,
        601 * SECOND,
        HOUR,
        HOUR,
        DAY,
        DAY + HOUR,
        8 * DAY,
    ]
}

impl Operation {
    /// Whether it may create a session.
    pub(super) const fn creates(&self) -> bool {
        matches!(
            self,
            Self::UseCase(UseCase::Create { .. }) | Self::ActiveCall(ActiveCall::Insert { .. })
        )
    }

    /// The session that it is about.
    pub(super) const fn slot(&self) -> Option<Slot> {
        match self {
            Self::UseCase(call) => call.slot(),
            Self::ActiveCall(call) => call.slot(),
            Self::ArchiveCall(call) => call.slot(),
            Self::Advance(_) | Self::Rewind(_) => None,
        }
    }

    /// Does it on one side and gives the answer in words.
    pub(super) async fn perform(&self, side: &Side, known: &Known) -> String {
        match self {
            Self::UseCase(call) => call.perform(side, known).await,
            Self::ActiveCall(call) => call.perform(side, known).await,
            Self::ArchiveCall(call) => call.perform(side, known).await,
            Self::Advance(_) | Self::Rewind(_) => String::new(),
        }
    }
}
