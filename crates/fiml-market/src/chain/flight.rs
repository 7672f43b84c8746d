//! Questions under way: whoever asks the same meanwhile waits for the same answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use crate::{Attempt, MarketError, QuoteRequest};

use super::cache::Kept;

/// What a question brought in: what is kept now, and who was asked.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    pub(super) kept: Arc<Kept>,
    pub(super) attempts: Arc<[Attempt]>,
}

pub(super) type Outcome = Result<Landed, MarketError>;
pub(super) type Flight = Shared<BoxFuture<'static, Outcome>>;

/// The questions under way, by what was asked and of which state of the sources.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Question, Flight>>);

/// A question to sources in a certain state.
pub(super) type Question = (QuoteRequest, Vec<u64>);

/// How somebody takes part in a question.
pub(super) enum Seat {
    /// It is answered by now.
    Answered(Arc<Kept>),
    /// It was under way already.
    Joined(Flight),
    /// It is under way from now on.
    Led(Flight),
}

impl Flights {
    /// Joins a question under way, or starts it unless `look` finds it answered.
    ///
    /// `look` is asked under the lock, and who ends a question keeps its answer before the lock: so none is
    /// asked twice between the two.
    pub(super) fn board(
        &self,
        question: &Question,
        look: impl FnOnce() -> Option<Arc<Kept>>,
        start: impl FnOnce() -> BoxFuture<'static, Outcome>,
    ) -> Seat {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(question) {
            return Seat::Joined(flight.clone());
        }
        if let Some(kept) = look() {
            return Seat::Answered(kept);
        }
        let flight = start().shared();
        flights.insert(question.clone(), flight.clone());
        Seat::Led(flight)
    }

    /// Ends a question.
    pub(super) fn land(&self, question: &Question) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flights.remove(question);
    }
}
