//! The session that the chart names: whether it is on, and until when a price after it holds.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::MarketState;

/// How long after the end of a session the price of its close may still be settled: auctions end later, and
/// some exchanges are told 20 minutes behind.
const SETTLING: TimeDelta = TimeDelta::minutes(30);

/// By how much earlier or later than a day before a session may begin, where clocks are changed.
const CLOCK_CHANGE: TimeDelta = TimeDelta::hours(1);

/// The longest session after which the next one begins at the same hour: what is traded for longer, such as
/// currencies and futures, has weeks that begin at other hours than their days.
const LONGEST: TimeDelta = TimeDelta::hours(12);

const DAY: TimeDelta = TimeDelta::days(1);

/// The regular session of the day that the chart is of, in seconds since 1970.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Session {
    start: i64,
    end: i64,
}

impl Session {
    pub(super) fn state(self, now: DateTime<Utc>) -> MarketState {
        if (self.start..self.end).contains(&now.timestamp()) {
            MarketState::Open
        } else {
            MarketState::Closed
        }
    }

    /// Until when a price made then and told now cannot change; `None` where it may.
    ///
    /// The chart does not name the session after one that has ended, nor holidays. But none begins before its
    /// usual hour of some day, and where that hour has passed, the chart would name the session that began then.
    pub(super) fn unchanged_until(
        self,
        made: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let start = DateTime::from_timestamp_secs(self.start)?;
        let end = DateTime::from_timestamp_secs(self.end)?;
        if end <= start || end - start > LONGEST {
            return None;
        }
        if now < start {
            // Of the session before, however early the chart names the next one.
            return (now - made >= SETTLING).then_some(start);
        }
        // A price from before the session is behind it, and will be replaced.
        if now < end.checked_add_signed(SETTLING)? || made < start {
            return None;
        }
        let since = TimeDelta::seconds((now - start).num_seconds() % DAY.num_seconds());
        let may_begin = since < CLOCK_CHANGE || since >= DAY - CLOCK_CHANGE;
        (!may_begin).then(|| now + (DAY - CLOCK_CHANGE - since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Friday in New York, in summer.
    fn friday() -> Session {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap().timestamp();
        Session {
            start: at("2026-06-12T13:30:00Z"),
            end: at("2026-06-12T20:00:00Z"),
        }
    }

    #[test]
    fn a_price_holds_once_it_is_settled_and_until_a_session_could_begin() {
        for (now, until) in [
            ("2026-06-11T20:29:54Z", None),
            ("2026-06-11T20:29:55Z", Some("2026-06-12T13:30:00Z")),
            ("2026-06-12T13:29:59Z", Some("2026-06-12T13:30:00Z")),
            ("2026-06-12T13:30:00Z", None),
            ("2026-06-12T19:59:59Z", None),
            ("2026-06-12T20:29:59Z", None),
            ("2026-06-12T20:30:00Z", Some("2026-06-13T12:30:00Z")),
            ("2026-06-13T12:29:59Z", Some("2026-06-13T12:30:00Z")),
            ("2026-06-13T12:30:00Z", None),
            ("2026-06-13T14:29:59Z", None),
            // It would have begun by now, had there been one on Saturday.
            ("2026-06-13T14:30:00Z", Some("2026-06-14T12:30:00Z")),
            ("2026-06-15T12:00:00Z", Some("2026-06-15T12:30:00Z")),
        ] {
            let now: DateTime<Utc> = now.parse().unwrap();
            let made = DateTime::from_timestamp_secs(friday().end - 5).unwrap();
            let made = match now.timestamp() < friday().start {
                true => made - DAY,
                false => made,
            };
            let told = friday().unchanged_until(made, now);
            let until: Option<DateTime<Utc>> = until.map(|until| until.parse().unwrap());
            assert_eq!(told, until, "{now}");
        }
    }

    #[test]
    fn a_session_that_ends_before_it_begins_tells_nothing() {
        let Session { start, end } = friday();
        let turned = Session {
            start: end,
            end: start,
        };
        for hours in -24..72 {
            let now = DateTime::from_timestamp_secs(start + hours * 3_600).unwrap();
            let made = now - SETTLING * 2;
            assert_eq!(turned.unchanged_until(made, now), None, "{now}");
        }
    }

    #[test]
    fn what_is_traded_nearly_all_day_and_a_price_behind_its_session_never_hold() {
        let session = Session {
            start: friday().start,
            end: friday().start + 86_340,
        };
        for hours in 0..72 {
            let at = |hours: i64| DateTime::from_timestamp_secs(friday().start + hours * 3_600);
            let (made, now) = (at(0).unwrap(), at(hours).unwrap());
            assert_eq!(session.unchanged_until(made, now), None, "{now}");
            let (made, now) = (at(-1).unwrap(), at(hours).unwrap());
            assert_eq!(friday().unchanged_until(made, now), None, "{now}");
        }
    }
}
