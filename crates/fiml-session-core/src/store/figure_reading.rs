//! Figures in the course of being read, from roll-ups and from rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{MetricsFilter, Rollup, RollupKey, Scope, Step, Stretch};
use crate::{
    clock::Timestamp,
    id::SessionId,
    metrics::{MetricsDigest, SessionMetrics},
};

/// Figures in the course of being read.
///
/// A store asks for the stretches of each of [`steps`](Self::steps) and hands in all roll-ups that begin in
/// them, then the rows of [`remaining`](Self::remaining), then those of [`to_take_back`](Self::to_take_back);
/// all of one state of the archive.
#[derive(Debug, Clone)]
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
    use crate::session::SessionType;

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
}
