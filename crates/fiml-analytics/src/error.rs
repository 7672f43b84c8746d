//! What can go wrong when figures are asked for.

use fiml_session_core::{AnalyticsDisabled, ErrorCode, Invalid, SessionError, store::StoreError};
use thiserror::Error;

/// Why there are no figures; never answered by zeros instead.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AnalyticsError {
    /// Analytics are switched off.
    #[error(transparent)]
    Disabled(#[from] AnalyticsDisabled),
    /// An argument was refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] SessionError),
}

impl AnalyticsError {
    pub(crate) const fn live(error: StoreError) -> Self {
        Self::Store(SessionError::Active(error))
    }

    pub(crate) const fn archived(error: StoreError) -> Self {
        Self::Store(SessionError::Archive(error))
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Disabled(_) => ErrorCode::AnalyticsDisabled,
            Self::Invalid(invalid) => invalid.code(),
            Self::Store(error) => error.code(),
        }
    }

    /// The offending argument, where one is to blame.
    #[must_use]
    pub fn argument(&self) -> Option<&str> {
        match self {
            Self::Disabled(_) => None,
            Self::Invalid(invalid) => Some(&invalid.argument),
            Self::Store(error) => error.argument(),
        }
    }

    /// The limit that was broken, in words, where there is one.
    #[must_use]
    pub fn limit(&self) -> Option<String> {
        match self {
            Self::Disabled(_) => None,
            Self::Invalid(invalid) => Some(invalid.limit.clone()),
            Self::Store(error) => error.limit(),
        }
    }

    /// Itself and everything beneath it, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        match self {
            Self::Disabled(_) | Self::Invalid(_) => self.to_string(),
            Self::Store(error) => error.chain(),
        }
    }
}
