//! What can go wrong, by what the caller can do about it.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::{
    id::SessionId, policy::Policy, service::CleanupReport, store::StoreError, text::Invalid,
    transition::Refusal,
};

/// The code of an error, the same on every wire. The serialised names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// An argument does not have the required form.
    InvalidArgument,
    /// No such session, or none that the caller may see.
    SessionNotFound,
    /// The session has expired; extend it.
    SessionExpired,
    /// The session lies in the archive; extend it.
    SessionArchived,
    /// The session holds as many queries as it may.
    QueryLimitReached,
    /// A value, map or session would grow too large.
    ValueTooLarge,
    /// The idempotency key was used with other content.
    IdempotencyConflict,
    /// The session or key was changed by somebody else.
    VersionConflict,
    /// The caller asks too often.
    RateLimited,
    /// The caller holds as much as it may.
    QuotaExceeded,
    /// The caller is not known.
    Unauthorized,
    /// The caller may not do this.
    Forbidden,
    /// No price is known for the symbol.
    SymbolNotFound,
    /// No source of prices answers.
    ProviderUnavailable,
    /// The store of live sessions does not answer; nothing was done.
    StoreUnavailable,
    /// The archive does not answer; nothing was done.
    ArchiveUnavailable,
    /// It is not known whether the call took effect; retry it with the same idempotency key.
    OutcomeUnknown,
    /// There is no room left to store anything.
    StorageFull,
    /// Statistics are switched off.
    AnalyticsDisabled,
    /// A fault of ours.
    Internal,
}

impl ErrorCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 20] = [
        Self::InvalidArgument,
        Self::SessionNotFound,
        Self::SessionExpired,
        Self::SessionArchived,
        Self::QueryLimitReached,
        Self::ValueTooLarge,
        Self::IdempotencyConflict,
        Self::VersionConflict,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::Unauthorized,
        Self::Forbidden,
        Self::SymbolNotFound,
        Self::ProviderUnavailable,
        Self::StoreUnavailable,
        Self::ArchiveUnavailable,
        Self::OutcomeUnknown,
        Self::StorageFull,
        Self::AnalyticsDisabled,
        Self::Internal,
    ];

    /// Its serialised name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::SessionNotFound => "session_not_found",
            Self::SessionExpired => "session_expired",
            Self::SessionArchived => "session_archived",
            Self::QueryLimitReached => "query_limit_reached",
            Self::ValueTooLarge => "value_too_large",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::VersionConflict => "version_conflict",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::SymbolNotFound => "symbol_not_found",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::StoreUnavailable => "store_unavailable",
            Self::ArchiveUnavailable => "archive_unavailable",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::StorageFull => "storage_full",
            Self::AnalyticsDisabled => "analytics_disabled",
            Self::Internal => "internal",
        }
    }

    /// What a caller can do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::InvalidArgument | Self::ValueTooLarge => "correct the argument and call again",
            Self::SessionNotFound => "list the sessions to find the id, or create a new session",
            Self::SessionExpired | Self::SessionArchived => {
                "extend the session to go on with it, or create a new session"
            }
            Self::QueryLimitReached => {
                "create a new session to go on, or raise SESSION_MAX_QUERIES_PER_SESSION"
            }
            Self::IdempotencyConflict => "use a new idempotency key for a new call",
            Self::VersionConflict => {
                "read the session again and repeat the change on what it is now"
            }
            Self::RateLimited => "wait and call again",
            Self::QuotaExceeded => "delete sessions that are not needed any more",
            Self::Unauthorized => "sign in and call again",
            Self::Forbidden => "ask for a session or user of your own",
            Self::SymbolNotFound => "check the symbol",
            Self::ProviderUnavailable => {
                "name a price file with FIML_PRICES or providers with FIML_PROVIDERS; one that failed may answer later"
            }
            Self::StoreUnavailable | Self::ArchiveUnavailable => "nothing was done; call again",
            Self::OutcomeUnknown => {
                "call again with the same idempotency key, or read the session to see"
            }
            Self::StorageFull => "nothing was stored; make room on the disk and call again",
            Self::AnalyticsDisabled => "set SESSION_ENABLE_ANALYTICS=true",
            Self::Internal => "look into the log of the server",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a use case of the service failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// An argument was refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No such session, or none in the caller's scope.
    #[error("there is no session {id}")]
    NotFound {
        /// The id asked for.
        id: SessionId,
    },
    /// The session lies in the archive and is read-only until it is extended.
    #[error("session {id} is archived")]
    Archived {
        /// The session.
        id: SessionId,
    },
    /// The session does not take the change.
    #[error("session {id} refused the change")]
    Refused {
        /// The session.
        id: SessionId,
        /// Why.
        #[source]
        refusal: Refusal,
    },
    /// The idempotency key was used to create another session.
    #[error("the idempotency key {key:?} was used to create another session")]
    CreateConflict {
        /// The key.
        key: String,
    },
    /// The caller may not do this.
    #[error("{argument} names somebody else")]
    Forbidden {
        /// The offending argument.
        argument: String,
    },
    /// The store of live sessions failed.
    #[error("the store of live sessions failed")]
    Active(#[source] StoreError),
    /// The archive failed.
    #[error("the archive failed")]
    Archive(#[source] StoreError),
    /// A store failed after something had been done; the call may be repeated.
    #[error("the change of session {id} was not confirmed")]
    Unconfirmed {
        /// The session.
        id: SessionId,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// A cleanup failed after it had done something; run again, it goes on from there.
    #[error("the cleanup stopped after it had {}", in_words(*.done))]
    CleanupStopped {
        /// What it had done, at least.
        done: CleanupReport,
        /// What failed.
        #[source]
        source: Box<Self>,
    },
    /// The session kept changing tier while it was being changed.
    #[error("session {id} kept moving between the live store and the archive")]
    Unsettled {
        /// The session.
        id: SessionId,
    },
}

fn in_words(done: CleanupReport) -> String {
    let CleanupReport {
        archived,
        quarantined,
        reconciled,
    } = done;
    format!(
        "archived {archived} sessions, set {quarantined} aside and put {reconciled} right; \
         the next one goes on from there"
    )
}

impl SessionError {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::NotFound { .. } => ErrorCode::SessionNotFound,
            Self::Archived { .. } => ErrorCode::SessionArchived,
            Self::Refused { refusal, .. } => refusal_code(refusal),
            Self::CreateConflict { .. } => ErrorCode::IdempotencyConflict,
            Self::Forbidden { .. } => ErrorCode::Forbidden,
            Self::Archive(StoreError::Unavailable { .. }) => ErrorCode::ArchiveUnavailable,
            Self::Active(error) | Self::Archive(error) => error.code(),
            Self::Unconfirmed { .. } | Self::CleanupStopped { .. } | Self::Unsettled { .. } => {
                ErrorCode::OutcomeUnknown
            }
        }
    }

    /// The offending argument, where one is to blame.
    #[must_use]
    pub fn argument(&self) -> Option<&str> {
        match self {
            Self::Invalid(invalid)
            | Self::Refused {
                refusal: Refusal::TooLarge(invalid),
                ..
            } => Some(&invalid.argument),
            Self::NotFound { .. } | Self::Archived { .. } => Some("session_id"),
            Self::Refused { refusal, .. } => Some(match refusal {
                Refusal::VersionConflict { .. } => "expected_version",
                Refusal::EntryConflict { .. } => "expected_entries",
                Refusal::IdempotencyConflict { .. } => "idempotency_key",
                Refusal::Expired { .. } | Refusal::QueryLimit { .. } | Refusal::TooLarge(_) => {
                    "session_id"
                }
            }),
            Self::CreateConflict { .. } => Some("idempotency_key"),
            Self::Forbidden { argument } => Some(argument),
            Self::Active(_)
            | Self::Archive(_)
            | Self::Unconfirmed { .. }
            | Self::CleanupStopped { .. }
            | Self::Unsettled { .. } => None,
        }
    }

    /// The limit that was broken, in words, where there is one.
    #[must_use]
    pub fn limit(&self) -> Option<String> {
        match self {
            Self::Invalid(invalid)
            | Self::Refused {
                refusal: Refusal::TooLarge(invalid),
                ..
            } => Some(invalid.limit.clone()),
            Self::Refused {
                refusal: Refusal::QueryLimit { limit, .. },
                ..
            } => Some(format!(
                "at most {limit} queries (SESSION_MAX_QUERIES_PER_SESSION)"
            )),
            _ => None,
        }
    }

    /// Itself and everything beneath it, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        error_chain(self)
    }
}

impl Invalid {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        if self.too_large {
            ErrorCode::ValueTooLarge
        } else {
            ErrorCode::InvalidArgument
        }
    }
}

const fn refusal_code(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::Expired { .. } => ErrorCode::SessionExpired,
        Refusal::QueryLimit { .. } => ErrorCode::QueryLimitReached,
        Refusal::TooLarge(_) => ErrorCode::ValueTooLarge,
        Refusal::VersionConflict { .. } | Refusal::EntryConflict { .. } => {
            ErrorCode::VersionConflict
        }
        Refusal::IdempotencyConflict { .. } => ErrorCode::IdempotencyConflict,
    }
}

impl StoreError {
    /// Its code, where it comes from the store of live sessions.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable { .. } => ErrorCode::StoreUnavailable,
            Self::OutcomeUnknown { .. } => ErrorCode::OutcomeUnknown,
            Self::Full { .. } => ErrorCode::StorageFull,
            Self::Refused(refusal) => refusal_code(refusal),
            Self::AlreadyExists { .. } | Self::Corrupt { .. } | Self::Backend { .. } => {
                ErrorCode::Internal
            }
        }
    }

    /// Itself and everything beneath it, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        error_chain(self)
    }
}

/// An error and everything beneath it, in one line; a cause that only repeats what was said is left out.
///
/// Many libraries put the text of the cause into their own, and give the cause as well.
#[must_use]
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(beneath) = source {
        let words = beneath.to_string();
        if !line.contains(&words) {
            line = format!("{line}: {words}");
        }
        source = beneath.source();
    }
    line
}

/// An error for a caller who asks for statistics that are switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("analytics are switched off")]
pub struct AnalyticsDisabled;

impl Policy {
    /// Refuses where statistics are switched off.
    pub const fn check_analytics(&self) -> Result<(), AnalyticsDisabled> {
        if self.enable_analytics {
            Ok(())
        } else {
            Err(AnalyticsDisabled)
        }
    }
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::error_chain;

    #[derive(Debug, Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Self>>,
    }

    fn told(texts: &[&'static str]) -> String {
        let layers = texts
            .iter()
            .rev()
            .fold(None, |source, text| Some(Box::new(Layer { text, source })));
        error_chain(&*layers.unwrap())
    }

    #[test]
    fn a_cause_that_only_repeats_what_was_said_is_left_out() {
        let refused = "refused (os error 111)";
        let texts = [
            "no server answers",
            "connect: refused (os error 111)",
            refused,
        ];
        assert_eq!(
            told(&texts),
            "no server answers: connect: refused (os error 111)"
        );
        assert_eq!(
            told(&["cannot write", "the disk is full"]),
            "cannot write: the disk is full"
        );
    }
}
