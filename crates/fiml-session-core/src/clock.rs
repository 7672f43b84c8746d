//! Time as a value: instants to the microsecond, and the clocks that only the top of a program holds.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in whole microseconds since 1970-01-01T00:00:00Z, between the years 1970 and 9999.
///
/// Microseconds are the finest unit that every store keeps, so a session reads back equal from all of
/// them. Written as RFC 3339 in UTC with no, three or six digits of a second; arithmetic saturates at both ends
/// of the range.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant, 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The latest instant, 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The instant so many microseconds after the epoch, clamped to the range.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant and a duration later, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(by))
    }

    /// This instant and a duration earlier, at least [`Timestamp::MIN`].
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(by))
    }

    /// The time from an earlier instant to this one; zero when it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        Self::from_micros(instant.timestamp_micros())
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(instant: Timestamp) -> Self {
        Self::from_timestamp_micros(instant.0).expect("the range of Timestamp lies inside chrono's")
    }
}

impl FromStr for Timestamp {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(DateTime::parse_from_rfc3339(text)?.to_utc().into())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Reads an instant from a text where it lies.
struct TextVisitor;

impl de::Visitor<'_> for TextVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an instant as RFC 3339")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Text::of(*self).as_str())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Text::of(*self).as_str())
    }
}

/// An instant as RFC 3339, without an allocation: answers are full of them.
struct Text {
    bytes: [u8; 27],
    length: usize,
}

impl Text {
    fn of(at: Timestamp) -> Self {
        const MICROS: i64 = 1_000_000;
        let day = DateTime::<Utc>::from(at).date_naive();
        let (second, micros) = (at.0 / MICROS % 86_400, at.0 % MICROS);
        let mut text = Self {
            bytes: [b'Z'; 27],
            length: 0,
        };
        let year = day.year().unsigned_abs();
        text.push(year / 100);
        text.push(year % 100);
        for (mark, number) in [
            (b'-', day.month()),
            (b'-', day.day()),
            (b'T', (second / 3_600) as u32),
            (b':', (second / 60 % 60) as u32),
            (b':', (second % 60) as u32),
        ] {
            text.mark(mark);
            text.push(number);
        }
        if micros > 0 {
            let micros = micros as u32;
            text.mark(b'.');
            text.push(micros / 10_000);
            text.push(micros / 100 % 100);
            text.push(micros % 100);
            if micros.is_multiple_of(1_000) {
                text.length -= 3;
            }
        }
        text.mark(b'Z');
        text
    }

    fn mark(&mut self, mark: u8) {
        self.bytes[self.length] = mark;
        self.length += 1;
    }

    /// A number below 100.
    fn push(&mut self, number: u32) {
        self.mark(b'0' + (number / 10) as u8);
        self.mark(b'0' + (number % 10) as u8);
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("digits and marks are ASCII")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Tells what time it is; held by the service and by `main`, never by a store.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::MIN.plus(since_epoch)
    }
}

/// A clock that stands still until it is set; for tests and replays.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at the given instant.
    #[must_use]
    pub const fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.micros()))
    }

    /// Moves the clock to the given instant, forward or back.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_equal_from_its_text() {
        let at = Timestamp::from_micros(4_102_444_800_123_456);
        assert_eq!(at.to_string(), "2100-01-01T00:00:00.123456Z");
        assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
    }

    #[test]
    fn an_instant_is_written_as_chrono_writes_it() {
        const DAY: i64 = 86_400_000_000;
        let days = (0..=Timestamp::MAX.micros() / DAY).step_by(13);
        let within = [0, 1, 999_999, 120_000, 3_599_000_000, DAY - 1, DAY - 1_000];
        for (n, day) in days.enumerate() {
            let at = Timestamp::from_micros(day * DAY + within[n % within.len()]);
            let chrono = DateTime::<Utc>::from(at);
            let chrono = chrono.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            assert_eq!(at.to_string(), chrono);
        }
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        }
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Timestamp::MAX.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(Duration::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
    }
}
