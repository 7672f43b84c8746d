//! Steps through the service.

use proptest::{
    collection::vec,
    option::{of, weighted},
    prelude::*,
    sample::select,
};

use fiml_session_core::{
    Conditions, ListRequest, NewSession, QueryRecord, Session, SessionChange, SessionType,
    store::{Reservation, Scope},
};

use super::{
    answer::{stored, told},
    parts::{
        ASSETS, Change, Filter, Key, Slot, TAGS, Who, any_change, any_filter, any_key, any_query,
        any_slot, any_who,
    },
    world::{Known, Side},
};
use crate::fixtures::{HOUR, key};

/// A use case of the service.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "named like the methods and arguments they are")]
pub enum UseCase {
    Create {
        who: Who,
        new: NewSession,
        key: Option<Key>,
    },
    Update {
        who: Who,
        slot: Slot,
        query: Option<QueryRecord>,
        change: Change,
    },
    Record {
        who: Who,
        slot: Slot,
        query: QueryRecord,
        key: Option<Key>,
    },
    Extend {
        who: Who,
        slot: Slot,
        hours: f64,
        key: Option<Key>,
    },
    Archive {
        who: Who,
        slot: Slot,
    },
    Delete {
        who: Who,
        slot: Slot,
    },
    Read {
        who: Who,
        slot: Slot,
        recent: usize,
    },
    List {
        who: Who,
        filter: Filter,
        include_archived: bool,
        limit: usize,
    },
    Cleanup,
}

pub(super) fn creation() -> impl Strategy<Value = UseCase> {
    let parts = (
        select(SessionType::ALL.to_vec()),
        vec(select(ASSETS.to_vec()), 1..=3),
        weighted(0.4, select(vec!["alice", "alice", "bob"])),
        of(select(vec![0.001, 1.0, 24.0, 24.0, 100.0, 200.0, -1.0])),
        vec(select(TAGS.to_vec()), 0..=3),
    );
    let new = parts.prop_map(
        |(session_type, assets, user_id, ttl_hours, tags)| NewSession {
            user_id: user_id.map(ToOwned::to_owned),
            ttl_hours,
            tags: tags.into_iter().map(ToOwned::to_owned).collect(),
            ..NewSession::new(session_type, assets)
        },
    );
    (any_who(), new, weighted(0.3, any_key())).prop_map(|(who, new, key)| UseCase::Create {
        who,
        new,
        key,
    })
}

pub(super) fn any() -> impl Strategy<Value = UseCase> {
    let update = (any_who(), any_slot(), of(any_query()), any_change());
    let record = (any_who(), any_slot(), any_query(), of(any_key()));
    let hours = select(vec![0.001, 1.0, 1.0, 30.0, 30.0, 500.0, 0.0]);
    let extend = (any_who(), any_slot(), hours, of(any_key()));
    let list = (any_who(), any_filter(), proptest::bool::ANY, 0..6_usize);
    prop_oneof![
        6 => update.prop_map(|(who, slot, query, change)| {
            UseCase::Update { who, slot, query, change }
        }),
        6 => record.prop_map(|(who, slot, query, key)| UseCase::Record { who, slot, query, key }),
        5 => extend.prop_map(|(who, slot, hours, key)| UseCase::Extend { who, slot, hours, key }),
        5 => (any_who(), any_slot()).prop_map(|(who, slot)| UseCase::Archive { who, slot }),
        1 => (any_who(), any_slot()).prop_map(|(who, slot)| UseCase::Delete { who, slot }),
        3 => (any_who(), any_slot(), 0..8_usize).prop_map(|(who, slot, recent)| {
            UseCase::Read { who, slot, recent }
        }),
        4 => list.prop_map(|(who, filter, include_archived, limit)| {
            UseCase::List { who, filter, include_archived, limit }
        }),
        4 => Just(UseCase::Cleanup),
    ]
}

impl UseCase {
    pub(super) const fn slot(&self) -> Option<Slot> {
        match self {
            Self::Update { slot, .. }
            | Self::Record { slot, .. }
            | Self::Extend { slot, .. }
            | Self::Archive { slot, .. }
            | Self::Delete { slot, .. }
            | Self::Read { slot, .. } => Some(*slot),
            Self::Create { .. } | Self::List { .. } | Self::Cleanup => None,
        }
    }

    pub(super) async fn perform(&self, side: &Side, known: &Known) -> String {
        let service = &side.service;
        let proven = |key: &Option<Key>| key.map(Key::proven);
        match self {
            Self::Create { who, new, key } => create(side, known, *who, new, *key).await,
            Self::Update {
                who,
                slot,
                query,
                change,
            } => update(side, known, (*who, *slot), query.as_ref(), change).await,
            Self::Record {
                who,
                slot,
                query,
                key,
            } => {
                let (scope, id, key) = (who.scope(), known.id(*slot), proven(key));
                let answer = service.record_query(&scope, id, query.clone(), key.as_ref());
                told(answer.await)
            }
            Self::Extend {
                who,
                slot,
                hours,
                key,
            } => {
                let (scope, id, key) = (who.scope(), known.id(*slot), proven(key));
                let answer = service.extend_session(&scope, id, *hours, key.as_ref());
                told(answer.await)
            }
            Self::Archive { who, slot } => {
                let answer = service.archive_session(&who.scope(), known.id(*slot)).await;
                told(answer)
            }
            Self::Delete { who, slot } => {
                let answer = service.delete_session(&who.scope(), known.id(*slot)).await;
                told(answer)
            }
            Self::Read { who, slot, recent } => {
                let (scope, id) = (who.scope(), known.id(*slot));
                let whole = told(service.get_session(&scope, id).await);
                let overview = told(service.overview(&scope, id, *recent).await);
                format!("{whole}\n{overview}")
            }
            Self::List {
                who,
                filter,
                include_archived,
                limit,
            } => {
                let request = ListRequest {
                    user_id: filter.user.and_then(Who::user).map(String::from),
                    include_archived: *include_archived,
                    limit: *limit,
                    cursor: None,
                    session_type: filter.session_type,
                    tags: filter.tags.iter().map(|&tag| tag.to_owned()).collect(),
                    asset: filter.asset.map(ToOwned::to_owned),
                };
                walk(side, &who.scope(), request).await
            }
            Self::Cleanup => told(service.cleanup_expired_sessions().await),
        }
    }
}

/// Creates a session under an id that both sides share: reserved first, then completed by the service as
/// the retry of a call that broke off.
async fn create(
    side: &Side,
    known: &Known,
    who: Who,
    new: &NewSession,
    named: Option<Key>,
) -> String {
    let unnamed = || key(&format!("step {}", known.steps), &());
    let key = named.map_or_else(unnamed, Key::proven);
    let reservation = Reservation {
        key: key.clone(),
        id: known.next_id(),
        created_at: known.now,
        expires_at: known.now.plus(24 * HOUR),
    };
    let named = new.user_id.as_deref().map(str::parse);
    let owner = match who.scope() {
        Scope::Owner(user) => Some(user),
        Scope::Unowned => None,
        Scope::All => named.and_then(Result::ok),
    };
    let active = &side.service.stores().active;
    let reserved = stored(active.reserve(owner.as_ref(), &reservation).await);
    let scope = who.scope();
    let created = side.service.create_session(&scope, new, Some(&key)).await;
    format!("{reserved}\n{}", told(created))
}

/// Reads the session, changes the value and sends what was changed.
async fn update(
    side: &Side,
    known: &Known,
    (who, slot): (Who, Slot),
    query: Option<&QueryRecord>,
    change: &Change,
) -> String {
    let (service, id) = (&side.service, known.id(slot));
    let mut session = match service.get_session(&Scope::All, id).await {
        Ok(session) => session,
        Err(error) => return told::<()>(Err(error)),
    };
    if let Some(query) = query {
        session.add_query(query.clone());
        session
            .state
            .update_context("note", query.query_type.as_str());
    }
    let (scope, batch) = (who.scope(), change.batch());
    for change in batch.changes {
        record(&mut session, change);
    }
    let conditions = Conditions {
        idempotency: batch.idempotency,
        expected_version: batch.expected_version,
        expected_entries: batch.expected_entries,
    };
    let answer = told(
        service
            .update_session(&scope, &mut session, conditions)
            .await,
    );
    format!("{answer}\n{session:#?}")
}

/// Makes a change on the value, as a program does.
fn record(session: &mut Session, change: SessionChange) {
    match change {
        SessionChange::QueryAdded { query } => session.add_query(query),
        SessionChange::EntrySet { map, key, value } => session.state.set(map, key, value),
        SessionChange::EntryRemoved { map, key } => drop(session.state.remove(map, &key)),
        SessionChange::TagsAdded { tags } => tags.into_iter().for_each(|tag| session.add_tag(tag)),
        SessionChange::TagsRemoved { tags } => tags.iter().for_each(|tag| session.remove_tag(tag)),
        // Moves of the service, which has use cases of their own.
        SessionChange::Extended { .. } | SessionChange::Ended => {}
    }
}

/// All pages of a list.
async fn walk(side: &Side, scope: &Scope, mut request: ListRequest) -> String {
    let mut pages = String::new();
    for _ in 0..100 {
        let page = side.service.list_user_sessions(scope, &request).await;
        request.cursor = page.as_ref().ok().and_then(|page| page.next_cursor.clone());
        pages += &told(page);
        if request.cursor.is_none() {
            return pages;
        }
    }
    pages + "\na hundred pages, and no end"
}
