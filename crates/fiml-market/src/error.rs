//! Why there is no price.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use crate::{AssetClass, InvalidSymbol, QuoteRequest};

/// An error of any type, kept as the source of another.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// How a source failed, as far as a machine can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// It did not answer in time.
    Timeout,
    /// It could not be reached.
    ConnectFailed,
    /// It asked to be left alone for a while.
    RateLimited,
    /// It will not answer this caller: a status of 400 to 499, or a redirect.
    Refused,
    /// It failed itself: a status of 500 and more.
    ServerError,
    /// What came is not what it documents: no JSON, too long, cut, or of another shape.
    BadAnswer,
    /// What came can be read and cannot be true, or is not what was asked for.
    Implausible,
    /// It was not asked: its share of calls is used up, or it asked to be left alone before.
    LimitReached,
    /// It was not asked: it has failed too often.
    CircuitOpen,
    /// It was still at it when the time for the whole question ran out, which is less than its own.
    DeadlinePassed,
    /// Anything else, such as a price file that is gone.
    Other,
}

impl FailureKind {
    /// The failure as it stands in attempts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::ConnectFailed => "connect_failed",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::BadAnswer => "bad_answer",
            Self::Implausible => "implausible",
            Self::LimitReached => "limit_reached",
            Self::CircuitOpen => "circuit_open",
            Self::DeadlinePassed => "deadline_passed",
            Self::Other => "provider_unavailable",
        }
    }

    /// Whether the same question may be asked once more at once.
    pub(crate) const fn may_be_retried(self) -> bool {
        matches!(
            self,
            Self::Timeout | Self::ConnectFailed | Self::ServerError
        )
    }

    /// Whether the source itself did something wrong or refused; not where it was not asked, or not given
    /// its time.
    pub(crate) const fn is_its_own(self) -> bool {
        !matches!(
            self,
            Self::LimitReached | Self::CircuitOpen | Self::DeadlinePassed
        )
    }

    /// Whether it speaks against the source; a rate limit does not.
    pub(crate) const fn counts_against_it(self) -> bool {
        self.is_its_own() && !matches!(self, Self::RateLimited)
    }
}

/// Why there is no price, by what the caller can do about it.
#[derive(Clone, Debug, Error)]
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
        /// How it failed.
        failure: FailureKind,
        /// The HTTP status it answered with, where it is reached by HTTP and did.
        http_status: Option<u16>,
        /// How long it is to be left alone.
        retry_after: Option<Duration>,
        /// What happened.
        #[source]
        source: Arc<dyn StdError + Send + Sync + 'static>,
    },
    /// There is no source to ask.
    #[error(
        "no source of {} prices is configured: name a price file with --prices PATH or FIML_PRICES, or \
         providers with FIML_PROVIDERS",
        asset_class
    )]
    NotConfigured {
        /// What was asked for.
        asset_class: AssetClass,
    },
}

impl MarketError {
    /// The stable `snake_case` name of the failure.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::InvalidSymbol(_) => "invalid_symbol",
            Self::SymbolNotFound { .. } => "symbol_not_found",
            // To whoever asks it is the same that nobody answers and that there is nobody.
            Self::ProviderUnavailable { .. }
            | Self::Unavailable { .. }
            | Self::NotConfigured { .. } => "provider_unavailable",
        }
    }

    pub(crate) fn not_found(request: &QuoteRequest, near: Vec<String>) -> Self {
        Self::SymbolNotFound {
            symbol: request.to_string(),
            near,
        }
    }

    pub(crate) fn unavailable(provider: &str, source: impl Into<BoxError>) -> Self {
        Self::failed(provider, FailureKind::Other, source)
    }

    pub(crate) fn failed(
        provider: &str,
        failure: FailureKind,
        source: impl Into<BoxError>,
    ) -> Self {
        Self::Unavailable {
            provider: provider.to_owned(),
            failure,
            http_status: None,
            retry_after: None,
            source: Arc::from(source.into()),
        }
    }

    pub(crate) const fn set_retry_after(&mut self, wait: Duration) {
        if let Self::Unavailable { retry_after, .. } = self {
            *retry_after = Some(wait);
        }
    }

    /// How the source failed; a symbol that it does not know is no failure.
    pub(crate) const fn failure(&self) -> Option<FailureKind> {
        match self {
            Self::Unavailable { failure, .. } => Some(*failure),
            Self::SymbolNotFound { .. } | Self::InvalidSymbol(_) => None,
            Self::ProviderUnavailable { .. } | Self::NotConfigured { .. } => {
                Some(FailureKind::Other)
            }
        }
    }

    /// What each source said, where none could answer.
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            Self::ProviderUnavailable { attempts } => attempts,
            _ => &[],
        }
    }
}

/// One source asked for one quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The name of the source.
    pub provider: String,
    /// `answered`, `symbol_not_found`, or the name of the [failure](FailureKind::as_str).
    pub outcome: &'static str,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Why it failed, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The HTTP status, where the source is reached by HTTP and answered with another than 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// After how many seconds the source may be asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Attempt {
    pub(crate) fn new(provider: &str, ms: u64, failure: Option<&MarketError>) -> Self {
        let (http_status, retry_after) = match failure {
            Some(MarketError::Unavailable {
                http_status,
                retry_after,
                ..
            }) => (*http_status, retry_after.map(whole_seconds)),
            _ => (None, None),
        };
        Self {
            provider: provider.to_owned(),
            outcome: failure.map_or("answered", |error| {
                error
                    .failure()
                    .map_or_else(|| error.kind(), FailureKind::as_str)
            }),
            ms,
            reason: failure.map(|error| Chain(error).to_string()),
            http_status,
            retry_after,
        }
    }
}

/// Rounded up: who comes back after that many seconds is not early.
fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
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
        let mut reasons: Vec<&str> = self
            .0
            .iter()
            .filter_map(|attempt| attempt.reason.as_deref())
            .collect();
        // A second try mostly ends like the first.
        reasons.dedup();
        if reasons.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", reasons.join("; "))
    }
}
