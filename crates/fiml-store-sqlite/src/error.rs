//! What the driver's errors mean; nothing else looks at its messages.

use std::{any::Any, path::PathBuf};

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DriverError};
use fiml_session_core::{
    Refusal, SessionId,
    store::{BoxError, StoreError},
};
use thiserror::Error;

/// How errors name this store.
const STORE: &str = "the data file";

/// Why a file was not opened, checked or dropped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The folder of the file does not exist.
    #[error("{} cannot be made: its folder does not exist", path.display())]
    MissingFolder {
        /// The file.
        path: PathBuf,
    },
    /// It is a folder, or a path that SQLite cannot take.
    #[error("{} is not the path of a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What the driver said.
        source: BoxError,
    },
    /// The file is a database of another program.
    #[error("{} is a database, but not one of FIML sessions", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "{} has schema version {found}, and this program knows only {known}: use a newer one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest one known.
        known: i64,
    },
    /// The file or its folder cannot be written to.
    #[error("{} is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What the driver or the operating system said, where it was asked.
        source: Option<BoxError>,
    },
    /// The file is damaged.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the driver said.
        source: BoxError,
    },
    /// Another process holds on to the file.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// What the driver said.
        source: BoxError,
    },
    /// There is no room for the file.
    #[error("there is no room left for {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the driver said.
        source: BoxError,
    },
    /// Anything else.
    #[error("{} cannot be opened", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: BoxError,
    },
}

/// What the driver complains about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    Busy,
    Full,
    Damaged,
    NotADatabase,
    ReadOnly,
    Other,
}

impl Complaint {
    /// SQLite's own texts (`sqlite3ErrStr`); diesel keeps its codes to itself.
    fn of_message(message: &str) -> Self {
        match message {
            "database is locked" | "database table is locked" | "locking protocol" => Self::Busy,
            "database or disk is full" => Self::Full,
            "database disk image is malformed" => Self::Damaged,
            "file is not a database" => Self::NotADatabase,
            "attempt to write a readonly database" => Self::ReadOnly,
            _ => Self::Other,
        }
    }

    pub(crate) fn of(error: &DriverError) -> Self {
        match error {
            DriverError::DatabaseError(_, information) => Self::of_message(information.message()),
            DriverError::DeserializationError(_) => Self::Damaged,
            DriverError::RollbackErrorOnCommit { commit_error, .. } => Self::of(commit_error),
            _ => Self::Other,
        }
    }

    fn of_connecting(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::BadConnection(message) => Self::of_message(message),
            ConnectionError::CouldntSetupConfiguration(error) => Self::of(error),
            _ => Self::Other,
        }
    }

    /// Looks for a driver's error among the sources.
    fn of_any(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<DriverError>() {
                return Self::of(error);
            }
            if let Some(error) = error.downcast_ref::<ConnectionError>() {
                return Self::of_connecting(error);
            }
            cause = error.source();
        }
        Self::Other
    }
}

impl ConnectError {
    /// What an error means that came while the file was opened.
    pub(crate) fn at(path: PathBuf, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        match Complaint::of_any(source.as_ref()) {
            Complaint::Busy => Self::InUse { path, source },
            Complaint::Full => Self::Full { path, source },
            Complaint::Damaged => Self::Damaged { path, source },
            Complaint::NotADatabase => Self::NotADatabase { path, source },
            Complaint::ReadOnly => {
                let source = Some(source);
                Self::ReadOnly { path, source }
            }
            Complaint::Other => Self::Failed { path, source },
        }
    }
}

/// Why a piece of work in a transaction came to nothing.
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

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Store(refusal.into())
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Driver(error) => driver(Complaint::of(&error), error),
        }
    }
}

/// The store's error for a driver's complaint where nothing was done.
pub(crate) fn driver(complaint: Complaint, source: impl Into<BoxError>) -> StoreError {
    let (store, source) = (STORE, source.into());
    match complaint {
        Complaint::Busy => StoreError::Unavailable { store, source },
        Complaint::Full => StoreError::Full { store, source },
        Complaint::Damaged | Complaint::NotADatabase => StoreError::Corrupt {
            store,
            id: None,
            source,
        },
        Complaint::ReadOnly | Complaint::Other => StoreError::Backend { store, source },
    }
}

/// What is stored of a session cannot be read.
pub(crate) fn corrupt(id: Option<SessionId>, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt {
        store: STORE,
        id,
        source: source.into(),
    }
}

/// The store does not answer, and has done nothing.
pub(crate) fn unavailable(source: impl Into<BoxError>) -> StoreError {
    driver(Complaint::Busy, source)
}

/// It is not known whether a change was made.
pub(crate) fn outcome_unknown(source: impl Into<BoxError>) -> StoreError {
    StoreError::OutcomeUnknown {
        store: STORE,
        source: source.into(),
    }
}

/// A number does not fit, or a piece of work panicked: a fault of ours or of the caller.
pub(crate) fn failed(source: impl Into<BoxError>) -> StoreError {
    driver(Complaint::Other, source)
}

/// What a panic said.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given");
    failed(format!("the work panicked: {text}"))
}

/// Names the session in an error that blames what is stored without saying whose it is.
pub(crate) fn blame(id: SessionId, failure: Failure) -> Failure {
    match StoreError::from(failure) {
        StoreError::Corrupt {
            store,
            id: None,
            source,
        } => Failure::Store(StoreError::Corrupt {
            store,
            id: Some(id),
            source,
        }),
        error => Failure::Store(error),
    }
}

/// Whether an insert met a row that is there already.
pub(crate) const fn is_duplicate(error: &DriverError) -> bool {
    matches!(
        error,
        DriverError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(message: &str) -> StoreError {
        let information = Box::new(message.to_owned());
        let error = DriverError::DatabaseError(DatabaseErrorKind::Unknown, information);
        Failure::from(error).into()
    }

    #[test]
    fn what_the_driver_says_decides_what_the_caller_can_do() {
        let is = |message, wanted: fn(&StoreError) -> bool| {
            assert!(wanted(&complaint(message)), "{message}");
        };
        is("database is locked", StoreError::is_transient);
        is("database or disk is full", |error| {
            matches!(error, StoreError::Full { .. })
        });
        is("database disk image is malformed", |error| {
            matches!(error, StoreError::Corrupt { .. })
        });
        is("disk I/O error", |error| {
            matches!(error, StoreError::Backend { .. })
        });
    }

    #[test]
    fn a_wrapped_complaint_is_found_among_the_sources() {
        let busy = ConnectionError::BadConnection("database is locked".to_owned());
        let error = ConnectError::at("x.db".into(), busy);
        assert!(matches!(error, ConnectError::InUse { .. }), "{error:?}");
        assert_eq!(error.to_string(), "x.db is in use by another process");
    }
}
