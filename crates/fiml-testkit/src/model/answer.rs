//! Answers in a form in which two stores can be compared.

use std::fmt::Debug;

use fiml_session_core::{
    SessionError,
    store::{StoreError, Unsettled, UnsettledState},
};

/// What the service answered; of an error, what a caller is told.
pub(super) fn told<T: Debug>(answer: Result<T, SessionError>) -> String {
    match answer {
        Ok(value) => format!("{value:#?}"),
        Err(SessionError::Refused { refusal, .. }) => format!("refused: {refusal:?}"),
        Err(SessionError::Active(error) | SessionError::Archive(error)) => stored::<()>(Err(error)),
        Err(error) => format!(
            "{}: {:?} {:?}",
            error.code(),
            error.argument(),
            error.limit()
        ),
    }
}

/// What a port answered; of an error, its kind.
pub(super) fn stored<T: Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(value) => format!("{value:#?}"),
        Err(StoreError::Refused(refusal)) => format!("refused: {refusal:?}"),
        Err(StoreError::AlreadyExists { id }) => format!("{id} already exists"),
        Err(error) => format!("failed: {error:#?}"),
    }
}

/// A row, without the version of a tombstone: each store has its own for what lies beyond all versions.
pub(super) const fn row(row: Unsettled) -> Unsettled {
    match row.state {
        UnsettledState::Buried => Unsettled { version: 0, ..row },
        UnsettledState::Pending | UnsettledState::Restoring => row,
    }
}

/// Where two answers begin to differ.
pub(super) fn compare(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let same = expected
        .iter()
        .zip(&found)
        .take_while(|(one, other)| one == other)
        .count();
    let from = same.saturating_sub(3);
    let part = |lines: &[&str]| {
        let until = lines.len().min(same + 8);
        lines[from.min(until)..until].join("\n")
    };
    Err(format!(
        "{what}\n  differs from line {}.\nMemoryStore:\n{}\nthe store under test:\n{}",
        same + 1,
        part(&expected),
        part(&found)
    ))
}
