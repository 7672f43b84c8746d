//! What scripts learn from the exit code, and programs from an error as JSON.

use std::{io, process::ExitCode};

use fiml_analytics::AnalyticsError;
use fiml_market::{MarketError, PriceFileError};
use fiml_session_core::{ErrorCode, Invalid, SessionError, store::StoreError};
use fiml_store_pg::ConnectError as PgConnectError;
use fiml_store_redis::ConnectError as RedisConnectError;
use fiml_store_sqlite::ConnectError;

use crate::{
    config::Config,
    failures::{Away, Missing, NotDurable, Refused, Silent, ToolFailed, Unpriced},
};

/// What is known of an error beside its message.
#[derive(Debug, Default)]
pub(crate) struct Details {
    /// What scripts are told.
    exit: Option<u8>,
    /// Its code, where it comes from a use case.
    pub(crate) code: Option<ErrorCode>,
    /// The offending argument or setting, by the name the caller gave it under.
    pub(crate) argument: Option<String>,
    /// The limit that it broke, in words.
    pub(crate) limit: Option<String>,
}

impl Details {
    /// Those of the first error in the chain that has any.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        error
            .chain()
            .find_map(Self::of_one)
            .unwrap_or_else(Self::default)
    }

    fn of_one(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            let beneath = refused.beneath();
            let known = beneath.chain().find_map(Self::of_one);
            return Some(known.unwrap_or_else(|| ErrorCode::InvalidArgument.into()));
        }
        if error.is::<Missing>() {
            return Some(Self::missing());
        }
        if error.is::<Away>() {
            return Some(Self {
                exit: Some(5),
                ..Self::default()
            });
        }
        if error.is::<Silent>() {
            return Some(ErrorCode::ProviderUnavailable.into());
        }
        if error.is::<NotDurable>() {
            return Some(Self {
                exit: Some(6),
                ..Self::default()
            });
        }
        if let Some(Unpriced { first, .. }) = error.downcast_ref() {
            return Some(of_market(first));
        }
        if let Some(error) = error.downcast_ref::<Invalid>() {
            return Some(Self::from(error.code()).at(Some(&error.argument), Some(&error.limit)));
        }
        if let Some(error) = error.downcast_ref::<SessionError>() {
            let limit = error.limit();
            return Some(Self::from(error.code()).at(error.argument(), limit.as_deref()));
        }
        if let Some(error) = error.downcast_ref::<AnalyticsError>() {
            let limit = error.limit();
            return Some(Self::from(error.code()).at(error.argument(), limit.as_deref()));
        }
        if let Some(error) = error.downcast_ref::<ToolFailed>() {
            return error.code.map(Self::from);
        }
        let store = error.downcast_ref().map(StoreError::code).map(Self::from);
        let file = || error.downcast_ref().map(of_connecting);
        let redis = || error.downcast_ref().map(of_redis);
        let postgres = || error.downcast_ref().map(of_postgres);
        let prices = || error.downcast_ref().map(of_prices);
        let market = || error.downcast_ref().map(of_market);
        let place = store.or_else(file).or_else(redis).or_else(postgres);
        place.or_else(prices).or_else(market)
    }

    fn missing() -> Self {
        Self {
            exit: Some(3),
            ..Self::default()
        }
    }

    fn at(self, argument: Option<&str>, limit: Option<&str>) -> Self {
        Self {
            argument: argument.map(flag),
            limit: limit.map(ToOwned::to_owned),
            ..self
        }
    }

    /// The exit code, as `fiml --help` lists them.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit.unwrap_or(1))
    }
}

impl From<ErrorCode> for Details {
    fn from(code: ErrorCode) -> Self {
        Self {
            exit: Some(exit(code)),
            code: Some(code),
            ..Self::default()
        }
    }
}

/// The flag that an argument of ours is given under.
fn flag(argument: &str) -> String {
    let end = argument.find('[').unwrap_or(argument.len());
    let flag = match &argument[..end] {
        "user_id" => "--user",
        "asset" | "assets" => "--asset",
        "tag" | "tags" => "--tag",
        "hours" | "ttl_hours" => "--hours",
        "cursor" => "--cursor",
        "limit" => "--limit",
        "days" => "--days",
        "schema" => "DATABASE_SCHEMA",
        _ => argument,
    };
    flag.to_owned()
}

fn of_connecting(error: &ConnectError) -> Details {
    match error {
        ConnectError::InUse { .. } => ErrorCode::StoreUnavailable.into(),
        ConnectError::Full { .. } => ErrorCode::StorageFull.into(),
        ConnectError::NotAFile { .. } => {
            let names = Some("--data or FIML_DATA");
            Details::from(ErrorCode::InvalidArgument).at(names, Some("the path of a file"))
        }
        ConnectError::MissingFolder { .. } => {
            Details::missing().at(Some("--data or FIML_DATA"), None)
        }
        _ => Details::default(),
    }
}

fn of_redis(error: &RedisConnectError) -> Details {
    match error {
        RedisConnectError::InvalidUrl { .. } | RedisConnectError::NotACluster { .. } => {
            Details::from(ErrorCode::InvalidArgument).at(Some("REDIS_URL"), None)
        }
        RedisConnectError::InvalidPrefix { .. }
        | RedisConnectError::NotOurs { .. }
        | RedisConnectError::OtherBuckets { .. }
        | RedisConnectError::OtherLayout { .. } => {
            Details::from(ErrorCode::InvalidArgument).at(Some("REDIS_KEY_PREFIX"), None)
        }
        RedisConnectError::Unreachable { .. } => ErrorCode::StoreUnavailable.into(),
        _ => Details::default(),
    }
}

fn of_postgres(error: &PgConnectError) -> Details {
    match error {
        PgConnectError::Invalid(invalid) => {
            let (argument, limit) = (Some(&*invalid.argument), Some(&*invalid.limit));
            Details::from(ErrorCode::InvalidArgument).at(argument, limit)
        }
        PgConnectError::Unreachable { .. } => ErrorCode::ArchiveUnavailable.into(),
        PgConnectError::NoDatabase { .. } => Details::missing(),
        _ => Details::default(),
    }
}

fn of_prices(error: &PriceFileError) -> Details {
    let known = match error {
        PriceFileError::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            Details::missing()
        }
        PriceFileError::NoFiles { .. } => Details::missing(),
        PriceFileError::Unreadable { .. } => Details::default(),
        _ => ErrorCode::InvalidArgument.into(),
    };
    known.at(Some("--prices"), None)
}

fn of_market(error: &MarketError) -> Details {
    let code = match error {
        MarketError::InvalidSymbol(_) => ErrorCode::InvalidArgument,
        MarketError::SymbolNotFound { .. } => ErrorCode::SymbolNotFound,
        _ => ErrorCode::ProviderUnavailable,
    };
    let symbol = code != ErrorCode::ProviderUnavailable;
    Details::from(code).at(symbol.then_some("symbol"), None)
}

const fn exit(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::Internal
        | ErrorCode::Unauthorized
        | ErrorCode::RateLimited
        | ErrorCode::AnalyticsDisabled => 1,
        ErrorCode::InvalidArgument | ErrorCode::ValueTooLarge => 2,
        ErrorCode::SessionNotFound | ErrorCode::SymbolNotFound => 3,
        ErrorCode::SessionExpired
        | ErrorCode::SessionArchived
        | ErrorCode::QueryLimitReached
        | ErrorCode::IdempotencyConflict
        | ErrorCode::VersionConflict
        | ErrorCode::QuotaExceeded
        | ErrorCode::Forbidden => 4,
        ErrorCode::ProviderUnavailable
        | ErrorCode::StoreUnavailable
        | ErrorCode::ArchiveUnavailable
        | ErrorCode::OutcomeUnknown
        | ErrorCode::StorageFull => 5,
    }
}

/// Says where it went wrong, where a store failed that does not name its place.
pub(crate) fn in_place(error: anyhow::Error, config: &Config) -> anyhow::Error {
    let by_store = |error: &(dyn std::error::Error + 'static)| {
        error.is::<StoreError>() || error.is::<ToolFailed>()
    };
    if error.chain().any(by_store) {
        error.context(format!("in {}", config.place()))
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn told(error: impl Into<anyhow::Error>) -> (Option<u8>, Option<ErrorCode>) {
        let error = error.into().context("some more words");
        let details = Details::of(&error);
        (details.exit, details.code)
    }

    #[test]
    fn a_file_in_use_or_full_may_be_tried_again() {
        let (path, source) = ("sessions.db".into(), "busy".into());
        assert_eq!(
            told(ConnectError::InUse { path, source }),
            (Some(5), Some(ErrorCode::StoreUnavailable))
        );
        let (path, source) = ("sessions.db".into(), "full".into());
        assert_eq!(
            told(ConnectError::Full { path, source }),
            (Some(5), Some(ErrorCode::StorageFull))
        );
        let path = "sessions.db".into();
        assert_eq!(told(ConnectError::NotOurs { path }), (None, None));
    }

    #[test]
    fn a_bare_error_of_the_store_is_told_by_its_kind() {
        let store = "the data file";
        let source = || "the driver".into();
        for (error, code) in [
            (
                StoreError::Unavailable {
                    store,
                    source: source(),
                },
                ErrorCode::StoreUnavailable,
            ),
            (
                StoreError::Full {
                    store,
                    source: source(),
                },
                ErrorCode::StorageFull,
            ),
            (
                StoreError::Backend {
                    store,
                    source: source(),
                },
                ErrorCode::Internal,
            ),
        ] {
            assert_eq!(told(error), (Some(exit(code)), Some(code)));
        }
    }

    #[test]
    fn a_refused_setting_keeps_its_name_and_limit() {
        let invalid = Invalid::malformed("SESSION_X", "is 0", "at least 1");
        let details = Details::of(&Refused::error(invalid.into()));
        assert_eq!(
            (
                details.exit,
                details.argument.as_deref(),
                details.limit.as_deref()
            ),
            (Some(2), Some("SESSION_X"), Some("at least 1"))
        );
        assert_eq!(
            told(Refused::error(anyhow!("no name"))),
            (Some(2), Some(ErrorCode::InvalidArgument))
        );
    }
}
