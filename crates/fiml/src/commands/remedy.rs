//! What to do where a server does not let itself be used.

use fiml_store_pg::ConnectError as PgConnectError;
use fiml_store_redis::ConnectError as RedisConnectError;

pub(super) const fn of_redis(error: &RedisConnectError) -> &'static str {
    match error {
        RedisConnectError::Unreachable { .. } => {
            "start the server, or mend its address in REDIS_URL"
        }
        RedisConnectError::Forbidden { .. } => {
            "mend the user and the password in REDIS_URL, or the rights of that user"
        }
        RedisConnectError::ReadOnly { .. } => "name its primary in REDIS_URL",
        RedisConnectError::NotACluster { .. } => "name one address alone in REDIS_URL",
        RedisConnectError::NotOurs { .. }
        | RedisConnectError::OtherBuckets { .. }
        | RedisConnectError::OtherLayout { .. } => "name another prefix with REDIS_KEY_PREFIX",
        _ => OTHER,
    }
}

pub(super) const fn of_postgres(error: &PgConnectError) -> &'static str {
    match error {
        PgConnectError::Unreachable { .. } => {
            "start the server, or mend its address in DATABASE_URL"
        }
        PgConnectError::Refused { .. } => "mend the user and the password in DATABASE_URL",
        PgConnectError::NoDatabase { .. } => "fiml db create",
        PgConnectError::Encoding { .. } => {
            "make a database with the encoding UTF8, and name it in DATABASE_URL"
        }
        PgConnectError::NotOurs { .. } | PgConnectError::Newer { .. } => {
            "name a schema of its own with DATABASE_SCHEMA"
        }
        PgConnectError::Authorities { .. } | PgConnectError::NoAuthorities => {
            "name a PEM file of authorities with sslrootcert in DATABASE_URL"
        }
        _ => OTHER,
    }
}

/// Where a store that was opened does not tell its condition.
pub(super) const fn of_store(is_away: bool) -> &'static str {
    if is_away {
        "wait until it answers, or start it"
    } else {
        OTHER
    }
}

const OTHER: &str = "look into the log of the server for what it says, then ask fiml doctor again";
