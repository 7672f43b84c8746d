//! Figures that were added up beforehand, and how they are read.
//!
//! A roll-up has the digest of all rows of one session type that were created in one hour or day. It is a
//! cache: whatever changes a row takes the digest of its hour and of its day away in the same transaction, and
//! a job puts it back. So a roll-up without a digest says that its rows must be read, and where there is no
//! roll-up there are no rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{MetricsFilter, Scope, Step};
use crate::{
    clock::Timestamp,
    id::SessionId,
    metrics::{MetricsDigest, SessionMetrics},
    session::SessionType,
};

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

    fn stretch(self) -> Stretch {
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
    fn is_empty(&self) -> bool {
        self.before.is_some_and(|before| before <= self.from)
    }

    /// What lies before the whole hours or days of it, those, and what lies behind them.
    fn split(self, step: Step) -> [Self; 3] {
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

/// Figures in the course of being read.
///
/// A store asks for the stretches of each of [`steps`](Self::steps) and hands in all roll-ups that begin in
/// them, then the rows of [`remaining`](Self::remaining), then those of [`to_take_back`](Self::to_take_back);
/// all of one state of the archive.
#[derive(Debug)]
pub struct FigureReading {
    filter: MetricsFilter,
    excluding: BTreeSet<SessionId>,
    by: Option<Step>,
    at: Timestamp,
    steps: &'static [Step],
    remaining: Vec<Stretch>,
    used: BTreeSet<RollupKey>,
    latest_expiry: Timestamp,
    figures: BTreeMap<Timestamp, MetricsDigest>,
    taken_back: BTreeMap<Timestamp, MetricsDigest>,
}

/// Roll-ups do not count what their rows say, which only a hand that went past the store can have done.
#[derive(Debug, thiserror::Error)]
#[error(
    "a roll-up does not count its rows: fiml jobs run generate_session_metrics --rebuild makes all anew"
)]
pub struct RollupMismatch;

impl FigureReading {
    /// The figures of matching rows in scope without some sessions, as they stand at an instant; by the hour
    /// or day of creation, or all in one.
    #[must_use]
    pub fn new(
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        by: Option<Step>,
        at: Timestamp,
    ) -> Self {
        let is_rolled_up = *scope == Scope::All
            && filter.user_id.is_none()
            && filter.asset.is_none()
            && filter.tag.is_none();
        let steps: &[Step] = match by {
            _ if !is_rolled_up => &[],
            Some(Step::Hour) => &[Step::Hour],
            Some(Step::Day) | None => &[Step::Day, Step::Hour],
        };
        Self {
            filter: filter.clone(),
            excluding: excluding.clone(),
            by,
            at,
            steps,
            remaining: vec![Stretch {
                session_type: filter.session_type,
                from: filter.created_from.unwrap_or(Timestamp::MIN),
                before: filter.created_before,
            }],
            used: BTreeSet::new(),
            latest_expiry: Timestamp::MIN,
            figures: BTreeMap::new(),
            taken_back: BTreeMap::new(),
        }
    }

    /// What a roll-up is to hold: of a day from its hours, as far as they have digests.
    #[must_use]
    pub fn of_rollup(key: RollupKey) -> Self {
        let filter = MetricsFilter {
            session_type: Some(key.session_type),
            created_from: Some(key.start),
            created_before: Some(key.step.after(key.start)),
            ..MetricsFilter::default()
        };
        let none = BTreeSet::new();
        let reading = Self::new(&Scope::All, &filter, &none, None, Timestamp::MAX);
        Self {
            steps: match key.step {
                Step::Hour => &[],
                Step::Day => &[Step::Hour],
            },
            ..reading
        }
    }

    /// Which roll-ups are asked for, in this order.
    #[must_use]
    pub const fn steps(&self) -> &'static [Step] {
        self.steps
    }

    /// Where roll-ups of this step may stand for rows; whoever asks hands in every one that is there.
    #[must_use]
    pub fn wanted(&mut self, step: Step) -> Vec<Stretch> {
        let (mut whole, mut rest) = (Vec::new(), Vec::new());
        for stretch in self.remaining() {
            let [before, inside, behind] = stretch.split(step);
            whole.push(inside);
            rest.extend([before, behind]);
        }
        whole.retain(|stretch| !stretch.is_empty());
        rest.retain(|stretch| !stretch.is_empty());
        self.remaining = rest;
        whole
    }

    /// Takes a roll-up, as it is stored, or its rows where it has no digest or some had not ended.
    pub fn take(&mut self, key: RollupKey, stored: Option<&[u8]>) {
        let rollup = stored.and_then(Rollup::from_bytes);
        let Some(rollup) = rollup.filter(|rollup| rollup.latest_expiry <= self.at) else {
            self.remaining.push(key.stretch());
            return;
        };
        self.used.insert(key);
        self.latest_expiry = self.latest_expiry.max(rollup.latest_expiry);
        let point = self.point(key.start);
        self.figures.entry(point).or_default().merge(&rollup.digest);
    }

    /// Of which stretches rows are still to be read, in order and none twice.
    #[must_use]
    pub fn remaining(&self) -> Vec<Stretch> {
        let mut sorted = self.remaining.clone();
        sorted.sort_unstable();
        let mut joined: Vec<Stretch> = Vec::new();
        for stretch in sorted {
            match joined.last_mut() {
                Some(last)
                    if last.session_type == stretch.session_type
                        && last.before == Some(stretch.from) =>
                {
                    last.before = stretch.before;
                }
                _ => joined.push(stretch),
            }
        }
        joined
    }

    /// Takes a row of a remaining stretch; it counts where it matches and is not excluded.
    pub fn add(&mut self, row: &SessionMetrics) {
        if self.excluding.contains(&row.session_id) || !self.filter.covers(row) {
            return;
        }
        self.latest_expiry = self.latest_expiry.max(row.expires_at);
        let point = self.point(row.created_at);
        self.figures.entry(point).or_default().add(row, self.at);
    }

    /// The excluded sessions whose rows roll-ups may have counted.
    #[must_use]
    pub fn to_take_back(&self) -> Vec<SessionId> {
        if self.used.is_empty() {
            return Vec::new();
        }
        self.excluding.iter().copied().collect()
    }

    /// Takes the row of an excluded session; it is taken away where a roll-up has counted it.
    pub fn take_back(&mut self, row: &SessionMetrics) {
        let keys = RollupKey::of(row.created_at, row.session_type);
        if keys.iter().any(|key| self.used.contains(key)) {
            let point = self.point(row.created_at);
            self.taken_back.entry(point).or_default().add(row, self.at);
        }
    }

    /// The figures by the start of each hour or day in which there are any; all under one instant where they
    /// are not divided.
    pub fn points(mut self) -> Result<BTreeMap<Timestamp, MetricsDigest>, RollupMismatch> {
        for (point, digest) in &self.taken_back {
            let figures = self.figures.get_mut(point);
            if !figures.is_some_and(|figures| figures.subtract(digest)) {
                return Err(RollupMismatch);
            }
        }
        self.figures.retain(|_, digest| digest.sessions > 0);
        Ok(self.figures)
    }

    /// The figures, not divided.
    pub fn total(self) -> Result<MetricsDigest, RollupMismatch> {
        let mut points = self.points()?.into_values();
        let mut total = points.next().unwrap_or_default();
        points.for_each(|digest| total.merge(&digest));
        Ok(total)
    }

    /// What a roll-up of them holds; none where there is nothing to count.
    pub fn rollup(self) -> Result<Option<Rollup>, RollupMismatch> {
        let latest_expiry = self.latest_expiry;
        let digest = self.total()?;
        Ok((digest.sessions > 0).then_some(Rollup {
            latest_expiry,
            digest,
        }))
    }

    fn point(&self, created_at: Timestamp) -> Timestamp {
        self.by
            .map_or(Timestamp::MIN, |step| step.start(created_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn reading(from: &str, before: Option<&str>) -> FigureReading {
        let filter = MetricsFilter {
            created_from: Some(at(from)),
            created_before: before.map(at),
            ..MetricsFilter::default()
        };
        let none = BTreeSet::new();
        FigureReading::new(&Scope::All, &filter, &none, None, Timestamp::MAX)
    }

    fn told(stretches: &[Stretch]) -> Vec<String> {
        let tell = |stretch: &Stretch| {
            let before = stretch.before.map_or_else(String::new, |at| at.to_string());
            format!("{}…{before}", stretch.from)
        };
        stretches.iter().map(tell).collect()
    }

    #[test]
    fn a_period_is_days_then_hours_then_rows() {
        let mut reading = reading("2100-01-01T21:30:00Z", Some("2100-01-04T02:00:01Z"));
        let days = reading.wanted(Step::Day);
        assert_eq!(told(&days), ["2100-01-02T00:00:00Z…2100-01-04T00:00:00Z"]);
        let day = RollupKey {
            step: Step::Day,
            start: at("2100-01-02T00:00:00Z"),
            session_type: SessionType::Macro,
        };
        reading.take(day, None);
        let hours = reading.wanted(Step::Hour);
        assert_eq!(
            told(&hours),
            [
                "2100-01-01T22:00:00Z…2100-01-02T00:00:00Z",
                "2100-01-04T00:00:00Z…2100-01-04T02:00:00Z",
                "2100-01-02T00:00:00Z…2100-01-03T00:00:00Z",
            ]
        );
        assert_eq!(hours[2].session_type, Some(SessionType::Macro));
        assert_eq!(
            told(&reading.remaining()),
            [
                "2100-01-01T21:30:00Z…2100-01-01T22:00:00Z",
                "2100-01-04T02:00:00Z…2100-01-04T02:00:01Z",
            ]
        );
    }

    #[test]
    fn a_period_within_an_hour_or_without_an_end_is_split_as_well() {
        let mut short = reading("2100-01-01T21:30:00Z", Some("2100-01-01T21:40:00Z"));
        for step in [Step::Day, Step::Hour] {
            assert_eq!(short.wanted(step), []);
        }
        let whole = "2100-01-01T21:30:00Z…2100-01-01T21:40:00Z";
        assert_eq!(told(&short.remaining()), [whole]);
        let mut open = reading("2100-01-01T21:00:00Z", None);
        assert_eq!(told(&open.wanted(Step::Day)), ["2100-01-02T00:00:00Z…"]);
        let hours = open.wanted(Step::Hour);
        assert_eq!(told(&hours), ["2100-01-01T21:00:00Z…2100-01-02T00:00:00Z"]);
        assert_eq!(open.remaining(), []);
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
