//! One question's turn at a source: as of when it is asked, and how long it waits before it may be.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{FailureKind, MarketError};

/// How long a question waits for its share of calls where another source may be asked instead.
const PATIENCE: Duration = Duration::from_millis(200);
/// What it leaves of its time for the answer where there is no other: less answers nobody.
const FOR_ANSWER: Duration = Duration::from_millis(750);

/// How a question is put to a source.
///
/// A source is asked no more often than it allows. What a question waits for that is this process's own doing:
/// it is taken off the time that the source is given.
#[derive(Debug)]
pub struct Turn {
    now: DateTime<Utc>,
    patience: Patience,
    waits: Mutex<Waits>,
}

/// How long a question waits for its share of calls.
#[derive(Clone, Copy, Debug)]
enum Patience {
    /// So long in all: the next source may answer sooner.
    Short(Duration),
    /// As long as the question has time: nobody else answers it, and many symbols in one call are then slower,
    /// not fewer.
    Until(Instant),
}

#[derive(Debug, Default)]
struct Waits {
    ended: Duration,
    /// How many calls of the question wait at present, and since when there are any.
    under_way: u32,
    since: Option<Instant>,
}

impl Turn {
    /// A question asked as of `now`, of one source among others.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            now,
            patience: Patience::Short(PATIENCE),
            waits: Mutex::default(),
        }
    }

    /// The same, of the only source that is left to ask until the deadline.
    pub(crate) fn of_the_last(self, deadline: Instant) -> Self {
        let until = deadline.checked_sub(FOR_ANSWER);
        Self {
            patience: until.map_or(self.patience, Patience::Until),
            ..self
        }
    }

    /// The instant as of which it is asked.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// How much longer it may wait.
    pub(crate) fn patience(&self) -> Duration {
        match self.patience {
            Patience::Short(span) => span.saturating_sub(self.waited()),
            Patience::Until(until) => until.saturating_duration_since(Instant::now()),
        }
    }

    /// Waits for something that is not up to the source.
    pub(crate) async fn wait_for<T>(&self, what: impl Future<Output = T>) -> T {
        let _waiting = Waiting::begin(self);
        what.await
    }

    /// The same, for an instant.
    pub(crate) async fn wait_until(&self, at: Instant) {
        if at > Instant::now() {
            self.wait_for(sleep_until(at)).await;
        }
    }

    /// What a source answers within its time, which ends at the deadline at the latest.
    pub(crate) async fn answer<T>(
        &self,
        provider: &str,
        time: Duration,
        deadline: Instant,
        answer: impl Future<Output = Result<T, MarketError>>,
    ) -> Result<T, MarketError> {
        let begun = Instant::now();
        let mut answer = pin!(answer);
        loop {
            let ends = begun + time + self.waited();
            if let Ok(answer) = timeout_at(ends.min(deadline), answer.as_mut()).await {
                return answer;
            }
            // Its time may have grown by what the question waited meanwhile.
            let ends = begun + time + self.waited();
            let now = Instant::now();
            if now >= ends {
                let reason = "it did not answer in time";
                return Err(MarketError::failed(provider, FailureKind::Timeout, reason));
            }
            if now >= deadline {
                let reason = "the time for the whole question ran out";
                let failure = FailureKind::DeadlinePassed;
                return Err(MarketError::failed(provider, failure, reason));
            }
        }
    }

    fn waited(&self) -> Duration {
        let waits = self.waits();
        waits.ended + waits.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait, until it is dropped.
struct Waiting<'a>(&'a Turn);

impl<'a> Waiting<'a> {
    fn begin(turn: &'a Turn) -> Self {
        let mut waits = turn.waits();
        waits.under_way += 1;
        waits.since.get_or_insert_with(Instant::now);
        Self(turn)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waits = self.0.waits();
        waits.under_way -= 1;
        if waits.under_way == 0
            && let Some(since) = waits.since.take()
        {
            waits.ended += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn turn() -> Turn {
        Turn::at(DateTime::UNIX_EPOCH)
    }

    async fn answers_after(turn: &Turn, wait: Duration, work: Duration) -> Option<FailureKind> {
        let deadline = Instant::now() + 6 * SECOND;
        let answer = async {
            turn.wait_until(Instant::now() + wait).await;
            sleep(work).await;
            Ok(())
        };
        let answer = turn.answer("x", 2 * SECOND, deadline, answer).await;
        answer.err().and_then(|error| error.failure())
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_has_its_time_whatever_the_question_waited() {
        let wait = SECOND;
        for (wait, work, failure) in [
            (Duration::ZERO, SECOND, None),
            (wait, SECOND + SECOND / 2, None),
            (wait, 3 * SECOND, Some(FailureKind::Timeout)),
            (Duration::ZERO, 3 * SECOND, Some(FailureKind::Timeout)),
        ] {
            assert_eq!(
                answers_after(&turn(), wait, work).await,
                failure,
                "{wait:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_at_the_same_time_are_one_wait_and_patience_has_an_end() {
        let turn = turn();
        let half = Instant::now() + PATIENCE / 2;
        tokio::join!(turn.wait_until(half), turn.wait_until(half));
        assert_eq!(turn.waited(), PATIENCE / 2);
        assert_eq!(turn.patience(), PATIENCE / 2);
        turn.wait_until(half + PATIENCE).await;
        assert_eq!(turn.patience(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_source_is_waited_for_as_long_as_it_can_still_answer() {
        let turn = turn().of_the_last(Instant::now() + 6 * SECOND);
        assert_eq!(turn.patience(), 6 * SECOND - FOR_ANSWER);
        sleep(5 * SECOND).await;
        assert_eq!(turn.patience(), SECOND - FOR_ANSWER);
        sleep(SECOND).await;
        assert_eq!(turn.patience(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_the_deadline_cut_short_did_not_fail() {
        let deadline = Instant::now() + SECOND;
        let answer = async {
            sleep(3 * SECOND).await;
            Ok(())
        };
        let late = turn().answer("x", 2 * SECOND, deadline, answer).await;
        let failure = late.unwrap_err().failure().unwrap();
        assert_eq!(failure, FailureKind::DeadlinePassed);
        assert!(!failure.is_its_own() && !failure.counts_against_it());
    }
}
