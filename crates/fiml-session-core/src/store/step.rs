//! Hours and days, in UTC.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Timestamp;

/// How far the points of a series lie apart, and how long the stretches are that figures are rolled up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// From one full hour to the next.
    Hour,
    /// From midnight to midnight.
    Day,
}

impl Step {
    /// Both, the shorter first.
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    /// How many hours long it is.
    #[must_use]
    pub const fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
        }
    }

    /// When the hour or day of an instant began.
    #[must_use]
    pub fn start(self, at: Timestamp) -> Timestamp {
        let step = self.micros();
        Timestamp::from_micros(at.micros().div_euclid(step) * step)
    }

    /// When the next one begins after one that began so.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        start.plus(Duration::from_micros(self.micros().unsigned_abs()))
    }

    /// The first start at an instant or later.
    #[must_use]
    pub fn ceiling(self, at: Timestamp) -> Timestamp {
        let start = self.start(at);
        if start == at { at } else { self.after(start) }
    }

    const fn micros(self) -> i64 {
        self.hours() * 3_600_000_000
    }
}
