//! What the driver's errors mean; nothing else looks at its codes and messages.

use std::path::PathBuf;

use diesel::result::{DatabaseErrorKind, Error as DriverError};
use fiml_session_core::{
    Invalid, SessionId,
    store::{BoxError, StoreError},
};
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// How errors name this store.
pub(crate) const STORE: &str = "PostgreSQL";

/// Why a database was not opened, made, checked or cleared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The configuration is not in order.
    #[error("the configuration of {STORE} is not in order")]
    Invalid(#[from] Invalid),
    /// The file of `sslrootcert` cannot be used.
    #[error("the certificate authorities in {} cannot be used", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: BoxError,
    },
    /// The operating system trusts nobody.
    #[error("this system has no certificate authorities: name a PEM file with sslrootcert")]
    NoAuthorities,
    /// Encryption cannot be set up.
    #[error("encryption cannot be set up")]
    Encryption {
        /// What went wrong.
        source: BoxError,
    },
    /// The server does not answer, or not in time, or takes no connections, or cannot prove who it is; or
    /// somebody else holds the tables for too long.
    #[error("{STORE} at {place} cannot be reached")]
    Unreachable {
        /// Host, port and database.
        place: String,
        /// What the driver said.
        source: BoxError,
    },
    /// The server does not let this user in.
    #[error("{STORE} at {place} refuses the user or the password")]
    Refused {
        /// Host, port and database.
        place: String,
        /// What the server said.
        source: BoxError,
    },
    /// The server has no such database.
    #[error("{STORE} at {place} has no such database: make it with `fiml db create`")]
    NoDatabase {
        /// Host, port and database.
        place: String,
        /// What the server said.
        source: BoxError,
    },
    /// The database keeps text in another encoding than UTF-8.
    #[error("the database {place} keeps text as {found}: make one with the encoding UTF8")]
    Encoding {
        /// Host, port and database.
        place: String,
        /// Its encoding.
        found: String,
    },
    /// The schema holds tables of another program under our names.
    #[error(
        "{place} holds a table named {table} of another program: name a schema of its own for this one \
         with DATABASE_SCHEMA"
    )]
    NotOurs {
        /// Host, port and database.
        place: String,
        /// The table.
        table: String,
    },
    /// The tables were made by a newer version of this program.
    #[error(
        "{place} has schema version {found}, and this program knows only {known}: use a newer one, or, \
         where another program keeps its tables there too, name a schema of its own for this one with \
         DATABASE_SCHEMA"
    )]
    Newer {
        /// Host, port and database.
        place: String,
        /// Its schema version.
        found: i64,
        /// The newest one known.
        known: i64,
    },
    /// A schema version was asked for that there is not.
    #[error("there is no schema version {wanted}: 0 to {known} are known")]
    NoVersion {
        /// The version asked for.
        wanted: i64,
        /// The newest one known.
        known: i64,
    },
    /// Anything else.
    #[error("the database {place} cannot be used")]
    Failed {
        /// Host, port and database.
        place: String,
        /// What went wrong.
        source: BoxError,
    },
}

impl ConnectError {
    /// What an error means that came while a connection was made.
    pub(crate) fn connecting(place: &str, error: tokio_postgres::Error) -> Self {
        let (place, code) = (place.to_owned(), error.code().cloned());
        let source = error.into();
        // The connection, what the server has left, and its comings and goings.
        let passes = |code: &SqlState| {
            let classes = ["08", "53", "57P"];
            classes.iter().any(|class| code.code().starts_with(class))
        };
        match code {
            None => Self::Unreachable { place, source },
            Some(code) if passes(&code) => Self::Unreachable { place, source },
            Some(SqlState::INVALID_CATALOG_NAME) => Self::NoDatabase { place, source },
            Some(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                Self::Refused { place, source }
            }
            Some(_) => Self::Failed { place, source },
        }
    }

    /// What an error means that came while the server was asked something.
    pub(crate) fn asking(place: &str, error: impl Into<Failure>) -> Self {
        match error.into() {
            Failure::Driver(error) if Complaint::of(&error).is_silence() => {
                Self::unreachable(place, error)
            }
            Failure::Driver(error) => Self::at(place, error),
            Failure::Store(error) => Self::at(place, error),
        }
    }

    /// What an error means that came while the tables were brought to another version.
    pub(crate) fn moving(place: &str, error: BoxError, is_lost: bool) -> Self {
        // Diesel keeps the driver's error to itself, and quotes it.
        let said = error.to_string();
        let quoted = said
            .rsplit_once(" with: ")
            .map_or(&*said, |(_, quoted)| quoted);
        if is_lost || Complaint::of_message(quoted).is_silence() {
            return Self::unreachable(place, error);
        }
        Self::at(place, error)
    }

    /// No answer, or none in time.
    pub(crate) fn unreachable(place: &str, source: impl Into<BoxError>) -> Self {
        Self::Unreachable {
            place: place.to_owned(),
            source: source.into(),
        }
    }

    /// An error of ours, or one that nothing is known about.
    pub(crate) fn at(place: &str, source: impl Into<BoxError>) -> Self {
        Self::Failed {
            place: place.to_owned(),
            source: source.into(),
        }
    }
}

/// What the server complains about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// Two transactions stood in each other's way, and this one was undone.
    Conflict,
    /// The statement took too long and was undone.
    TooSlow,
    /// No connection any more.
    Lost,
    /// It is a replica, or an administrator made it read-only.
    ReadOnly,
    /// No disk or memory left.
    Full,
    /// What it sent is not what was asked for.
    Unreadable,
    Other,
}

impl Complaint {
    pub(crate) fn of(error: &DriverError) -> Self {
        match error {
            DriverError::DatabaseError(kind, information) => match kind {
                DatabaseErrorKind::SerializationFailure => Self::Conflict,
                DatabaseErrorKind::ReadOnlyTransaction => Self::ReadOnly,
                // The driver's own errors, of which only these leave the connection as it was.
                DatabaseErrorKind::UnableToSendCommand => match information.message() {
                    said if said.starts_with("error encoding") => Self::Other,
                    said if said.starts_with("error serializing") => Self::Other,
                    _ => Self::Lost,
                },
                DatabaseErrorKind::ClosedConnection => Self::Lost,
                _ => Self::of_message(information.message()),
            },
            DriverError::DeserializationError(_) => Self::Unreadable,
            _ => Self::Other,
        }
    }

    /// Whether the server does not answer, or not in time.
    pub(crate) const fn is_silence(self) -> bool {
        matches!(self, Self::Lost | Self::TooSlow)
    }

    /// The server's own texts, which every connection asks for in English; diesel keeps the codes to itself.
    fn of_message(message: &str) -> Self {
        const KNOWN: &[(&str, Complaint)] = &[
            ("deadlock detected", Complaint::Conflict),
            (
                "canceling statement due to statement timeout",
                Complaint::TooSlow,
            ),
            (
                "canceling statement due to lock timeout",
                Complaint::TooSlow,
            ),
            ("terminating connection", Complaint::Lost),
            ("the database system is", Complaint::Lost),
            ("out of memory", Complaint::Full),
            ("out of shared memory", Complaint::Full),
        ];
        let known = KNOWN.iter().find(|(text, _)| message.starts_with(text));
        let full = || {
            message
                .ends_with("No space left on device")
                .then_some(Self::Full)
        };
        known
            .map(|(_, complaint)| *complaint)
            .or_else(full)
            .unwrap_or(Self::Other)
    }
}

/// Why a piece of work came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    Store(StoreError),
    Driver(DriverError),
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The store's error for a complaint about work that was undone.
pub(crate) fn undone(complaint: Complaint, source: impl Into<BoxError>) -> StoreError {
    let (store, source) = (STORE, source.into());
    match complaint {
        Complaint::Conflict | Complaint::TooSlow | Complaint::Lost | Complaint::ReadOnly => {
            StoreError::Unavailable { store, source }
        }
        Complaint::Full => StoreError::Full { store, source },
        Complaint::Unreadable => corrupt(None, source),
        Complaint::Other => StoreError::Backend { store, source },
    }
}

/// No connection was to be had, so nothing was done.
pub(crate) fn no_connection(error: ConnectError) -> StoreError {
    match error {
        ConnectError::Unreachable { .. } => undone(Complaint::Lost, error),
        error => failed(error),
    }
}

/// It is not known whether a change was made.
pub(crate) fn outcome_unknown(source: impl Into<BoxError>) -> StoreError {
    StoreError::OutcomeUnknown {
        store: STORE,
        source: source.into(),
    }
}

/// What is stored of a session, or is to be stored, cannot be taken for one.
pub(crate) fn corrupt(id: Option<SessionId>, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt {
        store: STORE,
        id,
        source: source.into(),
    }
}

/// A fault of ours.
pub(crate) fn failed(source: impl Into<BoxError>) -> StoreError {
    undone(Complaint::Other, source)
}

/// Names the session in an error that blames what is stored without saying whose it is.
pub(crate) fn blame(id: SessionId, error: StoreError) -> StoreError {
    match error {
        StoreError::Corrupt {
            id: None, source, ..
        } => corrupt(Some(id), source),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_decides_what_the_caller_can_do() {
        let is = |message: &str, wanted: fn(&StoreError) -> bool| {
            let information = Box::new(message.to_owned());
            let error = DriverError::DatabaseError(DatabaseErrorKind::Unknown, information);
            assert!(wanted(&undone(Complaint::of(&error), error)), "{message}");
        };
        is("deadlock detected", StoreError::is_transient);
        is(
            "terminating connection due to administrator command",
            StoreError::is_transient,
        );
        is(
            "could not extend file \"base/1/2\": No space left on device",
            |error| matches!(error, StoreError::Full { .. }),
        );
        is("relation \"sessions\" does not exist", |error| {
            matches!(error, StoreError::Backend { .. })
        });
    }
}
