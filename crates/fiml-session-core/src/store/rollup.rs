//! Figures that were added up beforehand.
//!
//! A roll-up has the digest of all rows of one session type that were created in one hour or day. It is a
//! cache: whatever changes a row takes the digest of its hour and of its day away in the same transaction, and
//! a job puts it back. So a roll-up without a digest says that its rows must be read, and where there is no
//! roll-up there are no rows.

use serde::{Deserialize, Serialize};

use super::Step;
use crate::{clock::Timestamp, metrics::MetricsDigest, session::SessionType};

/// The rows of one session type that were created in one hour or day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RollupKey {
    /// Whether an hour or a day.
    pub step: Step,
    /// When it began.
    pub start: Timestamp,
    /// The type.
    pub session_type: SessionType,
}

impl RollupKey {
    /// Those that count a row which was created then; in the order in which they are to be locked.
    #[must_use]
    pub fn of(created_at: Timestamp, session_type: SessionType) -> [Self; 2] {
        Step::ALL.map(|step| Self {
            step,
            start: step.start(created_at),
            session_type,
        })
    }

    pub(super) fn stretch(self) -> Stretch {
        Stretch {
            from: self.start,
            before: Some(self.step.after(self.start)),
            session_type: Some(self.session_type),
        }
    }
}

/// A digest as it is stored, and since when all of its sessions have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollup {
    /// From this instant on all of its sessions have ended, which is how they are counted.
    pub latest_expiry: Timestamp,
    /// The figures.
    pub digest: MetricsDigest,
}

/// The first byte of the only form there is so far: `MessagePack`.
const FORM: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Stored<D>(i64, D);

impl Rollup {
    /// As bytes, which begin with the form they are in.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        let stored = Stored(self.latest_expiry.micros(), &self.digest);
        rmp_serde::encode::write(&mut bytes, &stored)
            .expect("numbers and texts have a form, and memory takes them");
        bytes
    }

    /// Of such bytes; none where they are in a form of another version, so that the rows are read.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&FORM, stored) = bytes.split_first()? else {
            return None;
        };
        let Stored(latest_expiry, digest) = rmp_serde::from_slice(stored).ok()?;
        Some(Self {
            latest_expiry: Timestamp::from_micros(latest_expiry),
            digest,
        })
    }
}

/// A stretch of time, by creation, of one type of sessions or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// Of one type, or of all.
    pub session_type: Option<SessionType>,
    /// From this instant on.
    pub from: Timestamp,
    /// And before this one, where it has an end.
    pub before: Option<Timestamp>,
}

impl Stretch {
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_some_and(|before| before <= self.from)
    }

    /// What lies before the whole hours or days of it, those, and what lies behind them.
    pub(super) fn split(self, step: Step) -> [Self; 3] {
        let from = step.ceiling(self.from);
        let before = self.before.map(|before| step.start(before).max(from));
        let from = self.before.map_or(from, |end| from.min(end));
        let before = before.map(|before| before.min(self.before.unwrap_or(before)));
        [
            Self {
                before: Some(from),
                ..self
            },
            Self {
                from,
                before,
                ..self
            },
            Self {
                from: before.unwrap_or(Timestamp::MAX),
                before: before.and(self.before).or(Some(Timestamp::MIN)),
                ..self
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_rollup_reads_back_equal_and_one_in_another_form_is_none() {
        let mut digest = MetricsDigest {
            sessions: 3,
            ..MetricsDigest::default()
        };
        digest.durations.add(86_400_000, 3);
        digest.assets.insert("ÉTOILE".to_owned(), 3);
        let rollup = Rollup {
            latest_expiry: at("2100-01-01T00:00:00.000001Z"),
            digest,
        };
        let mut bytes = rollup.to_bytes();
        assert_eq!(Rollup::from_bytes(&bytes), Some(rollup));
        bytes[0] = 2;
        assert_eq!(Rollup::from_bytes(&bytes), None);
        assert_eq!(Rollup::from_bytes(&[]), None);
    }
}
