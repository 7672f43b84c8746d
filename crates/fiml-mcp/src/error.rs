//! What can go wrong, and the one place where it is put into the words of the wire.

use fiml_analytics::AnalyticsError;
use fiml_market::{MarketError, Symbol};
use fiml_session_core::{ErrorCode, Invalid, SessionError};
use serde::Serialize;
use thiserror::Error;

/// Why serving ended before the client closed its side.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The client and the server did not come to terms.
    #[error("the client could not be greeted")]
    Handshake(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The loop that answers the client broke down.
    #[error("the server stopped answering")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a tool did not do what it was asked.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The call does not fit the tool's schema; the argument is the caller's own spelling.
    #[error(transparent)]
    Call(Invalid),
    /// The core refused an argument, by its own name for it.
    #[error(transparent)]
    Argument(#[from] Invalid),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Analytics(#[from] AnalyticsError),
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A text is no symbol; the argument is the wire's name of it.
    #[error(transparent)]
    Symbol(InvalidArgumentSymbol),
    #[error("the tool {tool} broke down")]
    Broken { tool: &'static str },
}

/// A [`fiml_market::InvalidSymbol`] with the argument that held it.
#[derive(Debug, Error)]
#[error("{source}")]
pub(crate) struct InvalidArgumentSymbol {
    pub(crate) argument: &'static str,
    pub(crate) source: fiml_market::InvalidSymbol,
}

/// A failure as the client reads it; the order of the fields is the order of the text.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorBody {
    status: &'static str,
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<String>,
    hint: String,
}

impl ErrorBody {
    fn new(code: ErrorCode, message: String) -> Self {
        Self {
            status: "error",
            code,
            message,
            argument: None,
            limit: None,
            hint: code.hint().to_owned(),
        }
    }

    fn at(self, argument: Option<&str>, limit: Option<String>) -> Self {
        Self {
            argument: argument.map(wire_name),
            limit,
            ..self
        }
    }

    fn of(invalid: &Invalid, argument: String) -> Self {
        let code = if invalid.too_large {
            ErrorCode::ValueTooLarge
        } else {
            ErrorCode::InvalidArgument
        };
        Self {
            limit: Some(invalid.limit.clone()),
            message: format!("{argument} {}", invalid.problem),
            argument: Some(argument),
            ..Self::new(code, String::new())
        }
    }

    /// Code, message and limit in one line, for a result that is not an error itself.
    pub(crate) fn reason(&self) -> String {
        let Self { code, message, .. } = self;
        match &self.limit {
            Some(limit) => format!("{code}: {message}; limit: {limit}"),
            None => format!("{code}: {message}"),
        }
    }
}

impl From<&Failure> for ErrorBody {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Call(invalid) => Self::of(invalid, invalid.argument.clone()),
            Failure::Argument(invalid) | Failure::Analytics(AnalyticsError::Invalid(invalid)) => {
                Self::from(invalid)
            }
            Failure::Session(error) | Failure::Analytics(AnalyticsError::Store(error)) => {
                Self::from(error)
            }
            Failure::Analytics(error) => {
                Self::new(error.code(), error.chain()).at(error.argument(), error.limit())
            }
            Failure::Symbol(invalid) => Self::new(ErrorCode::InvalidArgument, invalid.to_string())
                .at(Some(invalid.argument), Some(symbol_limit())),
            Failure::Market(error) => Self::from(error),
            Failure::Broken { .. } => Self::new(ErrorCode::Internal, failure.to_string()),
        }
    }
}

impl From<&Invalid> for ErrorBody {
    fn from(invalid: &Invalid) -> Self {
        Self::of(invalid, wire_name(&invalid.argument))
    }
}

impl From<&SessionError> for ErrorBody {
    fn from(error: &SessionError) -> Self {
        match error {
            SessionError::Invalid(invalid) => Self::from(invalid),
            SessionError::Forbidden { argument } => {
                let message = format!("{} names somebody else", wire_name(argument));
                Self::new(error.code(), message).at(Some(argument), None)
            }
            _ => Self::new(error.code(), error.chain()).at(error.argument(), error.limit()),
        }
    }
}

impl From<&MarketError> for ErrorBody {
    fn from(error: &MarketError) -> Self {
        let message = chain(error);
        match error {
            MarketError::InvalidSymbol(_) => Self::new(ErrorCode::InvalidArgument, message)
                .at(Some("symbol"), Some(symbol_limit())),
            MarketError::SymbolNotFound { near, .. } => {
                let body = Self::new(ErrorCode::SymbolNotFound, message).at(Some("symbol"), None);
                if near.is_empty() {
                    return body;
                }
                let hint = format!("ask for one of {}", near.join(", "));
                Self { hint, ..body }
            }
            MarketError::ProviderUnavailable { .. } | MarketError::Unavailable { .. } => {
                let hint = "call again later, or name another source of prices".to_owned();
                let body = Self::new(ErrorCode::ProviderUnavailable, message);
                Self { hint, ..body }
            }
            MarketError::NotConfigured => {
                let hint =
                    "start the server with --prices PATH, or with FIML_PRICES set to the path";
                let body = Self::new(ErrorCode::ProviderUnavailable, message);
                Self {
                    hint: hint.to_owned(),
                    ..body
                }
            }
            _ => Self::new(ErrorCode::Internal, message),
        }
    }
}

fn symbol_limit() -> String {
    format!(
        "1 to {} of A-Z 0-9 . ^ = -, with a letter or digit",
        Symbol::MAX_LENGTH
    )
}

/// An error and everything beneath it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(beneath) = source {
        line = format!("{line}: {beneath}");
        source = beneath.source();
    }
    line
}

/// The wire's name of an argument of ours: `ttl_hours` is `ttlHours`, `tags[3]` stays.
///
/// Only the name itself is turned; the way into the argument, which may hold the caller's own keys, is
/// left as it is.
fn wire_name(argument: &str) -> String {
    let end = argument.find(['[', '.']).unwrap_or(argument.len());
    let (name, way) = argument.split_at(end);
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    let camel = words.fold(first, |mut camel, word| {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
        camel
    });
    camel + way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_go_by_the_names_of_the_wire() {
        for (ours, wire) in [
            ("user_id", "userId"),
            ("ttl_hours", "ttlHours"),
            ("idempotency_key", "idempotencyKey"),
            ("assets[3]", "assets[3]"),
            ("parameters.my_key[0]", "parameters.my_key[0]"),
            ("hours", "hours"),
        ] {
            assert_eq!(wire_name(ours), wire);
        }
    }
}
