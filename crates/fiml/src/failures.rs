//! How commands fail, beyond what the libraries beneath them say.

use std::fmt;

use fiml_market::MarketError;
use fiml_session_core::ErrorCode;

use crate::causes;

/// An error of the caller: an argument or a setting that was refused.
#[derive(Debug)]
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

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&causes::told(self.0.as_ref()))
    }
}

impl std::error::Error for Refused {}

/// What a command is about is not there.
#[derive(Debug)]
pub(crate) struct Missing(String);

impl Missing {
    pub(crate) fn error(message: String) -> anyhow::Error {
        anyhow::Error::new(Self(message))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// Acknowledged writes may be lost.
#[derive(Debug)]
pub(crate) struct NotDurable(String);

impl NotDurable {
    pub(crate) fn error(message: String) -> anyhow::Error {
        anyhow::Error::new(Self(message))
    }
}

impl fmt::Display for NotDurable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotDurable {}

/// A server does not answer.
#[derive(Debug)]
pub(crate) struct Away;

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a server does not answer; it is said above which")
    }
}

impl std::error::Error for Away {}

/// Of the sources of prices that were asked, not one answers.
#[derive(Debug)]
pub(crate) struct Silent(pub(crate) Vec<&'static str>);

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody answers who was asked: {}", self.0.join(", "))
    }
}

impl std::error::Error for Silent {}

/// Several assets have no price; the answer says of each why.
#[derive(Debug)]
pub(crate) struct Unpriced {
    pub(crate) symbols: Vec<String>,
    pub(crate) first: MarketError,
}

impl fmt::Display for Unpriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no price for {}", self.symbols.join(", "))
    }
}

impl std::error::Error for Unpriced {}

/// What a tool answered instead of doing what it was asked.
#[derive(Debug)]
pub(crate) struct ToolFailed {
    pub(crate) code: Option<ErrorCode>,
    pub(crate) message: String,
}

impl fmt::Display for ToolFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ToolFailed {}
