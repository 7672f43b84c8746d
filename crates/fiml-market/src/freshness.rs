//! How old an answer is, and whether it may be taken as current.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Serialize;

/// The age in calendar days up to which a daily price counts as the last close: a weekend, a
/// holiday and the day itself.
const END_OF_DAY_DAYS: i64 = 4;

/// The age beyond which a price delivered as live or delayed is stale.
const RUNNING_MINUTES: i64 = 15;

/// The instant a price is of, and how that instant is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// The instant; midnight UTC when only the date is known.
    pub at: DateTime<Utc>,
    /// How it is known.
    pub kind: AsOfKind,
}

impl AsOf {
    /// The price of a day whose hour is not known.
    pub fn date(date: NaiveDate) -> Self {
        Self {
            at: date.and_time(NaiveTime::MIN).and_utc(),
            kind: AsOfKind::Date,
        }
    }

    /// The instant as a person reads it: the date alone when no more is known.
    pub fn label(&self) -> String {
        match self.kind {
            AsOfKind::Date => self.at.date_naive().to_string(),
            AsOfKind::Exchange | AsOfKind::Received => {
                self.at.format("%Y-%m-%dT%H:%MZ").to_string()
            }
        }
    }
}

/// How the instant of a price is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AsOfKind {
    /// The source states when the price was made.
    Exchange,
    /// The source states no time; this is when its answer arrived.
    Received,
    /// The source states the date only.
    Date,
}

/// How a source delivers its prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// As they are made.
    Live,
    /// Behind by a known time.
    Delayed {
        /// How far behind.
        seconds: u32,
    },
    /// Once a day, or more rarely.
    EndOfDay,
}

/// Whether a price may be taken as current.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FreshnessStatus {
    /// Made within the last 15 minutes, by a source that does not hold prices back.
    Live,
    /// Held back by the source for a known time.
    Delayed,
    /// The last daily price, at most 4 calendar days old (a weekend and a holiday).
    EndOfDay,
    /// Older than its kind of source explains.
    Stale,
}

impl FreshnessStatus {
    /// Its serialised name, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Delayed => "delayed",
            Self::EndOfDay => "end of day",
            Self::Stale => "stale",
        }
    }
}

/// How old a price is at the moment it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// The verdict.
    pub status: FreshnessStatus,
    /// The instant the price is of.
    pub as_of: DateTime<Utc>,
    /// How that instant is known.
    pub as_of_kind: AsOfKind,
    /// When the source was asked.
    pub fetched_at: DateTime<Utc>,
    /// The age of the price itself, in seconds.
    pub age_seconds: i64,
    /// How far behind the source is known to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u32>,
    /// When the answer stops being served from memory.
    pub expires_at: DateTime<Utc>,
    /// Why the price is stale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_reason: Option<String>,
}

impl Freshness {
    /// Judges a price at the instant `now`.
    pub fn judge(
        as_of: AsOf,
        delivery: Delivery,
        fetched_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Self {
        let (current, allowed, delay_seconds) = match delivery {
            Delivery::Live => (
                FreshnessStatus::Live,
                now - as_of.at <= TimeDelta::minutes(RUNNING_MINUTES),
                None,
            ),
            Delivery::Delayed { seconds } => (
                FreshnessStatus::Delayed,
                now - as_of.at
                    <= TimeDelta::minutes(RUNNING_MINUTES) + TimeDelta::seconds(seconds.into()),
                Some(seconds),
            ),
            Delivery::EndOfDay => (
                FreshnessStatus::EndOfDay,
                days_between(as_of, now) <= END_OF_DAY_DAYS,
                None,
            ),
        };
        Self {
            status: if allowed {
                current
            } else {
                FreshnessStatus::Stale
            },
            as_of: as_of.at,
            as_of_kind: as_of.kind,
            fetched_at,
            // A source whose clock is a little ahead has prices of no age.
            age_seconds: (now - as_of.at).num_seconds().max(0),
            delay_seconds,
            expires_at,
            stale_reason: (!allowed).then(|| reason(as_of, now)),
        }
    }
}

fn days_between(as_of: AsOf, now: DateTime<Utc>) -> i64 {
    (now.date_naive() - as_of.at.date_naive()).num_days()
}

fn reason(as_of: AsOf, now: DateTime<Utc>) -> String {
    match as_of.kind {
        AsOfKind::Date => format!(
            "newest row is {}, {} days old",
            as_of.label(),
            days_between(as_of, now)
        ),
        AsOfKind::Exchange | AsOfKind::Received => format!(
            "newest price is of {}, {} seconds old",
            as_of.label(),
            (now - as_of.at).num_seconds()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn judged(as_of: AsOf, delivery: Delivery, now: &str) -> Freshness {
        let now = instant(now);
        Freshness::judge(as_of, delivery, now, now, now)
    }

    fn friday() -> AsOf {
        AsOf::date(NaiveDate::from_ymd_opt(2026, 4, 3).unwrap())
    }

    #[test]
    fn a_daily_price_lasts_over_a_weekend_and_a_holiday() {
        let tuesday = judged(friday(), Delivery::EndOfDay, "2026-04-07T23:59:59Z");
        assert_eq!(tuesday.status, FreshnessStatus::EndOfDay);
        assert_eq!(tuesday.stale_reason, None);
    }

    #[test]
    fn a_daily_price_is_stale_on_the_fifth_day_and_says_why() {
        let wednesday = judged(friday(), Delivery::EndOfDay, "2026-04-08T00:00:00Z");
        assert_eq!(wednesday.status, FreshnessStatus::Stale);
        assert_eq!(
            wednesday.stale_reason.as_deref(),
            Some("newest row is 2026-04-03, 5 days old")
        );
        assert_eq!(wednesday.age_seconds, 5 * 86_400);
    }

    #[test]
    fn a_price_that_stopped_running_is_neither_live_nor_delayed() {
        let made = AsOf {
            at: instant("2026-04-03T12:00:00Z"),
            kind: AsOfKind::Exchange,
        };
        let status = |delivery, now| judged(made, delivery, now).status;
        let delayed = Delivery::Delayed { seconds: 900 };
        assert_eq!(
            status(Delivery::Live, "2026-04-03T12:15:00Z"),
            FreshnessStatus::Live
        );
        assert_eq!(
            status(Delivery::Live, "2026-04-03T12:15:01Z"),
            FreshnessStatus::Stale
        );
        assert_eq!(
            status(delayed, "2026-04-03T12:30:00Z"),
            FreshnessStatus::Delayed
        );
        assert_eq!(
            status(delayed, "2026-04-03T12:30:01Z"),
            FreshnessStatus::Stale
        );
    }
}
