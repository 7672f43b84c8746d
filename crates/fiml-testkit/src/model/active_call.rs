//! Steps through the port of live sessions.

use std::{collections::BTreeSet, num::NonZeroUsize};

use proptest::{
    collection::vec,
    option::{of, weighted},
    prelude::*,
    sample::select,
};

use fiml_session_core::{
    SessionSnapshot, Timestamp,
    store::{Cursor, Page, Reservation},
};

use super::{
    answer::stored,
    parts::{
        Change, Filter, Key, Slot, Who, any_change, any_filter, any_key, any_slot, any_who, limits,
    },
    world::{Known, Side},
};
use crate::fixtures::{DAY, HOUR, session};

/// A call of `ActiveStore`, and of `MetricsStore` beside it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "named like the methods and arguments they are")]
pub enum ActiveCall {
    Reserve {
        owner: Who,
        key: Key,
    },
    Insert {
        /// A session known to the sequence, or a new one.
        slot: Option<Slot>,
        owner: Who,
        change: Change,
    },
    Apply {
        who: Who,
        slot: Slot,
        change: Change,
    },
    List {
        who: Who,
        filter: Filter,
        unexpired: bool,
        after: Option<Slot>,
        limit: usize,
    },
    Metrics {
        who: Who,
        filter: Filter,
        since: Option<Slot>,
        excluding: Vec<Slot>,
    },
    Expired {
        limit: usize,
    },
    Remove {
        who: Who,
        slot: Slot,
    },
    RemoveUnchanged {
        slot: Slot,
        /// Added to the version that the session has.
        newer: i64,
    },
    Quarantine {
        slot: Slot,
        reason: &'static str,
    },
}

pub(super) fn creation() -> impl Strategy<Value = ActiveCall> {
    let slot = weighted(0.4, any_slot());
    let parts = (slot, any_who(), any_change());
    parts.prop_map(|(slot, owner, change)| ActiveCall::Insert {
        slot,
        owner,
        change,
    })
}

pub(super) fn any() -> impl Strategy<Value = ActiveCall> {
    let list = (
        any_who(),
        any_filter(),
        proptest::bool::ANY,
        of(any_slot()),
        1..6_usize,
    );
    let metrics = (
        any_who(),
        any_filter(),
        of(any_slot()),
        vec(any_slot(), 0..3),
    );
    let reason = select(vec!["unreadable", "it's\n\"odd\""]);
    prop_oneof![
        2 => (any_who(), any_key()).prop_map(|(owner, key)| ActiveCall::Reserve { owner, key }),
        10 => (any_who(), any_slot(), any_change()).prop_map(|(who, slot, change)| {
            ActiveCall::Apply { who, slot, change }
        }),
        4 => list.prop_map(|(who, filter, unexpired, after, limit)| {
            ActiveCall::List { who, filter, unexpired, after, limit }
        }),
        4 => metrics.prop_map(|(who, filter, since, excluding)| {
            ActiveCall::Metrics { who, filter, since, excluding }
        }),
        3 => (1..6_usize).prop_map(|limit| ActiveCall::Expired { limit }),
        1 => (any_who(), any_slot()).prop_map(|(who, slot)| ActiveCall::Remove { who, slot }),
        1 => (any_slot(), -1..=1_i64).prop_map(|(slot, newer)| {
            ActiveCall::RemoveUnchanged { slot, newer }
        }),
        2 => (any_slot(), reason).prop_map(|(slot, reason)| {
            ActiveCall::Quarantine { slot, reason }
        }),
    ]
}

impl ActiveCall {
    pub(super) const fn slot(&self) -> Option<Slot> {
        match self {
            Self::Insert { slot, .. } => *slot,
            Self::Apply { slot, .. }
            | Self::Remove { slot, .. }
            | Self::RemoveUnchanged { slot, .. }
            | Self::Quarantine { slot, .. } => Some(*slot),
            Self::Reserve { .. }
            | Self::List { .. }
            | Self::Metrics { .. }
            | Self::Expired { .. } => None,
        }
    }

    pub(super) async fn perform(&self, side: &Side, known: &Known) -> String {
        let (active, at) = (&side.service.stores().active, known.now);
        match self {
            Self::Reserve { owner, key } => {
                let reservation = Reservation {
                    key: key.proven(),
                    id: known.next_id(),
                    created_at: at,
                    expires_at: at.plus(HOUR),
                };
                stored(active.reserve(owner.user().as_ref(), &reservation).await)
            }
            Self::Insert {
                slot,
                owner,
                change,
            } => {
                let snapshot = made(known, *slot, *owner, change);
                stored(active.insert(&snapshot).await)
            }
            Self::Apply { who, slot, change } => {
                let (scope, limits) = (who.scope(), limits());
                let (id, batch) = (known.id(*slot), change.batch());
                stored(active.apply(&scope, id, &batch, &limits, at).await)
            }
            Self::List {
                who,
                filter,
                unexpired,
                after,
                limit,
            } => {
                let filter = filter.sessions(unexpired.then_some(at));
                let page = Page {
                    after: match after {
                        Some(slot) => place(side, known, *slot).await,
                        None => None,
                    },
                    limit: NonZeroUsize::new(*limit).unwrap_or(NonZeroUsize::MIN),
                };
                let (scope, archive) = (who.scope(), &side.service.stores().archive);
                [
                    stored(active.list(&scope, &filter, page).await),
                    stored(active.ids(&scope, &filter, page.limit).await),
                    stored(archive.list(&scope, &filter, page).await),
                    stored(archive.ids(&scope, &filter, page.limit).await),
                ]
                .join("\n")
            }
            Self::Metrics {
                who,
                filter,
                since,
                excluding,
            } => {
                let created_from = match since {
                    Some(slot) => place(side, known, *slot).await,
                    None => None,
                };
                let filter = filter.metrics(created_from.map(|cursor| cursor.created_at));
                let excluding: BTreeSet<_> = excluding.iter().map(|slot| known.id(*slot)).collect();
                let (scope, metrics) = (who.scope(), &side.service.stores().metrics);
                let live = active.metrics(&scope, &filter).await.map(|mut rows| {
                    rows.sort_by_key(|row| row.session_id);
                    rows
                });
                let archived = metrics.digest(&scope, &filter, &excluding, at).await;
                format!("{}\n{}", stored(live), stored(archived))
            }
            Self::Expired { limit } => {
                let limit = NonZeroUsize::new(*limit).unwrap_or(NonZeroUsize::MIN);
                let quarantined = stored(active.quarantined(limit).await);
                format!("{}\n{quarantined}", stored(active.expired(at, limit).await))
            }
            Self::Remove { who, slot } => {
                stored(active.remove(&who.scope(), known.id(*slot)).await)
            }
            Self::RemoveUnchanged { slot, newer } => {
                let id = known.id(*slot);
                let held = active.snapshot(id).await.ok().flatten();
                let version = held.map_or(1, |held| held.session.version);
                let version = version.saturating_add_signed(*newer);
                stored(active.remove_unchanged(id, version).await)
            }
            Self::Quarantine { slot, reason } => {
                stored(active.quarantine(known.id(*slot), reason, at).await)
            }
        }
    }
}

/// A session that lives from now for a day, with a batch applied where it takes it.
fn made(known: &Known, slot: Option<Slot>, owner: Who, change: &Change) -> SessionSnapshot {
    let mut made = session(0);
    made.id = slot.map_or_else(|| known.next_id(), |slot| known.id(slot));
    made.user_id = owner.user();
    (made.created_at, made.last_accessed_at) = (known.now, known.now);
    made.expires_at = known.now.plus(DAY);
    let mut snapshot = SessionSnapshot::from(made);
    // A refused batch leaves it as it is, which will do.
    let _ = snapshot.apply(&change.batch(), &limits(), known.now);
    snapshot
}

/// Where a session stands in the listing, in whichever tier; the beginning of time where it is in none.
async fn place(side: &Side, known: &Known, slot: Slot) -> Option<Cursor> {
    let id = known.id(slot);
    let held = side.held(id).await;
    let created_at = held.map_or(Timestamp::MIN, |held| held.session.created_at);
    Some(Cursor { created_at, id })
}
