//! What operations are made of: who asks, for which session, with which changes and filters.

use proptest::{
    collection::vec,
    option::{of, weighted},
    prelude::*,
    sample::select,
};
use serde_json::{Value, json};

use fiml_session_core::{
    ChangeBatch, ExpectedEntry, IdempotencyKey, Limits, QueryRecord, SessionChange, SessionType,
    StateMap, Timestamp, UserId,
    store::{MetricsFilter, Scope, SessionFilter},
};

use crate::fixtures::{HOUR, asset, extend, key, object, owner, set_in, tag};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the scopes they stand for")]
pub enum Who {
    Alice,
    Bob,
    Unowned,
    All,
}

impl Who {
    pub(super) fn scope(self) -> Scope {
        match self {
            Self::Alice => owner("alice"),
            Self::Bob => owner("bob"),
            Self::Unowned => Scope::Unowned,
            Self::All => Scope::All,
        }
    }

    pub(super) fn user(self) -> Option<UserId> {
        match self.scope() {
            Scope::Owner(user) => Some(user),
            Scope::Unowned | Scope::All => None,
        }
    }
}

/// Which session: a place among the newest ones, counted round, or one that never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub u8);

impl Slot {
    /// The place of the session that never was; those before it are places among the newest.
    pub const MISSING: u8 = 6;
}

/// An idempotency key: its name, and a number for its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub &'static str, pub u8);

impl Key {
    pub(super) fn proven(self) -> IdempotencyKey {
        key(self.0, &self.1)
    }
}

/// A batch of changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What changes.
    pub changes: Vec<SessionChange>,
    /// The idempotency key.
    pub key: Option<Key>,
    /// The version that the session must have.
    pub expected_version: Option<u64>,
    /// An entry that must have this stamp.
    pub expected_entry: Option<(StateMap, &'static str, Option<u64>)>,
}

impl Change {
    pub(super) fn batch(&self) -> ChangeBatch {
        let expected = self.expected_entry.iter();
        let expected = expected.map(|(map, key, version)| ExpectedEntry {
            map: *map,
            key: (*key).to_owned(),
            version: *version,
        });
        ChangeBatch {
            changes: self.changes.clone(),
            idempotency: self.key.map(Key::proven),
            expected_version: self.expected_version,
            expected_entries: expected.collect(),
        }
    }
}

/// Which sessions are listed or counted.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "named like the fields of a filter")]
pub struct Filter {
    pub user: Option<Who>,
    pub session_type: Option<SessionType>,
    pub tags: Vec<&'static str>,
    pub asset: Option<&'static str>,
}

impl Filter {
    pub(super) fn sessions(&self, unexpired_at: Option<Timestamp>) -> SessionFilter {
        SessionFilter {
            user_id: self.user.and_then(Who::user),
            session_type: self.session_type,
            tags: self.tags.iter().map(|name| tag(name)).collect(),
            asset: self.asset.map(asset),
            unexpired_at,
        }
    }

    /// The first of the tags counts; figures are asked for by one.
    pub(super) fn metrics(&self, created_from: Option<Timestamp>) -> MetricsFilter {
        MetricsFilter {
            user_id: self.user.and_then(Who::user),
            session_type: self.session_type,
            asset: self.asset.map(asset),
            tag: self.tags.first().map(|name| tag(name)),
            created_from,
            created_before: None,
        }
    }
}

/// Limits so small that sequences reach them.
pub(super) fn limits() -> Limits {
    Limits {
        max_queries: 8,
        max_session_bytes: 2_500,
        max_entries: 3,
        max_tags: 3,
        ..Limits::default()
    }
}

pub(super) const TAGS: [&str; 4] = ["tech", "%", "it's", "Überblick 🦀"];
pub(super) const ASSETS: [&str; 3] = ["AAPL", "IBM", "BTC-USD"];
const KEYS: [&str; 4] = ["note", "Note", "\"quoted\" %", "🦀"];

pub(super) fn any_who() -> impl Strategy<Value = Who> {
    prop_oneof![
        8 => Just(Who::All),
        3 => Just(Who::Alice),
        1 => Just(Who::Unowned),
        1 => Just(Who::Bob),
    ]
}

pub(super) fn any_slot() -> impl Strategy<Value = Slot> {
    (0..=Slot::MISSING).prop_map(Slot)
}

pub(super) fn any_key() -> impl Strategy<Value = Key> {
    let names = select(vec!["k", "K", "it's %"]);
    (names, 0..2_u8).prop_map(|(name, content)| Key(name, content))
}

pub(super) fn any_filter() -> impl Strategy<Value = Filter> {
    let users = select(vec![Who::Alice, Who::Bob]);
    let parts = (
        weighted(0.3, users),
        weighted(0.3, select(SessionType::ALL.to_vec())),
        prop_oneof![3 => Just(vec![]), 1 => vec(select(TAGS.to_vec()), 1..3)],
        weighted(0.3, select(ASSETS.to_vec())),
    );
    parts.prop_map(|(user, session_type, tags, asset)| Filter {
        user,
        session_type,
        tags,
        asset,
    })
}

fn map() -> impl Strategy<Value = StateMap> {
    select(StateMap::ALL.to_vec())
}

fn entry_key() -> impl Strategy<Value = &'static str> {
    select(KEYS.to_vec())
}

pub(super) fn any_change() -> impl Strategy<Value = Change> {
    let expected = (map(), entry_key(), of(1..9_u64));
    let parts = (
        vec(session_change(), 0..4),
        weighted(0.4, any_key()),
        weighted(0.1, 1..6_u64),
        weighted(0.1, expected),
    );
    parts.prop_map(|(changes, key, expected_version, expected_entry)| Change {
        changes,
        key,
        expected_version,
        expected_entry,
    })
}

fn session_change() -> impl Strategy<Value = SessionChange> {
    let tags =
        || vec(select(TAGS.to_vec()), 1..3).prop_map(|tags| tags.into_iter().map(tag).collect());
    let hours = select(vec![1_u32, 30, 500]);
    prop_oneof![
        6 => any_query().prop_map(|query| SessionChange::QueryAdded { query }),
        6 => (map(), entry_key(), value()).prop_map(|(map, key, value)| set_in(map, key, value)),
        3 => (map(), entry_key()).prop_map(|(map, key)| SessionChange::EntryRemoved {
            map,
            key: key.to_owned(),
        }),
        2 => tags().prop_map(|tags| SessionChange::TagsAdded { tags }),
        2 => tags().prop_map(|tags| SessionChange::TagsRemoved { tags }),
        2 => hours.prop_map(|hours| extend(HOUR * hours)),
        1 => Just(SessionChange::Ended),
    ]
}

pub(super) fn any_query() -> impl Strategy<Value = QueryRecord> {
    let text = || weighted(0.4, select(vec!["file", "it's %", "🦀"]));
    let parts = (
        select(vec!["price", "fundamentals", "Zoë's"]),
        weighted(0.3, value()),
        of(select(vec![0.0, 0.1 + 0.2, 12.345_678, 1e9])),
        any::<bool>(),
        text(),
        text(),
    );
    parts.prop_map(
        |(query_type, parameter, execution_time_ms, cache_hit, source, error)| QueryRecord {
            parameters: parameter.map_or_else(Default::default, |value| {
                object(json!({"parameter": value}))
            }),
            execution_time_ms,
            cache_hit,
            source: source.map(ToOwned::to_owned),
            error: error.map(ToOwned::to_owned),
            ..QueryRecord::new(query_type)
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(-0.0),
        json!(5e-324),
        json!([]),
        json!({"a": [{}, "\"🦀\""]}),
        json!("x".repeat(400)),
    ])
}
