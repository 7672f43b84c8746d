//! The chart as it comes, and its daily prices.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::number::Figure;
use crate::technical::DailyClose;

use super::session::Session;

#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    pub(super) chart: Chart,
}

#[derive(Debug, Deserialize)]
pub(super) struct Chart {
    pub(super) result: Option<Vec<Series>>,
    pub(super) error: Option<Refusal>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) code: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Series {
    pub(super) meta: Meta,
    #[serde(default)]
    timestamp: Vec<i64>,
    indicators: Option<Indicators>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) symbol: String,
    pub(super) currency: Option<String>,
    pub(super) long_name: Option<String>,
    pub(super) short_name: Option<String>,
    pub(super) full_exchange_name: Option<String>,
    pub(super) exchange_name: Option<String>,
    pub(super) regular_market_price: Figure,
    pub(super) regular_market_time: i64,
    pub(super) regular_market_day_high: Option<Figure>,
    pub(super) regular_market_day_low: Option<Figure>,
    pub(super) regular_market_volume: Option<Figure>,
    pub(super) fifty_two_week_high: Option<Figure>,
    pub(super) fifty_two_week_low: Option<Figure>,
    /// How far the exchange's clock is ahead of UTC, in seconds.
    #[serde(default)]
    pub(super) gmtoffset: i64,
    pub(super) current_trading_period: Option<Periods>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Periods {
    pub(super) regular: Option<Session>,
}

#[derive(Debug, Deserialize)]
struct Indicators {
    #[serde(default)]
    quote: Vec<Rows>,
}

#[derive(Debug, Deserialize)]
struct Rows {
    #[serde(default)]
    close: Vec<Option<Figure>>,
    #[serde(default)]
    open: Vec<Option<Figure>>,
}

impl Meta {
    /// The day an instant falls on where the asset is traded.
    pub(super) fn day(&self, seconds: i64) -> Option<NaiveDate> {
        let at = DateTime::<Utc>::from_timestamp_secs(seconds)?;
        let there = at.checked_add_signed(TimeDelta::try_seconds(self.gmtoffset)?)?;
        Some(there.date_naive())
    }
}

impl Series {
    /// The closes of the days before the price's own, oldest first; days without one are left out.
    pub(super) fn closes_before(&self, day: NaiveDate) -> Vec<DailyClose> {
        let rows = self.rows();
        let closes = rows.map(|rows| rows.close.as_slice()).unwrap_or_default();
        let mut days: Vec<DailyClose> = self
            .timestamp
            .iter()
            .zip(closes)
            .filter_map(|(at, close)| {
                let date = self.meta.day(*at)?;
                let Figure(close) = (*close)?;
                (date < day && close > Decimal::ZERO).then_some(DailyClose { date, close })
            })
            .collect();
        days.sort_unstable_by_key(|day| day.date);
        days.dedup_by_key(|day| day.date);
        days
    }

    /// The first price of a day.
    pub(super) fn open_of(&self, day: NaiveDate) -> Option<Figure> {
        let opens = &self.rows()?.open;
        let mut days = self.timestamp.iter().zip(opens);
        let found = days.rfind(|(at, _)| self.meta.day(**at) == Some(day))?;
        *found.1
    }

    fn rows(&self) -> Option<&Rows> {
        self.indicators.as_ref()?.quote.first()
    }
}
