//! When a job is due.

use std::time::Duration;

use fiml_session_core::{Invalid, Timestamp};

/// Every so often: at the instants that are whole multiples of the interval since 1970 in UTC, so that every
/// replica means the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    every: Duration,
}

impl Schedule {
    /// At the full hour.
    pub const HOURLY: Self = Self {
        every: Duration::from_hours(1),
    };
    /// At midnight.
    pub const DAILY: Self = Self {
        every: Duration::from_hours(24),
    };
    /// The shortest interval.
    pub const SHORTEST: Duration = Duration::from_secs(1);
    /// The longest interval.
    pub const LONGEST: Duration = Duration::from_hours(366 * 24);

    /// Every so often, from a second to 366 days.
    pub fn every(every: Duration) -> Result<Self, Invalid> {
        if (Self::SHORTEST..=Self::LONGEST).contains(&every) {
            return Ok(Self { every });
        }
        let problem = format!("is {} seconds", every.as_secs_f64());
        Err(Invalid::malformed(
            "interval",
            problem,
            "1 second to 366 days",
        ))
    }

    /// The interval.
    #[must_use]
    pub const fn interval(self) -> Duration {
        self.every
    }

    /// The last instant up to `at` at which the job was due.
    ///
    /// One that was missed several times is due once.
    #[must_use]
    pub fn tick_at(self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(at.micros() - at.micros() % self.micros())
    }

    /// The instant after a tick at which it is due again.
    #[must_use]
    pub fn after(self, tick: Timestamp) -> Timestamp {
        tick.plus(self.every)
    }

    fn micros(self) -> i64 {
        i64::try_from(self.every.as_micros()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_the_same_for_everybody() {
        let at: Timestamp = "2100-03-01T13:37:59.000001Z".parse().unwrap();
        let hour = Schedule::HOURLY.tick_at(at);
        assert_eq!(hour.to_string(), "2100-03-01T13:00:00Z");
        assert_eq!(Schedule::HOURLY.tick_at(hour), hour);
        assert_eq!(
            Schedule::HOURLY.after(hour).to_string(),
            "2100-03-01T14:00:00Z"
        );
        assert_eq!(
            Schedule::DAILY.tick_at(at).to_string(),
            "2100-03-01T00:00:00Z"
        );
    }

    #[test]
    fn an_interval_out_of_range_is_refused_with_the_range() {
        for every in [Duration::ZERO, Duration::from_millis(999), Duration::MAX] {
            let refused = Schedule::every(every).unwrap_err();
            assert_eq!(refused.limit, "1 second to 366 days");
        }
        assert!(Schedule::every(Schedule::SHORTEST).is_ok());
        assert!(Schedule::every(Schedule::LONGEST).is_ok());
    }
}
