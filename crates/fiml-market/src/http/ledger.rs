//! When calls were given out, and when the next ones may be.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Calls given out, of which any window holds no more than are allowed: as many at once as that, unless fewer
/// may come at once, and as many steadily.
///
/// It remembers the instants of as many calls as a window may hold, which are few. A count that refills gives
/// bursts what it takes from steady use: what is full and what refills meanwhile fall into one window.
#[derive(Debug)]
pub(super) struct Ledger {
    allowed: usize,
    window: Duration,
    at_once: u32,
    /// How far calls are apart that come steadily.
    interval: Duration,
    /// When the last calls were given out, or will be, the latest last.
    given: VecDeque<Instant>,
    /// Until when those would take that were given out, had they come steadily.
    busy_until: Option<Instant>,
}

impl Ledger {
    /// At most so many calls in any window of this length, and so many at once.
    pub(super) fn new(allowed: u32, window: Duration, at_once: u32) -> Self {
        Self {
            allowed: allowed.try_into().unwrap_or(usize::MAX),
            window,
            at_once: at_once.min(allowed),
            interval: window / allowed.max(1),
            given: VecDeque::new(),
            busy_until: None,
        }
    }

    /// Gives out so many calls together and says for when; where that is further away than `patience`, or
    /// there is none, how far it is.
    pub(super) fn reserve(
        &mut self,
        now: Instant,
        calls: u32,
        patience: Option<Duration>,
    ) -> Result<Instant, Duration> {
        let calls = calls.max(1);
        // No question of ours needs more than may come at once.
        let spare = self.at_once.checked_sub(calls).ok_or(self.window)?;
        let at = self.ready(now, calls, spare);
        let wait = at.saturating_duration_since(now);
        if patience.is_none_or(|patience| wait > patience) {
            return Err(wait);
        }
        for _ in 0..calls {
            if self.given.len() == self.allowed {
                self.given.pop_front();
            }
            self.given.push_back(at);
        }
        self.busy_until = Some(self.busy_until.unwrap_or(at).max(at) + self.interval * calls);
        Ok(at)
    }

    /// The first instant at which so many more may come.
    fn ready(&self, now: Instant, calls: u32, spare: u32) -> Instant {
        let in_turn = self.given.back().copied();
        // Those that would then be one too many in a window with them.
        let over = (self.given.len() + calls as usize).checked_sub(self.allowed + 1);
        let windowed = over.and_then(|place| self.given.get(place));
        let windowed = windowed.map(|given| *given + self.window);
        let paced = self
            .busy_until
            .and_then(|until| until.checked_sub(self.interval * spare));
        let ready = in_turn.max(windowed).max(paced);
        ready.map_or(now, |ready| ready.max(now))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// The most calls that any window holds.
    fn most(given: &[Instant], window: Duration) -> usize {
        let windows = given.iter().enumerate().map(|(place, first)| {
            let within = |at: &&Instant| **at < *first + window;
            given[place..].iter().take_while(within).count()
        });
        windows.max().unwrap_or_default()
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_allowed_and_nobody_waits_for_nothing(
            allowed in 1_u32..40,
            at_once in 1_u32..40,
            questions in prop::collection::vec((1_u32..5, 0_u64..20_000, 0_u64..70_000), 1..200),
        ) {
            let mut ledger = Ledger::new(allowed, MINUTE, at_once);
            let at_once = at_once.min(allowed);
            let (mut now, mut given) = (Instant::now(), Vec::new());
            for (calls, pause, patience) in questions {
                now += Duration::from_millis(pause);
                let calls = calls.min(at_once);
                let patience = Duration::from_millis(patience);
                match ledger.reserve(now, calls, Some(patience)) {
                    Ok(at) => {
                        prop_assert!(at >= now && at - now <= patience);
                        prop_assert!(given.last().is_none_or(|last| *last <= at), "in turn");
                        given.extend((0..calls).map(|_| at));
                    }
                    Err(wait) => {
                        prop_assert!(wait > patience);
                        // Whoever comes back then is let through, if nobody was before.
                        prop_assert_eq!(ledger.ready(now + wait, calls, at_once - calls), now + wait);
                    }
                }
            }
            prop_assert!(most(&given, MINUTE) <= allowed as usize);
            prop_assert!(most(&given, Duration::from_nanos(1)) <= at_once as usize);
        }

        #[test]
        fn steady_use_and_bursts_both_get_all_that_is_allowed(
            allowed in 1_u32..100,
            at_once in 1_u32..100,
            pause in 1_u64..500,
        ) {
            let mut ledger = Ledger::new(allowed, MINUTE, at_once);
            let begun = Instant::now();
            let (mut now, mut given) = (begun, 0);
            // Somebody who asks again and again, for ten windows.
            while now < begun + 10 * MINUTE {
                given += u32::from(ledger.reserve(now, 1, Some(Duration::ZERO)).is_ok());
                now += Duration::from_millis(pause);
            }
            // Each call may come as much too late as nobody asked.
            let late = f64::from(given) * (pause as f64 / 1_000.0);
            let least = (600.0 - late) * f64::from(allowed) / 60.0;
            prop_assert!(f64::from(given) >= least.floor(), "{given} of {least}");
            let mut ledger = Ledger::new(allowed, MINUTE, allowed);
            prop_assert_eq!(ledger.reserve(begun, allowed, Some(Duration::ZERO)), Ok(begun));
            prop_assert_eq!(ledger.reserve(begun, 1, Some(Duration::ZERO)), Err(MINUTE));
        }
    }

    #[test]
    fn calls_are_given_out_together_or_not_at_all() {
        let mut ledger = Ledger::new(8, Duration::from_secs(1), 8);
        let now = Instant::now();
        assert_eq!(ledger.reserve(now, 6, None), Err(Duration::ZERO), "closed");
        assert_eq!(ledger.reserve(now, 6, Some(Duration::ZERO)), Ok(now));
        let wait = Duration::from_secs(1);
        assert_eq!(ledger.reserve(now, 3, Some(Duration::ZERO)), Err(wait));
        assert_eq!(ledger.reserve(now, 2, Some(Duration::ZERO)), Ok(now));
        assert_eq!(ledger.reserve(now, 3, Some(wait)), Ok(now + wait));
        // Behind those who wait, though there would be room.
        assert_eq!(ledger.reserve(now, 5, Some(wait)), Ok(now + wait));
        assert_eq!(ledger.reserve(now, 1, Some(wait)), Err(2 * wait));
        assert_eq!(ledger.reserve(now, 9, Some(wait)), Err(wait), "never");
    }

    #[test]
    fn where_few_may_come_at_once_the_next_comes_when_it_would_steadily() {
        let mut ledger = Ledger::new(48, MINUTE, 3);
        let now = Instant::now();
        let mut at = |patience| ledger.reserve(now, 1, Some(patience)).map(|at| at - now);
        for _ in 0..3 {
            assert_eq!(at(Duration::ZERO), Ok(Duration::ZERO));
        }
        assert_eq!(at(Duration::ZERO), Err(Duration::from_millis(1_250)));
        for steps in 1..=4 {
            let step = Duration::from_millis(1_250) * steps;
            assert_eq!(at(Duration::from_secs(6)), Ok(step));
        }
    }
}
