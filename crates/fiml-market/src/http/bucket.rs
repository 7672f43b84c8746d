//! How often a provider may be asked by this process.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

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

    /// The quota that stays below 80 % of the limit in every window: a full bucket and what refills it may
    /// fall into one window, so the two together are no more than that. What may come at once is half of it,
    /// so that several symbols in one call are answered, unless the provider minds. What goes on for long gets
    /// the refill alone: 40 % of the limit, and more only where less may come at once.
    fn quota(self) -> Quota {
        let allowed = (self.calls.saturating_mul(8) / 10).max(1);
        let burst = allowed.div_ceil(2).min(self.at_once.unwrap_or(allowed));
        let refill = allowed.saturating_sub(burst).max(1);
        let period = Duration::from_secs(self.seconds.max(1).into()) / refill;
        Quota::with_period(period)
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
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

/// The runtime's clock, which tests may stop.
#[derive(Clone, Copy, Debug)]
struct Ticks;

impl Clock for Ticks {
    type Instant = std::time::Instant;

    fn now(&self) -> Self::Instant {
        Instant::now().into_std()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<std::time::Instant>>;

/// A bucket of calls, which a provider may close for a while.
#[derive(Debug)]
pub(crate) struct Bucket {
    limiter: Limiter,
    closed_until: Mutex<Option<Instant>>,
}

impl Bucket {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self {
            limiter: RateLimiter::direct_with_clock(limit.quota(), Ticks),
            closed_until: Mutex::new(None),
        }
    }

    /// Takes so many calls out, all or none; where there are too few, how long until there are enough.
    ///
    /// All that a question needs are taken at once: otherwise many questions could each take a part, and
    /// none would ever have enough.
    pub(crate) fn take(&self, calls: u32) -> Result<(), Duration> {
        if let Some(left) = self.closed_for() {
            return Err(left);
        }
        let calls = NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
        match self.limiter.check_n(calls) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refused)) => {
                let earliest = refused.earliest_possible();
                Err(earliest.duration_since(Ticks.now()))
            }
            // No question of ours takes more than a full bucket holds.
            Err(_) => Err(Duration::MAX),
        }
    }

    /// Gives no call out for so long.
    pub(crate) fn close_for(&self, span: Duration) {
        let until = Instant::now().checked_add(span);
        let mut closed = self
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *closed = (*closed).max(until);
    }

    /// How long none is given out because the provider asked for it.
    pub(crate) fn closed_for(&self) -> Option<Duration> {
        let closed = self
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let left = (*closed)?.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_window_sees_more_than_four_fifths_of_the_limit() {
        let limit = RateLimit::new(30, 60);
        for (limit, burst) in [(limit, 12), (limit.at_once(3), 3)] {
            let bucket = Bucket::new(limit);
            let at_once = (0..30).filter(|_| bucket.take(1).is_ok()).count();
            assert_eq!(at_once, burst);
            let mut passed = at_once;
            for _ in 0..600 {
                passed += usize::from(bucket.take(1).is_ok());
                tokio::time::advance(Duration::from_millis(100)).await;
            }
            assert!((20..=24).contains(&passed), "{passed}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_bucket_says_how_long_and_opens_again() {
        let bucket = Bucket::new(RateLimit::new(10, 1));
        bucket.close_for(Duration::from_secs(30));
        assert_eq!(bucket.take(1), Err(Duration::from_secs(30)));
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(bucket.closed_for(), Some(Duration::from_secs(1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(bucket.take(1), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_taken_together_or_not_at_all() {
        let bucket = Bucket::new(RateLimit::new(10, 1));
        assert_eq!(bucket.take(3), Ok(()));
        assert!(bucket.take(2).is_err());
        assert_eq!(bucket.take(1), Ok(()), "none was lost");
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_bucket_names_the_wait() {
        let bucket = Bucket::new(RateLimit::new(1, 1));
        assert_eq!(bucket.take(1), Ok(()));
        let wait = bucket.take(1).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1));
    }
}
