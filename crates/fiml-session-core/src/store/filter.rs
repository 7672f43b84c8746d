//! Which sessions a listing is about, and which page of it.

use std::{cmp::Reverse, fmt, num::NonZeroUsize, str::FromStr};

use crate::{
    clock::Timestamp,
    id::{Asset, SessionId, Tag, UserId},
    metrics::SessionMetrics,
    session::{SessionHeader, SessionType},
    text::Invalid,
};

/// Which sessions are wanted; an empty field asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionFilter {
    /// Those of this owner.
    pub user_id: Option<UserId>,
    /// Those of this type.
    pub session_type: Option<SessionType>,
    /// Those that carry every one of these tags.
    pub tags: Vec<Tag>,
    /// Those about this asset.
    pub asset: Option<Asset>,
    /// Those that have not expired at this instant.
    pub unexpired_at: Option<Timestamp>,
}

impl SessionFilter {
    /// Whether a session is wanted.
    #[must_use]
    pub fn matches(&self, session: &SessionHeader) -> bool {
        let user_id = self.user_id.as_ref();
        user_id.is_none_or(|user| session.user_id.as_ref() == Some(user))
            && self
                .session_type
                .is_none_or(|wanted| session.session_type == wanted)
            && self.tags.iter().all(|tag| session.tags.contains(tag))
            && self
                .asset
                .as_ref()
                .is_none_or(|asset| session.assets.contains(asset))
            && self.unexpired_at.is_none_or(|at| !session.is_expired(at))
    }
}

/// A place in the listing, which runs from the newest session to the oldest by the immutable key
/// (`created_at`, `id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When the session at this place was created.
    pub created_at: Timestamp,
    /// Its id.
    pub id: SessionId,
}

impl Cursor {
    /// The place of a session.
    #[must_use]
    pub const fn of(session: &SessionHeader) -> Self {
        Self {
            created_at: session.created_at,
            id: session.id,
        }
    }

    /// The place of a session's figures.
    #[must_use]
    pub const fn of_metrics(row: &SessionMetrics) -> Self {
        Self {
            created_at: row.created_at,
            id: row.session_id,
        }
    }
}

impl Ord for Cursor {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |cursor: &Self| Reverse((cursor.created_at, cursor.id));
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Cursor {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:016x}{}",
            self.created_at.micros(),
            self.id.uuid().simple()
        )
    }
}

impl FromStr for Cursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_at_checked(16).and_then(|(micros, id)| {
            let created_at = Timestamp::from_micros(i64::from_str_radix(micros, 16).ok()?);
            let id = SessionId::from_uuid(uuid::Uuid::try_parse(id).ok()?);
            Some(Self { created_at, id })
        });
        // Only the one spelling that we give out.
        parts
            .filter(|cursor| cursor.to_string() == text)
            .ok_or_else(|| {
                Invalid::malformed(
                    "cursor",
                    "is not a cursor",
                    "next_cursor of the page before, unchanged",
                )
            })
    }
}

/// A stretch of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The place it begins behind, or none for the beginning.
    pub after: Option<Cursor>,
    /// How many sessions it has at most.
    pub limit: NonZeroUsize,
}
