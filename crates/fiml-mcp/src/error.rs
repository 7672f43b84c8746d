//! What can go wrong, and the one place where it is put into the words of the wire.

use fiml_analytics::AnalyticsError;
use fiml_market::{Attempt, FailureKind, MarketError, Symbol};
use fiml_session_core::{ErrorCode, IdempotencyKey, Invalid, Refusal, SessionError, error_chain};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

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
    /// It may have been done; what to do next depends on whether the call had a key.
    #[error("{source}")]
    Unconfirmed { source: SessionError, keyed: bool },
    #[error(transparent)]
    Analytics(#[from] AnalyticsError),
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A text is no symbol; the argument is the wire's name of it.
    #[error(transparent)]
    Symbol(InvalidArgumentSymbol),
    /// A search without a price, with what its answer would say beside it.
    #[error("{failure}")]
    Search {
        failure: Box<Self>,
        session: Option<Value>,
        more: Vec<Value>,
    },
    #[error("the tool {tool} broke down")]
    Broken { tool: &'static str },
}

impl Failure {
    /// The failure of a call that had an idempotency key, or had none.
    pub(crate) fn under_key(self, keyed: bool) -> Self {
        match self {
            Self::Session(error) if error.code() == ErrorCode::OutcomeUnknown => {
                Self::Unconfirmed {
                    source: error,
                    keyed,
                }
            }
            failure => failure,
        }
    }

    /// The same, with whether the failed question stands in its session's record.
    pub(crate) fn with_session(self, session: Value) -> Self {
        Self::Search {
            failure: Box::new(self),
            session: Some(session),
            more: Vec::new(),
        }
    }

    /// The same, with what the other symbols of the call brought.
    pub(crate) fn with_more(self, more: Vec<Value>) -> Self {
        let (failure, session) = match self {
            Self::Search {
                failure, session, ..
            } => (failure, session),
            failure => (Box::new(failure), None),
        };
        Self::Search {
            failure,
            session,
            more,
        }
    }
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
    /// What each source of prices said, where none could answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<Attempt>,
    /// Whether a search's question stands in its session's record all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Value>,
    /// What the other symbols of a search brought.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<Value>,
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
            attempts: Vec::new(),
            session: None,
            more: Vec::new(),
        }
    }

    fn at(self, argument: Option<&str>, limit: Option<String>) -> Self {
        Self {
            argument: argument.map(wire_name),
            limit,
            ..self
        }
    }

    fn hinted(self, hint: impl Into<String>) -> Self {
        Self {
            hint: hint.into(),
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

    /// All of it in one line, for a result that is not an error itself.
    pub(crate) fn reason(&self) -> String {
        let Self {
            code,
            message,
            hint,
            ..
        } = self;
        let mut reason = format!("{code}: {message}");
        for (name, text) in [("argument", &self.argument), ("limit", &self.limit)] {
            if let Some(text) = text {
                reason = format!("{reason}; {name}: {text}");
            }
        }
        format!("{reason}; hint: {hint}")
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
            Failure::Unconfirmed { source, keyed } => {
                let hint = if *keyed {
                    "call again with the same idempotencyKey and the same arguments: it is done once"
                } else {
                    "it may have been done: look with get-session-info or list-sessions before calling \
                     again; with an idempotencyKey a call can be repeated safely"
                };
                Self::from(source).hinted(hint)
            }
            Failure::Analytics(error) => {
                Self::new(error.code(), error.chain()).at(error.argument(), error.limit())
            }
            Failure::Symbol(invalid) => Self::new(ErrorCode::InvalidArgument, invalid.to_string())
                .at(Some(invalid.argument), Some(symbol_limit())),
            Failure::Market(error) => Self::from(error),
            Failure::Search {
                failure,
                session,
                more,
            } => Self {
                session: session.clone(),
                more: more.clone(),
                ..Self::from(&**failure)
            },
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
                Self::new(error.code(), message).at(Some(argument), rule(error))
            }
            _ => {
                let argument = error.argument().map(|argument| match argument {
                    // The core's name for a whole session, which a call names by its id.
                    "session" => "session_id",
                    argument => argument,
                });
                Self::new(error.code(), error.chain()).at(argument, rule(error))
            }
        }
    }
}

/// The limit that was broken, or the rule where it is no figure.
fn rule(error: &SessionError) -> Option<String> {
    let conflict = || {
        let hours = IdempotencyKey::LIFETIME.as_secs() / 3_600;
        format!("one call a key: within {hours} hours the same tool with the same arguments")
    };
    match error {
        SessionError::NotFound { .. } => Some(
            "a session_id of create-analysis-session or list-sessions that has not been deleted"
                .to_owned(),
        ),
        SessionError::Archived { .. } => {
            Some("archived sessions are read-only until extended".to_owned())
        }
        SessionError::CreateConflict { .. } => Some(conflict()),
        SessionError::Forbidden { .. } => Some("the caller's own, or none".to_owned()),
        SessionError::Refused { refusal, .. } => match refusal {
            Refusal::Expired { expires_at } => Some(format!(
                "it expired at {expires_at}; only extend-session is taken"
            )),
            Refusal::IdempotencyConflict { .. } => Some(conflict()),
            Refusal::VersionConflict { found, .. } => {
                Some(format!("the version that the session has now, {found}"))
            }
            Refusal::EntryConflict { map, key, .. } => {
                Some(format!("the version that {map}.{key} has now"))
            }
            Refusal::QueryLimit { .. } | Refusal::TooLarge(_) => error.limit(),
        },
        _ => error.limit(),
    }
}

impl From<&MarketError> for ErrorBody {
    fn from(error: &MarketError) -> Self {
        let message = error_chain(error);
        match error {
            MarketError::InvalidSymbol(_) => Self::new(ErrorCode::InvalidArgument, message)
                .at(Some("symbol"), Some(symbol_limit())),
            MarketError::SymbolNotFound { near, .. } => {
                let body = Self::new(ErrorCode::SymbolNotFound, message).at(Some("symbol"), None);
                if near.is_empty() {
                    return body.hinted(
                        "check the symbol: search-by-symbol knows shares, funds, indices and yields, \
                         search-by-coin knows coins",
                    );
                }
                body.hinted(format!("ask for one of {}", near.join(", ")))
            }
            MarketError::ProviderUnavailable { .. } | MarketError::Unavailable { .. } => {
                let attempts = error.attempts().to_vec();
                // What is wrong with a price file does not pass.
                let at_home = attempts
                    .iter()
                    .all(|attempt| attempt.outcome == FailureKind::Other.as_str());
                let hint = if at_home && !attempts.is_empty() {
                    "mend what the message names, or name another source of prices"
                } else {
                    "call again later, or name another source of prices"
                };
                Self {
                    attempts,
                    ..Self::new(ErrorCode::ProviderUnavailable, message).hinted(hint)
                }
            }
            MarketError::NotConfigured { .. } => {
                Self::new(ErrorCode::ProviderUnavailable, message).hinted(
                    "calling again does not help: start the server with --prices PATH or FIML_PRICES, or with \
                     providers named by FIML_PROVIDERS; fiml providers lists them",
                )
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
    use fiml_session_core::StateMap;

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

    #[test]
    fn a_conflict_of_versions_names_its_argument_and_what_would_fit() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let refusals = [
            (
                Refusal::VersionConflict {
                    expected: 3,
                    found: 4,
                },
                "expectedVersion",
                "4",
            ),
            (
                Refusal::EntryConflict {
                    map: StateMap::Context,
                    key: "my_notes".to_owned(),
                    expected: None,
                    found: Some(2),
                },
                "expectedEntries",
                "context.my_notes",
            ),
        ];
        for (refusal, argument, limit) in refusals {
            let body = ErrorBody::from(&SessionError::Refused { id, refusal });
            assert_eq!(body.code, ErrorCode::VersionConflict);
            assert_eq!(body.argument.as_deref(), Some(argument));
            assert!(body.limit.unwrap().contains(limit));
        }
    }
}
