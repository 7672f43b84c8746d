//! Steps through the port of archived sessions.

use std::num::NonZeroUsize;

use proptest::{collection::vec, option::of, prelude::*, sample::select};

use fiml_session_core::{
    SessionMetrics,
    store::{StagedSession, Unsettled, UnsettledState},
};

use super::{
    answer::{row, stored},
    parts::{Slot, Who, any_slot, any_who},
    world::{Known, Side},
};
use crate::fixtures::{MANY, MICRO, SECOND, token};

/// A call of `ArchiveStore`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "named like the methods and arguments they are")]
pub enum ArchiveCall {
    Stage {
        /// Each with what is added to the version that the session has, and whether it comes with figures.
        sessions: Vec<(Slot, i64, bool)>,
    },
    Settle {
        /// Which of the unsettled rows, counted round.
        row: u8,
        twist: Twist,
    },
    Discard {
        row: u8,
        twist: Twist,
    },
    ClaimRestore {
        who: Who,
        slot: Slot,
        token: u32,
    },
    ConfirmRestore {
        row: u8,
        token: u32,
    },
    Bury {
        who: Who,
        slot: Slot,
    },
    Unsettled {
        after: Option<Slot>,
        limit: usize,
    },
    ForgetBuried {
        seconds_ago: u32,
    },
    PurgeBefore {
        seconds_ago: u32,
        limit: usize,
    },
}

/// How a row that is named differs from the one that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the fields of a row")]
pub enum Twist {
    None,
    Version,
    State,
    Since,
}

fn any_twist() -> impl Strategy<Value = Twist> {
    prop_oneof![
        5 => Just(Twist::None),
        1 => Just(Twist::Version),
        1 => Just(Twist::State),
        1 => Just(Twist::Since),
    ]
}

pub(super) fn any() -> impl Strategy<Value = ArchiveCall> {
    let staged = (any_slot(), -1..=1_i64, proptest::bool::ANY);
    prop_oneof![
        6 => vec(staged, 1..4).prop_map(|sessions| ArchiveCall::Stage { sessions }),
        4 => (0..4_u8, any_twist()).prop_map(|(row, twist)| {
            ArchiveCall::Settle { row, twist }
        }),
        2 => (0..4_u8, any_twist()).prop_map(|(row, twist)| {
            ArchiveCall::Discard { row, twist }
        }),
        6 => (any_who(), any_slot(), 0..3_u32).prop_map(|(who, slot, token)| {
            ArchiveCall::ClaimRestore { who, slot, token }
        }),
        3 => (0..4_u8, 0..3_u32).prop_map(|(row, token)| {
            ArchiveCall::ConfirmRestore { row, token }
        }),
        1 => (any_who(), any_slot()).prop_map(|(who, slot)| ArchiveCall::Bury { who, slot }),
        2 => (of(any_slot()), 1..5_usize).prop_map(|(after, limit)| {
            ArchiveCall::Unsettled { after, limit }
        }),
        1 => select(vec![0, 1, 3_600, 86_400]).prop_map(|seconds_ago| {
            ArchiveCall::ForgetBuried { seconds_ago }
        }),
        1 => (select(vec![0, 1, 3_600, 86_400]), 1..3_usize).prop_map(|(seconds_ago, limit)| {
            ArchiveCall::PurgeBefore { seconds_ago, limit }
        }),
    ]
}

impl ArchiveCall {
    pub(super) const fn slot(&self) -> Option<Slot> {
        match self {
            Self::ClaimRestore { slot, .. } | Self::Bury { slot, .. } => Some(*slot),
            Self::Stage { .. }
            | Self::Settle { .. }
            | Self::Discard { .. }
            | Self::ConfirmRestore { .. }
            | Self::Unsettled { .. }
            | Self::ForgetBuried { .. }
            | Self::PurgeBefore { .. } => None,
        }
    }

    pub(super) async fn perform(&self, side: &Side, known: &Known) -> String {
        let (archive, at) = (&side.service.stores().archive, known.now);
        match self {
            Self::Stage { sessions } => {
                let mut staged = Vec::new();
                for (slot, newer, with_metrics) in sessions {
                    if let Some(mut snapshot) = side.held(known.id(*slot)).await {
                        let version = &mut snapshot.session.version;
                        *version = version.saturating_add_signed(*newer).max(1);
                        let metrics = with_metrics.then(|| SessionMetrics::of(&snapshot.session));
                        staged.push(StagedSession { snapshot, metrics });
                    }
                }
                stored(archive.stage(&staged, at).await)
            }
            Self::Settle { row, twist } => match named(side, *row, *twist).await {
                Some(row) => stored(archive.settle(&row, at).await),
                None => "no row to settle".to_owned(),
            },
            Self::Discard { row, twist } => match named(side, *row, *twist).await {
                Some(row) => stored(archive.discard(&row).await),
                None => "no row to discard".to_owned(),
            },
            Self::ClaimRestore {
                who,
                slot,
                token: attempt,
            } => {
                let (scope, token) = (who.scope(), token(*attempt));
                let claimed = archive.claim_restore(&scope, known.id(*slot), token, at);
                stored(claimed.await)
            }
            Self::ConfirmRestore {
                row,
                token: attempt,
            } => {
                let mut rows = archive.unsettled(None, MANY).await.unwrap();
                rows.retain(|row| row.state == UnsettledState::Restoring);
                let row = rows.get(usize::from(*row) % rows.len().max(1));
                let id = row.map_or_else(|| known.next_id(), |row| row.id);
                stored(archive.confirm_restore(id, token(*attempt)).await)
            }
            Self::Bury { who, slot } => {
                stored(archive.bury(&who.scope(), known.id(*slot), at).await)
            }
            Self::Unsettled { after, limit } => {
                let after = after.map(|slot| known.id(slot));
                let limit = NonZeroUsize::new(*limit).unwrap_or(NonZeroUsize::MIN);
                let rows = archive.unsettled(after, limit).await;
                stored(rows.map(|rows| rows.into_iter().map(row).collect::<Vec<_>>()))
            }
            Self::ForgetBuried { seconds_ago } => {
                let before = at.minus(SECOND * *seconds_ago);
                stored(archive.forget_buried(before).await)
            }
            Self::PurgeBefore { seconds_ago, limit } => {
                let before = at.minus(SECOND * *seconds_ago);
                let limit = NonZeroUsize::new(*limit).unwrap_or(NonZeroUsize::MIN);
                stored(archive.purge_before(before, limit).await)
            }
        }
    }
}

/// One of the pending and restoring rows, twisted; none where there is none.
async fn named(side: &Side, place: u8, twist: Twist) -> Option<Unsettled> {
    let archive = &side.service.stores().archive;
    let mut rows = archive.unsettled(None, MANY).await.unwrap();
    rows.retain(|row| row.state != UnsettledState::Buried);
    let row = *rows.get(usize::from(place) % rows.len().max(1))?;
    let other = match row.state {
        UnsettledState::Pending => UnsettledState::Restoring,
        UnsettledState::Restoring | UnsettledState::Buried => UnsettledState::Pending,
    };
    Some(match twist {
        Twist::None => row,
        Twist::Version => Unsettled {
            version: row.version + 1,
            ..row
        },
        Twist::State => Unsettled {
            state: other,
            ..row
        },
        Twist::Since => Unsettled {
            since: row.since.plus(MICRO),
            ..row
        },
    })
}
