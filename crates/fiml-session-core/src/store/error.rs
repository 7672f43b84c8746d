//! Why a store did not do what it was asked.

use thiserror::Error;

use crate::{id::SessionId, transition::Refusal};

/// The error of a driver, kept as the source of ours.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error of every port, by what the caller can do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A session of this id is there already; it was left unchanged.
    #[error("session {id} already exists")]
    AlreadyExists {
        /// The id.
        id: SessionId,
    },
    /// The session does not take the change; it was left unchanged.
    #[error("the change was refused")]
    Refused(#[from] Refusal),
    /// What is stored cannot be read.
    #[error("what {store} holds {} cannot be read", of_session(*id))]
    Corrupt {
        /// The store.
        store: &'static str,
        /// The session, where one is to blame.
        id: Option<SessionId>,
        /// What the reader said.
        source: BoxError,
    },
    /// The store does not answer; nothing was done, and the call may be repeated.
    #[error("{store} is unavailable")]
    Unavailable {
        /// The store.
        store: &'static str,
        /// What the driver said.
        source: BoxError,
    },
    /// The store did not say whether it did what it was asked.
    #[error("{store} did not confirm the change")]
    OutcomeUnknown {
        /// The store.
        store: &'static str,
        /// What the driver said.
        source: BoxError,
    },
    /// The store has no room left; nothing was done.
    #[error("{store} has no room left")]
    Full {
        /// The store.
        store: &'static str,
        /// What the driver said.
        source: BoxError,
    },
    /// Anything else; nothing was done.
    #[error("{store} failed")]
    Backend {
        /// The store.
        store: &'static str,
        /// What the driver said.
        source: BoxError,
    },
}

fn of_session(id: Option<SessionId>) -> String {
    id.map_or_else(String::new, |id| format!("of session {id}"))
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::OutcomeUnknown { .. })
    }
}
