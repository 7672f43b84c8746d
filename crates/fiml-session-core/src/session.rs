//! The session itself, and the views of it that are read without its history.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    change::{Applied, SessionChange},
    clock::Timestamp,
    history::{QueryRecord, RecentQuery, rate},
    id::{Asset, SessionId, Tag, UserId},
    state::SessionState,
    text::Invalid,
};

/// What kind of analysis a session holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionType {
    /// Stocks.
    Equity,
    /// Coins.
    Crypto,
    /// A portfolio as a whole.
    Portfolio,
    /// Several assets against each other.
    Comparative,
    /// The economy.
    Macro,
}

impl SessionType {
    /// Every type.
    pub const ALL: [Self; 5] = [
        Self::Equity,
        Self::Crypto,
        Self::Portfolio,
        Self::Comparative,
        Self::Macro,
    ];

    /// Its serialised name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equity => "equity",
            Self::Crypto => "crypto",
            Self::Portfolio => "portfolio",
            Self::Comparative => "comparative",
            Self::Macro => "macro",
        }
    }
}

impl fmt::Display for SessionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SessionType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|known| known.name() == text);
        known.ok_or_else(|| {
            Invalid::malformed(
                "session_type",
                format!("is {text:?}"),
                "one of equity, crypto, portfolio, comparative, macro",
            )
        })
    }
}

/// The durable memory of one sitting of an analyst's agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Its owner, if it has one.
    pub user_id: Option<UserId>,
    /// What kind of analysis it holds.
    #[serde(rename = "type")]
    pub session_type: SessionType,
    /// What it is about, 1 to 100 assets.
    pub assets: Vec<Asset>,
    /// What it is found by, at most 32 tags.
    pub tags: Vec<Tag>,
    /// When it was created; never changes.
    pub created_at: Timestamp,
    /// From when on it counts as expired.
    pub expires_at: Timestamp,
    /// The last acknowledged change; reads never write.
    pub last_accessed_at: Timestamp,
    /// How many times it was changed, creation included.
    pub version: u64,
    /// What it has piled up.
    pub state: SessionState,
}

impl Session {
    /// Adds a question; `update_session` sends it.
    pub fn add_query(&mut self, query: QueryRecord) {
        self.state.history.push(query.clone());
        self.state.record(SessionChange::QueryAdded { query });
    }

    /// Adds a tag; `update_session` sends it.
    pub fn add_tag(&mut self, tag: Tag) {
        self.state.record(SessionChange::TagsAdded {
            tags: vec![tag.clone()],
        });
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
    }

    /// Removes a tag; `update_session` sends it.
    pub fn remove_tag(&mut self, tag: &Tag) {
        self.tags.retain(|held| held != tag);
        self.state.record(SessionChange::TagsRemoved {
            tags: vec![tag.clone()],
        });
    }

    /// Whether it has expired at the given instant.
    #[must_use]
    pub fn is_expired(&self, at: Timestamp) -> bool {
        at >= self.expires_at
    }

    /// Takes over what a store answered to the pending changes.
    pub(crate) fn settle(&mut self, applied: &Applied) {
        self.version = applied.version;
        self.expires_at = applied.expires_at;
        self.last_accessed_at = applied.last_accessed_at;
        self.state.history.settle(
            applied.version,
            applied.total_queries,
            applied.cache_hits,
            applied.last_accessed_at,
        );
        self.state.settle(applied.version);
    }
}

/// A session without its state, with the counters that a store keeps beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionHeader {
    /// Its id.
    pub id: SessionId,
    /// Its owner, if it has one.
    pub user_id: Option<UserId>,
    /// What kind of analysis it holds.
    #[serde(rename = "type")]
    pub session_type: SessionType,
    /// What it is about.
    pub assets: Vec<Asset>,
    /// What it is found by.
    pub tags: Vec<Tag>,
    /// When it was created.
    pub created_at: Timestamp,
    /// From when on it counts as expired.
    pub expires_at: Timestamp,
    /// The last acknowledged change.
    pub last_accessed_at: Timestamp,
    /// How many times it was changed, creation included.
    pub version: u64,
    /// How many queries it has.
    pub total_queries: u64,
    /// How many of them were cache hits.
    pub cache_hits: u64,
    /// The size of its queries and entries as JSON, in bytes.
    pub size_bytes: u64,
    /// How many entries each map has, in the order of [`StateMap::ALL`](crate::StateMap::ALL).
    pub entry_counts: [u64; 4],
}

impl SessionHeader {
    /// The whole session, with the state that belongs to it.
    #[must_use]
    pub fn into_session(self, state: SessionState) -> Session {
        Session {
            id: self.id,
            user_id: self.user_id,
            session_type: self.session_type,
            assets: self.assets,
            tags: self.tags,
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_accessed_at: self.last_accessed_at,
            version: self.version,
            state,
        }
    }

    /// Whether it has expired at the given instant.
    #[must_use]
    pub fn is_expired(&self, at: Timestamp) -> bool {
        at >= self.expires_at
    }

    /// The life left at the given instant; zero once expired.
    #[must_use]
    pub fn time_remaining(&self, at: Timestamp) -> Duration {
        self.expires_at.since(at)
    }

    /// From creation to the last change.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.last_accessed_at.since(self.created_at)
    }

    /// The share of queries answered from a cache, 0 to 1; 0 where there are none.
    #[must_use]
    pub fn cache_hit_rate(&self) -> f64 {
        rate(self.cache_hits, self.total_queries)
    }
}

/// A session as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// The session without its state.
    pub header: SessionHeader,
    /// Whether it lies in the archive.
    pub is_archived: bool,
}

/// A session as one look shows it: its header and last queries, read without the rest of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionOverview {
    /// The session without its state.
    pub header: SessionHeader,
    /// Whether it lies in the archive.
    pub is_archived: bool,
    /// The last queries, newest first.
    pub recent_queries: Vec<RecentQuery>,
}
