//! The period that figures are asked for.

use std::time::Duration;

use fiml_session_core::{Asset, Invalid, Policy, SessionType, Tag, Timestamp, UserId, store::Step};

use crate::stats::Selection;

/// An instant as people write one: a day, at whose beginning in UTC it is, or RFC 3339.
pub fn parse_instant(argument: &str, text: &str) -> Result<Timestamp, Invalid> {
    let midnight = format!("{text}T00:00:00Z");
    let parsed = text.parse().or_else(|_| midnight.parse());
    parsed.map_err(|_| {
        let limit = "a day such as 2026-11-26, or an instant such as 2026-11-26T08:30:00Z";
        Invalid::malformed(argument, format!("is {text:?}"), limit)
    })
}

/// Which sessions figures are wanted of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsRequest {
    /// Those of this owner; of everybody in scope where none is given.
    pub user_id: Option<String>,
    /// Those of this type.
    pub session_type: Option<SessionType>,
    /// Those about this asset.
    pub asset: Option<String>,
    /// Those that carry this tag.
    pub tag: Option<String>,
    /// Those created in the last so many days, 1 to 3,650: from the start of the hour, in UTC, in which the
    /// first of them began.
    pub days: u32,
    /// Those created from this instant on, instead of in the last days.
    pub from: Option<Timestamp>,
    /// Those created before this instant, instead of before now.
    pub until: Option<Timestamp>,
}

impl Default for StatsRequest {
    fn default() -> Self {
        Self {
            user_id: None,
            session_type: None,
            asset: None,
            tag: None,
            days: Self::DEFAULT_DAYS,
            from: None,
            until: None,
        }
    }
}

impl StatsRequest {
    /// The period where the caller does not say, in days.
    pub const DEFAULT_DAYS: u32 = 30;
    /// The longest period, in days.
    pub const MAX_DAYS: u32 = 3_650;

    /// The sessions and the period, as they are at an instant.
    pub(crate) fn proven(&self, at: Timestamp) -> Result<(Selection, Period), Invalid> {
        let (days, most) = (self.days, Self::MAX_DAYS);
        if !(1..=most).contains(&days) {
            let limit = format!("1 to {most}");
            return Err(Invalid::malformed("days", format!("is {days}"), limit));
        }
        let end = self.until.unwrap_or(at);
        let period = match self.from {
            Some(from) if from >= end => {
                let problem = format!("is {from}, where the period ends at {end}");
                return Err(Invalid::malformed(
                    "from",
                    problem,
                    "an instant before its end",
                ));
            }
            Some(from) => Period {
                from,
                before: self.until,
                length: end.since(from),
            },
            None => {
                let from = Step::Hour.start(end.minus(DAY * days));
                Period {
                    from,
                    before: self.until,
                    length: end.since(from),
                }
            }
        };
        if self.from.is_some() && period.length > DAY * most {
            let problem = format!("is more than {most} days before the end");
            let limit = format!("at most {most} days");
            return Err(Invalid::malformed("from", problem, limit));
        }
        let long = match self.from {
            Some(_) => period.length.as_micros().div_ceil(DAY.as_micros()),
            None => days.into(),
        };
        let selection = Selection {
            user_id: parsed::<UserId>(self.user_id.as_deref())?,
            session_type: self.session_type,
            asset: parsed::<Asset>(self.asset.as_deref())?,
            tag: parsed::<Tag>(self.tag.as_deref())?,
            period_days: u32::try_from(long).unwrap_or(most),
            from: self.from,
            until: self.until,
        };
        Ok((selection, period))
    }
}

fn parsed<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, T::Err> {
    text.map(str::parse).transpose()
}

const DAY: Duration = Duration::from_hours(24);

/// A stretch of time, by the creation of sessions: from an instant on, and before another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub(crate) from: Timestamp,
    /// The end where one was asked for; else whatever was created until now.
    pub(crate) before: Option<Timestamp>,
    pub(crate) length: Duration,
}

impl Period {
    /// The period before, as long, which ends where this one begins.
    pub(crate) fn previous(self) -> Self {
        Self {
            from: self.from.minus(self.length),
            before: Some(self.from),
            ..self
        }
    }

    /// From when on it is complete, where it begins before the figures that are surely kept at an instant.
    pub(crate) fn complete_since(self, policy: &Policy, at: Timestamp) -> Option<Timestamp> {
        let kept = at.minus(policy.metrics_retention);
        (self.from < kept).then_some(kept)
    }

    /// The last instant of it.
    pub(crate) fn last(self, at: Timestamp) -> Timestamp {
        let last = |before: Timestamp| before.minus(Duration::from_micros(1));
        self.before.map_or(at, last)
    }
}
