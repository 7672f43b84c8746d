//! How often a provider may be asked by this process.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::ledger::Ledger;

/// A limit that a provider publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct RateLimit {
    /// So many calls.
    pub calls: u32,
    /// In so many seconds.
    pub seconds: u32,
    /// Of those no more than so many at once, where it minds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
}

impl RateLimit {
    /// So many calls in so many seconds.
    pub const fn new(calls: u32, seconds: u32) -> Self {
        Self {
            calls,
            seconds,
            at_once: None,
        }
    }

    /// The same, with no more than so many at once.
    pub const fn at_once(self, calls: u32) -> Self {
        Self {
            at_once: Some(calls),
            ..self
        }
    }

    /// What is made of it: four fifths, in any window, so that neither clocks that differ nor calls that take
    /// their time on the way bring a provider to refuse.
    fn ledger(self) -> Ledger {
        let allowed = (self.calls.saturating_mul(4) / 5).max(1);
        let window = Duration::from_secs(self.seconds.max(1).into());
        Ledger::new(allowed, window, self.at_once.unwrap_or(allowed))
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} calls in {} s", self.calls, self.seconds)?;
        match self.at_once {
            Some(calls) => write!(f, ", {calls} at once"),
            None => Ok(()),
        }
    }
}

/// A bucket of calls, which a provider may close for a while.
#[derive(Debug)]
pub(crate) struct Bucket(Mutex<State>);

#[derive(Debug)]
struct State {
    ledger: Ledger,
    closed_until: Option<Instant>,
}

impl Bucket {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self(Mutex::new(State {
            ledger: limit.ledger(),
            closed_until: None,
        }))
    }

    /// Reserves so many calls, all or none, and says when they may be made, in the order asked for; where
    /// that is later than `patience` has it, nothing is reserved, and it says how long it would be.
    ///
    /// All that a question needs are reserved at once: otherwise many questions could each have a part, and
    /// none would ever have enough.
    pub(crate) fn reserve(&self, calls: u32, patience: Duration) -> Result<Instant, Duration> {
        let now = Instant::now();
        let mut state = self.state();
        let closed = state.closed_for(now);
        let patience = closed.map_or(Some(patience), |_| None);
        state
            .ledger
            .reserve(now, calls, patience)
            .map_err(|wait| wait.max(closed.unwrap_or_default()))
    }

    /// Gives no call out for so long.
    pub(crate) fn close_for(&self, span: Duration) {
        let mut state = self.state();
        state.closed_until = state.closed_until.max(Instant::now().checked_add(span));
    }

    /// How long none is given out because the provider asked for it.
    pub(crate) fn closed_for(&self) -> Option<Duration> {
        self.state().closed_for(Instant::now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn closed_for(&self, now: Instant) -> Option<Duration> {
        let left = self.closed_until?.checked_duration_since(now)?;
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[tokio::test(start_paused = true)]
    async fn a_closed_bucket_says_how_long_and_opens_again() {
        let bucket = Bucket::new(RateLimit::new(10, 1));
        bucket.close_for(Duration::from_secs(30));
        for patience in [NOW, Duration::from_mins(1)] {
            assert_eq!(bucket.reserve(1, patience), Err(Duration::from_secs(30)));
        }
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(bucket.closed_for(), Some(Duration::from_secs(1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(bucket.reserve(1, NOW), Ok(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn four_fifths_of_a_limit_are_given_out_and_never_none() {
        for (limit, allowed) in [
            (RateLimit::new(10, 1), 8),
            (RateLimit::new(30, 60), 24),
            (RateLimit::new(60, 60).at_once(3), 3),
            (RateLimit::new(1, 1), 1),
        ] {
            let bucket = Bucket::new(limit);
            let given = (0..100).filter(|_| bucket.reserve(1, NOW).is_ok());
            assert_eq!(given.count(), allowed, "{limit}");
        }
    }
}
