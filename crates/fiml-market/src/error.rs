//! Why there is no price.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use crate::{InvalidSymbol, QuoteRequest};

/// An error of any type, kept as the source of another.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// Why there is no price, by what the caller can do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MarketError {
    /// The text is not a symbol; nothing was asked of any source.
    #[error(transparent)]
    InvalidSymbol(#[from] InvalidSymbol),
    /// No source knows the symbol.
    #[error("no price for `{symbol}`{}", Hint(near))]
    SymbolNotFound {
        /// What was asked for; a pair for a coin.
        symbol: String,
        /// Symbols that exist and look alike, best first; at most five.
        near: Vec<String>,
    },
    /// No source could answer, and at least one might know the symbol.
    #[error("no market provider could answer{}", Tried(attempts))]
    ProviderUnavailable {
        /// What each source said.
        attempts: Vec<Attempt>,
    },
    /// One source could not answer.
    #[error("{provider} could not answer")]
    Unavailable {
        /// Its name.
        provider: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
        /// What happened.
        #[source]
        source: BoxError,
    },
    /// There is no source to ask.
    #[error("no prices are configured: name a price file with --prices PATH or FIML_PRICES")]
    NotConfigured,
}

impl MarketError {
    /// The stable `snake_case` name of the failure.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::InvalidSymbol(_) => "invalid_symbol",
            Self::SymbolNotFound { .. } => "symbol_not_found",
            Self::ProviderUnavailable { .. } | Self::Unavailable { .. } => "provider_unavailable",
            Self::NotConfigured => "not_configured",
        }
    }

    pub(crate) fn not_found(request: &QuoteRequest, near: Vec<String>) -> Self {
        Self::SymbolNotFound {
            symbol: request.to_string(),
            near,
        }
    }

    pub(crate) fn unavailable(provider: &str, source: impl Into<BoxError>) -> Self {
        Self::Unavailable {
            provider: provider.to_owned(),
            retry_after: None,
            source: source.into(),
        }
    }
}

/// One source asked for one quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The name of the source.
    pub provider: String,
    /// `answered`, or the [kind](MarketError::kind) of the failure.
    pub outcome: &'static str,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Why it failed, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many seconds the source asked to be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Attempt {
    pub(crate) fn new(provider: &str, ms: u64, failure: Option<&MarketError>) -> Self {
        let retry_after = match failure {
            Some(MarketError::Unavailable { retry_after, .. }) => retry_after.map(|d| d.as_secs()),
            _ => None,
        };
        Self {
            provider: provider.to_owned(),
            outcome: failure.map_or("answered", MarketError::kind),
            ms,
            reason: failure.map(|error| Chain(error).to_string()),
            retry_after,
        }
    }
}

/// An error and its sources in one line.
struct Chain<'a>(&'a dyn StdError);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

struct Hint<'a>(&'a [String]);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, "; did you mean {}?", self.0.join(", "))
    }
}

struct Tried<'a>(&'a [Attempt]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<&str> = self
            .0
            .iter()
            .filter_map(|attempt| attempt.reason.as_deref())
            .collect();
        if reasons.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", reasons.join("; "))
    }
}
