//! What daily prices have done over a named window: returns, risk, averages.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};
use serde::Serialize;
use yata::core::Method as _;
use yata::methods::{RMA, SMA};

use crate::number;

/// The fewest prices that anything is computed from.
const FEWEST: usize = 15;
/// The days of Wilder's relative strength index.
const RSI_DAYS: u8 = 14;
/// Trading days in a year of a market that closes on weekends, and of one that never does.
const DAYS_OF_EXCHANGES: f64 = 252.0;
const DAYS_OF_COINS: f64 = 365.0;

/// Figures over daily closing prices, from the first to the last date named.
///
/// They are computed in doubles and rounded to 4 places; where the prices do not reach back far enough,
/// a figure is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Technical {
    /// The first day looked at.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// How many daily prices were looked at.
    pub days: usize,
    /// The change over the whole window, in percent.
    #[serde(serialize_with = "number::serialize")]
    pub return_percent: Decimal,
    /// The standard deviation of daily logarithmic returns, in percent a year.
    #[serde(serialize_with = "number::serialize")]
    pub volatility_percent: Decimal,
    /// By how many days a year that was multiplied.
    pub volatility_days: u32,
    /// The deepest fall from a high before it, in percent; zero or below.
    #[serde(serialize_with = "number::serialize")]
    pub max_drawdown_percent: Decimal,
    /// The mean of the last 20 prices.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub sma_20: Option<Decimal>,
    /// The mean of the last 50 prices.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub sma_50: Option<Decimal>,
    /// The mean of the last 200 prices.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub sma_200: Option<Decimal>,
    /// Wilder's relative strength index over 14 days, between 0 and 100.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub rsi_14: Option<Decimal>,
}

/// The closing price of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DailyClose {
    pub(crate) date: NaiveDate,
    pub(crate) close: Decimal,
}

impl Technical {
    /// Figures over these closes, oldest first; `None` where they are too few or not daily.
    pub(crate) fn over(closes: &[DailyClose], never_closes: bool) -> Option<Self> {
        let (first, last) = (closes.first()?, closes.last()?);
        if closes.len() < FEWEST || !is_daily(closes) {
            return None;
        }
        let prices: Vec<f64> = closes
            .iter()
            .map(|day| day.close.to_f64().filter(|price| *price > 0.0))
            .collect::<Option<_>>()?;
        let year = if never_closes {
            DAYS_OF_COINS
        } else {
            DAYS_OF_EXCHANGES
        };
        let whole = (prices.last()? / prices.first()? - 1.0) * 100.0;
        Some(Self {
            from: first.date,
            to: last.date,
            days: closes.len(),
            return_percent: rounded(whole)?,
            volatility_percent: rounded(daily_deviation(&prices) * year.sqrt() * 100.0)?,
            volatility_days: year.to_u32()?,
            max_drawdown_percent: rounded(drawdown(&prices) * 100.0)?,
            sma_20: mean(&prices, 20),
            sma_50: mean(&prices, 50),
            sma_200: mean(&prices, 200),
            rsi_14: relative_strength(&prices),
        })
    }
}

/// Whether the days lie as close as those of a market that closes on weekends and holidays.
fn is_daily(closes: &[DailyClose]) -> bool {
    closes
        .windows(2)
        .all(|pair| (1..=7).contains(&(pair[1].date - pair[0].date).num_days()))
}

fn rounded(figure: f64) -> Option<Decimal> {
    Some(number::round(Decimal::from_f64(figure)?, 4))
}

fn daily_deviation(prices: &[f64]) -> f64 {
    let returns: Vec<f64> = prices
        .windows(2)
        .map(|pair| (pair[1] / pair[0]).ln())
        .collect();
    let count = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / count;
    let squares: f64 = returns.iter().map(|one| (one - mean).powi(2)).sum();
    (squares / (count - 1.0)).sqrt()
}

fn drawdown(prices: &[f64]) -> f64 {
    let mut high = f64::MIN;
    prices.iter().fold(0.0, |deepest: f64, price| {
        high = high.max(*price);
        deepest.min(price / high - 1.0)
    })
}

fn mean(prices: &[f64], days: u8) -> Option<Decimal> {
    let tail = &prices[prices.len().checked_sub(days.into())?..];
    let mut average = SMA::new(days, tail.first()?).ok()?;
    let mut newest = None;
    for price in tail {
        newest = Some(average.next(price));
    }
    rounded(newest?)
}

/// Wilder's index: the first average is the plain mean of the first 14 changes.
fn relative_strength(prices: &[f64]) -> Option<Decimal> {
    let changes: Vec<f64> = prices.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (seed, rest) = changes.split_at_checked(RSI_DAYS.into())?;
    let smoothed = |part: fn(f64) -> f64| {
        let start = seed.iter().copied().map(part).sum::<f64>() / f64::from(RSI_DAYS);
        let mut average = RMA::new(RSI_DAYS, &start).ok()?;
        Some(
            rest.iter()
                .fold(start, |_, change| average.next(&part(*change))),
        )
    };
    let gains = smoothed(|change| change.max(0.0))?;
    let losses = smoothed(|change| (-change).max(0.0))?;
    if gains + losses == 0.0 {
        return None;
    }
    rounded(100.0 * gains / (gains + losses))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closes(prices: &[f64]) -> Vec<DailyClose> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let days = first.iter_days().zip(prices);
        days.map(|(date, price)| DailyClose {
            date,
            close: Decimal::from_f64(*price).unwrap(),
        })
        .collect()
    }

    #[test]
    fn the_index_is_that_of_wilders_own_table() {
        // Closes of a table that is printed in many textbooks, with its index after 14 and 15 changes.
        let table = [
            44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433,
            46.0826, 45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028,
        ];
        let index = |days| {
            let technical = Technical::over(&closes(&table[..days]), false).unwrap();
            number::round(technical.rsi_14.unwrap(), 2).to_string()
        };
        assert_eq!((index(15).as_str(), index(16).as_str()), ("70.53", "66.32"));
    }

    #[test]
    fn returns_falls_and_averages_are_those_of_the_window() {
        let mut prices = vec![100.0; 10];
        prices.extend([
            120.0, 60.0, 90.0, 90.0, 90.0, 110.0, 110.0, 110.0, 110.0, 110.0,
        ]);
        let technical = Technical::over(&closes(&prices), true).unwrap();
        assert_eq!(technical.return_percent.to_string(), "10");
        assert_eq!(technical.max_drawdown_percent.to_string(), "-50");
        assert_eq!(technical.sma_20.unwrap().to_string(), "100");
        assert_eq!(technical.sma_50, None);
        assert_eq!(technical.volatility_days, 365);
        assert_eq!(technical.to.to_string(), "2026-01-20");
    }

    #[test]
    fn too_few_days_and_months_are_no_window() {
        assert_eq!(Technical::over(&closes(&[1.0; 14]), false), None);
        let first = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
        let monthly: Vec<DailyClose> = (0..24)
            .map(|month| DailyClose {
                date: first + chrono::Months::new(month),
                close: Decimal::ONE,
            })
            .collect();
        assert_eq!(Technical::over(&monthly, false), None);
    }
}
