//! Leaves a source alone that fails again and again, and tries it once in a while.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::FailureKind;

/// When a source is left alone, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// So many failures in a row open the circuit.
    pub failures_in_a_row: u32,
    /// How many of the last calls are looked at; more than half of them failed opens it too.
    pub window: usize,
    /// How long it is open at first.
    pub open_for: Duration,
    /// How long at most; the time doubles with each probe that fails.
    pub open_at_most: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_in_a_row: 5,
            window: 20,
            open_for: Duration::from_secs(30),
            open_at_most: Duration::from_mins(10),
        }
    }
}

/// Whether a source is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// It is.
    Closed,
    /// It is left alone.
    Open,
    /// One question tries whether it answers again.
    HalfOpen,
}

#[derive(Debug)]
enum State {
    Closed,
    Open { until: Instant, span: Duration },
    Probing { since: Instant, span: Duration },
}

#[derive(Debug)]
struct Record {
    state: State,
    in_a_row: u32,
    /// Whether each of the last calls failed.
    recent: VecDeque<bool>,
}

/// The circuit of one source and kind of asset.
#[derive(Debug)]
pub(super) struct Breaker {
    config: BreakerConfig,
    record: Mutex<Record>,
}

impl Breaker {
    pub(super) fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            record: Mutex::new(Record {
                state: State::Closed,
                in_a_row: 0,
                recent: VecDeque::new(),
            }),
        }
    }

    /// Lets a call pass, or says how long the source is left alone.
    pub(super) fn enter(&self) -> Result<(), Duration> {
        let mut record = self.record();
        let now = Instant::now();
        match record.state {
            State::Closed => Ok(()),
            State::Open { until, .. } if now < until => Err(until - now),
            State::Open { span, .. } => {
                record.state = State::Probing { since: now, span };
                Ok(())
            }
            // A probe whose caller went away tells nothing; after the same time another may try.
            State::Probing { since, span } if now - since >= span => {
                record.state = State::Probing { since: now, span };
                Ok(())
            }
            State::Probing { since, span } => Err(span - (now - since)),
        }
    }

    /// Takes note that a call ended without a word on how the source is: a probe may be tried again, at once
    /// or, where it took all the time that its question had, after the same rest.
    fn leave_unsaid(&self, rests: bool) {
        let mut record = self.record();
        if let State::Probing { span, .. } = record.state {
            let rest = if rests { span } else { Duration::ZERO };
            let until = Instant::now() + rest;
            record.state = State::Open { until, span };
        }
    }

    fn leave(&self, failed: bool) {
        let mut record = self.record();
        if !failed {
            record.in_a_row = 0;
            if matches!(record.state, State::Probing { .. }) {
                record.state = State::Closed;
                record.recent.clear();
            }
        } else {
            record.in_a_row += 1;
        }
        record.recent.push_back(failed);
        while record.recent.len() > self.config.window {
            record.recent.pop_front();
        }
        if !failed {
            return;
        }
        let failures = record.recent.iter().filter(|failed| **failed).count();
        let full = record.recent.len() == self.config.window;
        let span = match record.state {
            State::Probing { span, .. } => (span * 2).min(self.config.open_at_most),
            State::Closed
                if record.in_a_row >= self.config.failures_in_a_row
                    || (full && failures * 2 > self.config.window) =>
            {
                self.config.open_for
            }
            State::Closed | State::Open { .. } => return,
        };
        record.state = State::Open {
            until: Instant::now() + span,
            span,
        };
    }

    /// Takes note of how a call ended, from its failure if it failed.
    pub(super) fn note(&self, failure: Option<FailureKind>) {
        match failure {
            None => self.leave(false),
            Some(failure) if failure.counts_against_it() => self.leave(true),
            Some(failure) => self.leave_unsaid(failure == FailureKind::DeadlinePassed),
        }
    }

    pub(super) fn state(&self) -> CircuitState {
        match self.record().state {
            State::Closed => CircuitState::Closed,
            State::Open { until, .. } if Instant::now() < until => CircuitState::Open,
            State::Open { .. } | State::Probing { .. } => CircuitState::HalfOpen,
        }
    }

    fn record(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn opened() -> Breaker {
        let breaker = Breaker::new(BreakerConfig::default());
        for _ in 0..5 {
            assert_eq!(breaker.enter(), Ok(()));
            breaker.leave(true);
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_open_it_for_half_a_minute() {
        let breaker = opened();
        assert_eq!(breaker.enter(), Err(seconds(30)));
        assert_eq!(breaker.state(), CircuitState::Open);
        tokio::time::advance(seconds(30)).await;
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
        assert_eq!(breaker.enter(), Ok(()));
        assert!(breaker.enter().is_err(), "one probe alone");
        breaker.leave(false);
        assert_eq!(breaker.state(), CircuitState::Closed);
        assert_eq!(breaker.enter(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn each_probe_that_fails_doubles_the_time_up_to_ten_minutes() {
        let breaker = opened();
        for open in [30, 60, 120, 240, 480, 600, 600] {
            assert_eq!(breaker.enter(), Err(seconds(open)));
            tokio::time::advance(seconds(open)).await;
            assert_eq!(breaker.enter(), Ok(()));
            breaker.leave(true);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_half_of_the_last_twenty_open_it() {
        let breaker = Breaker::new(BreakerConfig::default());
        for call in 0..20 {
            assert_eq!(breaker.enter(), Ok(()), "{call}");
            breaker.leave(call % 2 == 0);
        }
        breaker.leave(true);
        assert_eq!(breaker.state(), CircuitState::Closed, "ten and ten");
        breaker.leave(true);
        assert_eq!(breaker.state(), CircuitState::Open, "eleven");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_says_nothing_neither_mends_nor_breaks() {
        let breaker = Breaker::new(BreakerConfig::default());
        for _ in 0..4 {
            breaker.leave(true);
            breaker.note(Some(FailureKind::DeadlinePassed));
        }
        breaker.leave(true);
        assert_eq!(breaker.state(), CircuitState::Open);
        tokio::time::advance(seconds(30)).await;
        assert_eq!(breaker.enter(), Ok(()));
        breaker.note(Some(FailureKind::LimitReached));
        assert_eq!(breaker.enter(), Ok(()), "the next one may try");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_used_up_the_whole_question_rests_it_for_the_same_time() {
        let breaker = opened();
        for _ in 0..2 {
            assert_eq!(breaker.enter(), Err(seconds(30)));
            tokio::time::advance(seconds(30)).await;
            assert_eq!(breaker.enter(), Ok(()));
            breaker.note(Some(FailureKind::DeadlinePassed));
            assert_eq!(breaker.state(), CircuitState::Open);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_nobody_ended_does_not_close_the_door_for_ever() {
        let breaker = opened();
        tokio::time::advance(seconds(30)).await;
        assert_eq!(breaker.enter(), Ok(()));
        assert!(breaker.enter().is_err());
        tokio::time::advance(seconds(30)).await;
        assert_eq!(breaker.enter(), Ok(()));
    }
}
