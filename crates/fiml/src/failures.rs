//! How commands fail, beyond what the libraries beneath them say.

use fiml_market::MarketError;
use fiml_session_core::{ErrorCode, error_chain};
use thiserror::Error;

/// An error of the caller: an argument or a setting that was refused.
#[derive(Debug, Error)]
#[error("{}", error_chain(self.0.as_ref()))]
pub(crate) struct Refused(anyhow::Error);

impl Refused {
    pub(crate) fn error(error: anyhow::Error) -> anyhow::Error {
        anyhow::Error::new(Self(error))
    }

    /// Why it was refused.
    pub(crate) const fn beneath(&self) -> &anyhow::Error {
        &self.0
    }
}

/// What a command is about is not there.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Missing(pub(crate) String);

/// Acknowledged writes may be lost.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct NotDurable(pub(crate) String);

/// A server does not answer.
#[derive(Debug, Error)]
#[error("a server does not answer; it is said above which")]
pub(crate) struct Away;

/// Of the sources of prices that were asked, not one answers.
#[derive(Debug, Error)]
#[error("nobody answers who was asked: {}", .0.join(", "))]
pub(crate) struct Silent(pub(crate) Vec<&'static str>);

/// Several assets have no price; the answer says of each why.
#[derive(Debug, Error)]
#[error("no price for {}", symbols.join(", "))]
pub(crate) struct Unpriced {
    pub(crate) symbols: Vec<String>,
    pub(crate) first: MarketError,
}

/// What a tool answered instead of doing what it was asked.
#[derive(Debug, Error)]
#[error("{message}")]
pub(crate) struct ToolFailed {
    pub(crate) code: Option<ErrorCode>,
    pub(crate) message: String,
}
