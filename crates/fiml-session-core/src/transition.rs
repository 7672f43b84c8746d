//! How a batch of changes turns one version of a session into the next.
//!
//! Every store decides by this one function; what differs between them is only how they read what it
//! needs and write what it answers, in one atomic step.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    change::{Applied, ChangeBatch, SessionChange, StateMap},
    clock::Timestamp,
    history::QueryRecord,
    policy::Limits,
    session::SessionHeader,
    state::Entry,
    text::Invalid,
};

/// Why a session does not take a batch; nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The session has expired; only an extension is taken.
    #[error("the session expired at {expires_at}")]
    Expired {
        /// When.
        expires_at: Timestamp,
    },
    /// The batch would cross the limit of queries.
    #[error(
        "the session holds {held} queries, and {offered} more would cross its limit of {limit}"
    )]
    QueryLimit {
        /// The limit.
        limit: u64,
        /// How many it holds.
        held: u64,
        /// How many the batch adds.
        offered: u64,
    },
    /// A map, the tags or the session as a whole would grow too large.
    #[error(transparent)]
    TooLarge(Invalid),
    /// The session does not have the expected version.
    #[error("version {expected} was expected, and the session has {found}")]
    VersionConflict {
        /// The version expected.
        expected: u64,
        /// The version found.
        found: u64,
    },
    /// A key does not have the expected stamp.
    #[error("the entry {map}.{key} was expected {}, and is {}", stamp(*expected), stamp(*found))]
    EntryConflict {
        /// The map.
        map: StateMap,
        /// The key.
        key: String,
        /// The stamp expected.
        expected: Option<u64>,
        /// The stamp found.
        found: Option<u64>,
    },
    /// The idempotency key was used with other content.
    #[error("the idempotency key {key:?} was used for another call")]
    IdempotencyConflict {
        /// The key.
        key: String,
    },
}

impl Refusal {
    /// A session that would hold so many bytes of queries and entries.
    #[must_use]
    pub fn too_many_bytes(bytes: u64, limits: &Limits) -> Self {
        let limit = limits.max_session_bytes;
        Self::TooLarge(Invalid::too_large(
            "session",
            format!("would be {bytes} bytes long"),
            format!("at most {limit} bytes of queries and entries"),
        ))
    }

    /// A session that would have so many tags.
    #[must_use]
    pub fn too_many_tags(count: u64, limits: &Limits) -> Self {
        Self::too_many("tags", count, limits.max_tags as u64, "tags")
    }

    /// A session that would hold so many keys in a map.
    #[must_use]
    pub fn too_many_entries(map: StateMap, count: u64, limits: &Limits) -> Self {
        Self::too_many(map.name(), count, limits.max_entries, "keys")
    }

    fn too_many(argument: &str, count: u64, limit: u64, noun: &str) -> Self {
        Self::TooLarge(Invalid::too_large(
            argument,
            format!("would hold {count} {noun}"),
            format!("at most {limit} {noun}"),
        ))
    }
}

fn stamp(version: Option<u64>) -> String {
    version.map_or_else(
        || "absent".to_owned(),
        |version| format!("at version {version}"),
    )
}

/// What a store holds under a key that a batch touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldEntry {
    /// The version that wrote it.
    pub version: u64,
    /// Its key and value as JSON, in bytes.
    pub bytes: u64,
}

/// The entries that a batch touches, as a store holds them.
pub type HeldEntries = BTreeMap<(StateMap, String), HeldEntry>;

/// The keys whose entries [`admit`] needs to know.
pub fn touched(batch: &ChangeBatch) -> impl Iterator<Item = (StateMap, &str)> {
    let changed = batch.changes.iter().filter_map(|change| match change {
        SessionChange::EntrySet { map, key, .. } | SessionChange::EntryRemoved { map, key } => {
            Some((*map, key.as_str()))
        }
        SessionChange::QueryAdded { .. }
        | SessionChange::TagsAdded { .. }
        | SessionChange::TagsRemoved { .. }
        | SessionChange::Extended { .. }
        | SessionChange::Ended => None,
    });
    let expected = batch.expected_entries.iter();
    changed.chain(expected.map(|entry| (entry.map, entry.key.as_str())))
}

/// What a store writes to make a batch true.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The header of the new version.
    pub header: SessionHeader,
    /// The queries to append, numbered, each with its JSON.
    pub queries: Vec<(QueryRecord, String)>,
    /// The entries to set, each with the JSON of its value, or to remove.
    pub entries: BTreeMap<(StateMap, String), Option<(Entry, String)>>,
    /// What to answer, and to remember under the idempotency key.
    pub applied: Applied,
}

/// Decides what a batch does to a session, or why it does nothing.
///
/// A batch without changes answers what the session is and leaves its version alone.
pub fn admit(
    header: &SessionHeader,
    held: HeldEntries,
    batch: &ChangeBatch,
    limits: &Limits,
    at: Timestamp,
) -> Result<Transition, Refusal> {
    check_preconditions(header, &held, batch)?;
    let mut next = Draft {
        header: header.clone(),
        held,
        limits,
        at: at.max(header.last_accessed_at),
        ttl_capped: false,
        queries: Vec::new(),
        entries: BTreeMap::new(),
    };
    if !batch.changes.is_empty() {
        next.header.version += 1;
        next.header.last_accessed_at = next.at;
    }
    let mut queries_left = batch
        .changes
        .iter()
        .filter(|change| is_query(change))
        .count() as u64;
    for change in &batch.changes {
        next.take(change, at, queries_left)?;
        queries_left -= u64::from(is_query(change));
    }
    if next.header.size_bytes > header.size_bytes.max(limits.max_session_bytes) {
        return Err(Refusal::too_many_bytes(next.header.size_bytes, limits));
    }
    let applied = Applied {
        version: next.header.version,
        total_queries: next.header.total_queries,
        cache_hits: next.header.cache_hits,
        expires_at: next.header.expires_at,
        last_accessed_at: next.header.last_accessed_at,
        ttl_capped: next.ttl_capped,
    };
    Ok(Transition {
        header: next.header,
        queries: next.queries,
        entries: next.entries,
        applied,
    })
}

const fn is_query(change: &SessionChange) -> bool {
    matches!(change, SessionChange::QueryAdded { .. })
}

fn check_preconditions(
    header: &SessionHeader,
    held: &HeldEntries,
    batch: &ChangeBatch,
) -> Result<(), Refusal> {
    if let Some(expected) = batch.expected_version
        && expected != header.version
    {
        return Err(Refusal::VersionConflict {
            expected,
            found: header.version,
        });
    }
    for expected in &batch.expected_entries {
        let at = (expected.map, expected.key.clone());
        let found = held.get(&at).map(|entry| entry.version);
        if found != expected.version {
            let (map, key) = at;
            let expected = expected.version;
            return Err(Refusal::EntryConflict {
                map,
                key,
                expected,
                found,
            });
        }
    }
    Ok(())
}

/// The next version while it is being made.
struct Draft<'a> {
    header: SessionHeader,
    held: HeldEntries,
    limits: &'a Limits,
    at: Timestamp,
    ttl_capped: bool,
    queries: Vec<(QueryRecord, String)>,
    entries: BTreeMap<(StateMap, String), Option<(Entry, String)>>,
}

impl Draft<'_> {
    fn take(
        &mut self,
        change: &SessionChange,
        now: Timestamp,
        offered: u64,
    ) -> Result<(), Refusal> {
        let prolongs = matches!(
            change,
            SessionChange::Extended { .. } | SessionChange::Ended
        );
        if !prolongs && self.header.is_expired(now) {
            return Err(Refusal::Expired {
                expires_at: self.header.expires_at,
            });
        }
        match change {
            SessionChange::QueryAdded { query } => self.append(query.clone(), offered)?,
            SessionChange::EntrySet { map, key, value } => {
                let entry = Entry {
                    value: value.clone(),
                    version: self.header.version,
                };
                self.write(*map, key, Some(entry))?;
            }
            SessionChange::EntryRemoved { map, key } => self.write(*map, key, None)?,
            SessionChange::TagsAdded { tags } => {
                for tag in tags {
                    if !self.header.tags.contains(tag) {
                        self.header.tags.push(tag.clone());
                    }
                }
                let count = self.header.tags.len();
                if count > self.limits.max_tags {
                    return Err(Refusal::too_many_tags(count as u64, self.limits));
                }
            }
            SessionChange::TagsRemoved { tags } => {
                self.header.tags.retain(|tag| !tags.contains(tag));
            }
            SessionChange::Extended { micros } => {
                let by = std::time::Duration::from_micros(*micros);
                let wanted = self.header.expires_at.max(now).plus(by);
                let cap = now.plus(self.limits.max_ttl);
                self.ttl_capped |= wanted > cap;
                self.header.expires_at = self.header.expires_at.max(wanted.min(cap));
            }
            SessionChange::Ended => self.header.expires_at = self.header.expires_at.min(now),
        }
        Ok(())
    }

    fn append(&mut self, mut query: QueryRecord, offered: u64) -> Result<(), Refusal> {
        let (held, limit) = (self.header.total_queries, self.limits.max_queries);
        // Counted with all that follow it, so that the refusal names the size of the whole batch.
        if held + offered > limit {
            let before = self.queries.len() as u64;
            return Err(Refusal::QueryLimit {
                limit,
                held: held - before,
                offered: offered + before,
            });
        }
        self.header.total_queries += 1;
        self.header.cache_hits += u64::from(query.cache_hit);
        query.seq = self.header.total_queries;
        query.version = self.header.version;
        query.timestamp.get_or_insert(self.at);
        let json = to_json(&query);
        self.header.size_bytes += json.len() as u64;
        self.queries.push((query, json));
        Ok(())
    }

    fn write(&mut self, map: StateMap, key: &str, entry: Option<Entry>) -> Result<(), Refusal> {
        let at = (map, key.to_owned());
        let count = &mut self.header.entry_counts[map.index()];
        if let Some(replaced) = self.held.remove(&at) {
            self.header.size_bytes = self.header.size_bytes.saturating_sub(replaced.bytes);
            *count = count.saturating_sub(1);
        }
        let write = entry.map(|entry| {
            let json = to_json(&entry.value);
            let (version, bytes) = (entry.version, (key.len() + json.len()) as u64);
            self.held.insert(at.clone(), HeldEntry { version, bytes });
            self.header.size_bytes += bytes;
            *count += 1;
            (entry, json)
        });
        if *count > self.limits.max_entries && write.is_some() {
            return Err(Refusal::too_many_entries(map, *count, self.limits));
        }
        self.entries.insert(at, write);
        Ok(())
    }
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("the model's types always serialise")
}
