//! The moves of a session, as data.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    clock::Timestamp,
    history::QueryRecord,
    id::Tag,
    text::{Invalid, check_name},
};

/// One of the four maps of a session's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateMap {
    /// What the analysis knows about its situation.
    Context,
    /// How the user likes answers.
    Preferences,
    /// Results that later steps build on.
    IntermediateResults,
    /// Everything about the session that is not part of the analysis.
    Metadata,
}

impl StateMap {
    /// Every map, in the order in which stores number them.
    pub const ALL: [Self; 4] = [
        Self::Context,
        Self::Preferences,
        Self::IntermediateResults,
        Self::Metadata,
    ];

    /// Its place in [`StateMap::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its serialised name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Preferences => "preferences",
            Self::IntermediateResults => "intermediate_results",
            Self::Metadata => "metadata",
        }
    }
}

impl fmt::Display for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A named move of a session. The serialised names are stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum SessionChange {
    /// A question was asked; the store numbers it.
    QueryAdded {
        /// The question and its outcome.
        query: QueryRecord,
    },
    /// A key of a map was set.
    EntrySet {
        /// The map.
        map: StateMap,
        /// The key: 1 to 128 bytes of visible characters.
        key: String,
        /// The value; at most 256 KiB as JSON.
        value: Value,
    },
    /// A key of a map was removed; removing an absent key changes nothing.
    EntryRemoved {
        /// The map.
        map: StateMap,
        /// The key.
        key: String,
    },
    /// Tags were added; those already there stay where they are.
    TagsAdded {
        /// The tags.
        tags: Vec<Tag>,
    },
    /// Tags were removed; absent ones change nothing.
    TagsRemoved {
        /// The tags.
        tags: Vec<Tag>,
    },
    /// The life was prolonged: from what is left, or from now where nothing is.
    Extended {
        /// By how many microseconds.
        micros: u64,
    },
    /// The session was ended before its time.
    Ended,
}

/// Changes that a store applies together, all or none, as one new version.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChangeBatch {
    /// The changes, in order.
    pub changes: Vec<SessionChange>,
    /// Makes a repeated call give the first answer.
    pub idempotency: Option<IdempotencyKey>,
    /// Refuses the batch unless the session still has this version.
    pub expected_version: Option<u64>,
    /// Refuses the batch unless each of these keys still has its stamp.
    pub expected_entries: Vec<ExpectedEntry>,
}

/// Under which conditions the pending changes of a session are sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    /// Makes a repeated call give the first answer.
    pub idempotency: Option<IdempotencyKey>,
    /// Refuses the changes unless the session still has this version.
    pub expected_version: Option<u64>,
    /// Refuses the changes unless each of these keys still has its stamp.
    pub expected_entries: Vec<ExpectedEntry>,
}

impl From<SessionChange> for ChangeBatch {
    fn from(change: SessionChange) -> Self {
        Self {
            changes: vec![change],
            ..Self::default()
        }
    }
}

/// A precondition on one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedEntry {
    /// The map.
    pub map: StateMap,
    /// The key.
    pub key: String,
    /// The version that wrote the key, or none where it must be absent.
    pub version: Option<u64>,
}

/// A caller's name for one call, with a fingerprint of what the call asks for.
///
/// The same key with the same content gives the first answer again; with other content it is refused.
/// A key is remembered for 24 hours, the newest 256 of each session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IdempotencyKey {
    key: String,
    fingerprint: String,
}

impl IdempotencyKey {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 128;
    /// How long a key is remembered.
    pub const LIFETIME: std::time::Duration = std::time::Duration::from_hours(24);
    /// How many keys a session remembers.
    pub const KEPT: usize = 256;

    /// A key for a call with the given content, of which the SHA-256 of its JSON is kept.
    pub fn new(key: &str, content: &impl Serialize) -> Result<Self, Invalid> {
        check_name("idempotency_key", key, Self::MAX_BYTES)?;
        let json = serde_json::to_vec(content).map_err(|error| {
            Invalid::malformed(
                "idempotency_key",
                format!("has content that is not JSON: {error}"),
                "content that serialises as JSON",
            )
        })?;
        let digest = Sha256::digest(&json);
        Ok(Self {
            key: key.to_owned(),
            fingerprint: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// The caller's name for the call.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The SHA-256 of the content, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// What a store answers to an applied batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The session's new version.
    pub version: u64,
    /// How many queries it has now; those of the batch are the last ones.
    pub total_queries: u64,
    /// How many of them were cache hits.
    pub cache_hits: u64,
    /// When it expires now.
    pub expires_at: Timestamp,
    /// The instant of the change.
    pub last_accessed_at: Timestamp,
    /// Whether an extension was cut to the longest life allowed.
    pub ttl_capped: bool,
}
