//! What writers sent and were told, session by session.

use std::collections::HashMap;

use fiml_session_core::{
    Applied, ErrorCode, IdempotencyKey, QueryRecord, Session, SessionError, SessionId, SessionStore,
};
use fiml_testkit::checker::{History, Outcome, Violation};

use crate::ALL;

/// The histories of the sessions that one writer, or many, wrote to.
#[derive(Debug, Default)]
pub(crate) struct Ledger(HashMap<SessionId, History>);

impl Ledger {
    pub(crate) fn note(&mut self, writer: &str, id: SessionId, value: &str, outcome: Outcome) {
        self.0.entry(id).or_default().record(writer, value, outcome);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (id, history) in other.0 {
            self.0.entry(id).or_default().merge(history);
        }
    }

    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.0.values().map(|history| history.count(outcome)).sum()
    }

    /// What is wrong with a session, a gap in its numbers included.
    pub(crate) fn check(&self, session: &Session) -> Vec<Violation> {
        let queries = session.state.history.queries();
        let seqs = queries.iter().map(|query| query.seq);
        assert!(
            seqs.eq(1..=session.state.history.total_queries()),
            "the numbers of {} have a gap",
            session.id
        );
        let nothing = History::new();
        let history = self.0.get(&session.id).unwrap_or(&nothing);
        history.check(&values(session))
    }
}

/// How many violations there are: lost, repeated, and others.
pub(crate) fn tally(violations: &[Violation]) -> [usize; 3] {
    let mut counts = [0; 3];
    for violation in violations {
        counts[match violation {
            Violation::Lost { .. } => 0,
            Violation::Repeated { .. } => 1,
            Violation::RefusedButStored { .. }
            | Violation::OutOfOrder { .. }
            | Violation::FromNowhere { .. } => 2,
        }] += 1;
    }
    counts
}

/// Panics where there is a violation.
pub(crate) fn must_be_none(violations: &[Violation]) {
    let violations: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{violations:#?}");
}

/// The appended values that a session holds, in its order.
pub(crate) fn values(session: &Session) -> Vec<&str> {
    let queries = session.state.history.queries().iter();
    queries.map(|query| query.result_summary.as_str()).collect()
}

/// Appends a value, under a key of its own where one is wanted.
pub(crate) async fn append(
    store: &SessionStore,
    id: SessionId,
    value: &str,
    keyed: bool,
) -> Result<Applied, SessionError> {
    let query = QueryRecord {
        result_summary: value.to_owned(),
        ..QueryRecord::new("price")
    };
    let key = keyed.then(|| key_of(value));
    store.record_query(&ALL, id, query, key.as_ref()).await
}

pub(crate) fn key_of(value: &str) -> IdempotencyKey {
    IdempotencyKey::new(value, &value).unwrap()
}

/// What a writer was told by an answer.
pub(crate) fn told<T>(answer: &Result<T, SessionError>) -> Outcome {
    match answer.as_ref().map_err(SessionError::code) {
        Ok(_) => Outcome::Acknowledged,
        Err(ErrorCode::OutcomeUnknown) => Outcome::Unknown,
        Err(_) => Outcome::Refused,
    }
}
