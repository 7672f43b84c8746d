//! What scripts learn from the exit code.

use std::process::ExitCode;

use fiml_analytics::AnalyticsError;
use fiml_market::MarketError;
use fiml_session_core::{ErrorCode, Invalid, SessionError};

/// An error of the caller: an argument or a setting that was refused.
#[derive(Debug)]
pub(crate) struct Refused(anyhow::Error);

impl Refused {
    pub(crate) fn error(error: anyhow::Error) -> anyhow::Error {
        anyhow::Error::new(Self(error))
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
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

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// The code of an error that comes from a use case, wherever it stands in the chain.
pub(crate) fn error_code(error: &anyhow::Error) -> Option<ErrorCode> {
    error.chain().find_map(|error| {
        let session = error.downcast_ref::<SessionError>().map(SessionError::code);
        let figures = || {
            error
                .downcast_ref::<AnalyticsError>()
                .map(AnalyticsError::code)
        };
        let refused = || error.is::<Refused>() || error.is::<Invalid>();
        let market = || error.downcast_ref::<MarketError>().map(market_code);
        session
            .or_else(figures)
            .or_else(market)
            .or_else(|| refused().then_some(ErrorCode::InvalidArgument))
    })
}

fn market_code(error: &MarketError) -> ErrorCode {
    match error {
        MarketError::InvalidSymbol(_) => ErrorCode::InvalidArgument,
        MarketError::SymbolNotFound { .. } => ErrorCode::SymbolNotFound,
        _ => ErrorCode::ProviderUnavailable,
    }
}

/// The exit code of an error, as `fiml --help` lists them.
pub(crate) fn code(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(|error| error.is::<Missing>()) {
        return ExitCode::from(3);
    }
    ExitCode::from(match error_code(error) {
        None
        | Some(
            ErrorCode::Internal
            | ErrorCode::Unauthorized
            | ErrorCode::RateLimited
            | ErrorCode::AnalyticsDisabled,
        ) => 1,
        Some(ErrorCode::InvalidArgument | ErrorCode::ValueTooLarge) => 2,
        Some(ErrorCode::SessionNotFound | ErrorCode::SymbolNotFound) => 3,
        Some(
            ErrorCode::SessionExpired
            | ErrorCode::SessionArchived
            | ErrorCode::QueryLimitReached
            | ErrorCode::IdempotencyConflict
            | ErrorCode::VersionConflict
            | ErrorCode::QuotaExceeded
            | ErrorCode::Forbidden,
        ) => 4,
        Some(
            ErrorCode::ProviderUnavailable
            | ErrorCode::StoreUnavailable
            | ErrorCode::ArchiveUnavailable
            | ErrorCode::OutcomeUnknown
            | ErrorCode::StorageFull,
        ) => 5,
    })
}
