//! What an asset costs, from whom and as of when.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::{AsOf, AssetClass, Delivery, Pair, Symbol, Technical, number};

/// A price with its origin; whatever the source does not say is absent.
///
/// Decimals hold the source's own digits and are written as JSON numbers (exact for whole numbers
/// in the range of `i64` and for up to 15 digits otherwise).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quote {
    /// What was asked for.
    pub symbol: Symbol,
    /// The name the source lists it under; see [`NoteKind::ListedAs`] when it differs.
    pub listed_as: String,
    /// The kind of asset asked for.
    pub asset_class: AssetClass,
    /// The asset's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The exchange the price is from; never merely the one asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// The market the price is from; never merely the one asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// The currency of the price, in the source's own spelling (`GBp` is not `GBP`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// For a coin, the pair really found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<Pair>,
    /// The price: finite and above zero.
    #[serde(serialize_with = "number::serialize")]
    pub price: Decimal,
    /// The change against an earlier price, if there is a comparable one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The instant the price is of.
    pub as_of: AsOf,
    /// How the source delivers its prices.
    pub delivery: Delivery,
    /// Who answered, and from what: `file:stocks.csv`.
    pub source: String,
    /// The best prices at which others would buy and sell, where the source states both.
    #[serde(flatten)]
    pub book: Option<BidAsk>,
    /// Whether the asset is being traded, where the source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_state: Option<MarketState>,
    /// Until when the price cannot change, where the source says enough to tell: its market is closed, the price
    /// of the close is settled, and the next session begins no earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged_until: Option<DateTime<Utc>>,
    /// The other figures of the same day.
    #[serde(flatten)]
    pub day: DayFigures,
    /// Figures over the trailing year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structural_data: Option<StructuralData>,
    /// Figures of a coin over the last 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crypto_metrics: Option<CryptoMetrics>,
    /// What its daily prices have done, at full depth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technical: Option<Technical>,
    /// What the answer could not honour, or what a reader must know to read it rightly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// The best prices of an order book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BidAsk {
    /// The highest price at which somebody would buy.
    #[serde(serialize_with = "number::serialize")]
    pub bid: Decimal,
    /// The lowest price at which somebody would sell.
    #[serde(serialize_with = "number::serialize")]
    pub ask: Decimal,
}

impl BidAsk {
    /// Both sides, if both are above zero and do not cross.
    pub(crate) fn of(bid: Option<number::Figure>, ask: Option<number::Figure>) -> Option<Self> {
        let (bid, ask) = (number::above_zero(bid)?, number::above_zero(ask)?);
        (bid <= ask).then_some(Self { bid, ask })
    }
}

/// Whether an asset is being traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketState {
    /// In its regular session, or at all hours.
    Open,
    /// Outside its regular session.
    Closed,
}

/// How a price differs from an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The difference, exact.
    #[serde(serialize_with = "number::serialize")]
    pub amount: Decimal,
    /// The difference in percent of the earlier price, computed in decimal and rounded to 4 places
    /// (half away from zero).
    #[serde(serialize_with = "number::serialize")]
    pub percent: Decimal,
    /// What the earlier price is.
    pub basis: ChangeBasis,
    /// The earlier price.
    #[serde(serialize_with = "number::serialize")]
    pub previous_price: Decimal,
    /// The date of the earlier price, where the basis alone does not give it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_date: Option<NaiveDate>,
}

impl Change {
    /// The change from `previous` to `price`; `None` if a figure is out of range.
    pub fn between(
        previous: Decimal,
        price: Decimal,
        basis: ChangeBasis,
        previous_date: Option<NaiveDate>,
    ) -> Option<Self> {
        let amount = price.checked_sub(previous)?;
        let percent = amount
            .checked_mul(Decimal::ONE_HUNDRED)?
            .checked_div(previous)?;
        Some(Self {
            amount,
            percent: number::round(percent, 4),
            basis,
            previous_price: previous,
            previous_date,
        })
    }

    /// The percentage to two places, rounded half away from zero: `+8.99 %`, `−1.27 %`.
    pub fn percent_text(&self) -> String {
        let percent = number::round(self.percent, 2);
        let sign = if percent < Decimal::ZERO { '−' } else { '+' };
        format!("{sign}{:.2} %", percent.abs())
    }
}

/// What a change is measured against; sources differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeBasis {
    /// The row before, whatever its date.
    PreviousRow,
    /// The close of the trading day before.
    PreviousClose,
    /// The price 24 hours earlier.
    #[serde(rename = "24h")]
    Rolling24h,
    /// The first price of the current day in UTC.
    UtcDay,
}

impl ChangeBasis {
    /// The basis as it stands in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreviousRow => "previous_row",
            Self::PreviousClose => "previous_close",
            Self::Rolling24h => "24h",
            Self::UtcDay => "utc_day",
        }
    }
}

/// The other figures of the day a price is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DayFigures {
    /// The first price.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub open: Option<Decimal>,
    /// The highest price.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub day_high: Option<Decimal>,
    /// The lowest price.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub day_low: Option<Decimal>,
    /// The amount traded.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub volume: Option<Decimal>,
}

/// Figures of a coin over the 24 hours that end with the price; coins have no other day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CryptoMetrics {
    /// The amount traded, in the coin.
    #[serde(
        rename = "volume24h",
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub volume: Option<Decimal>,
    /// The highest price.
    #[serde(
        rename = "high_24h",
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub high: Option<Decimal>,
    /// The lowest price.
    #[serde(
        rename = "low_24h",
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub low: Option<Decimal>,
}

/// Figures over the year that ends with the price, and what they are computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StructuralData {
    /// The highest price.
    #[serde(serialize_with = "number::serialize")]
    pub week_52_high: Decimal,
    /// The lowest price.
    #[serde(serialize_with = "number::serialize")]
    pub week_52_low: Decimal,
    /// The mean volume of the rows that state one, rounded to 2 places.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub average_volume: Option<Decimal>,
    /// How many rows the average volume is the mean of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_volume_rows: Option<usize>,
    /// Which prices the range is taken from.
    pub computed_from: RangeSource,
    /// The first date looked at, where the figures are computed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// The last date looked at: the date of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// How many rows were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
}

/// Which prices a range is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeSource {
    /// Closing prices: the true range may be wider.
    Closes,
    /// The highs and lows of each day.
    HighLow,
    /// None here: the source states the range itself.
    Stated,
}

/// Something a reader must know to read a quote rightly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// The same in a sentence.
    pub message: String,
}

impl Note {
    /// A note of this kind.
    pub fn new(kind: NoteKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// What a [`Note`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// An exchange was asked for; whether the price is from there cannot be told.
    ExchangeNotHonoured,
    /// An exchange was asked for, and the price is from another.
    ExchangeSubstituted,
    /// A market was asked for; whether the price is from there cannot be told.
    MarketNotHonoured,
    /// A market was asked for, and the price is from another.
    MarketSubstituted,
    /// The price is in another currency than the pair asked for.
    PairSubstituted,
    /// The source does not say what the coin is priced in.
    PairUnknown,
    /// The source lists the asset under another name.
    ListedAs,
    /// The prices are adjusted for splits and dividends, not the prices paid.
    AdjustedCloses,
    /// Rows dated after today were left out.
    FutureRowsLeftOut,
    /// Lines or whole files that could not be read were left out; one of them may concern this asset.
    LinesLeftOut,
    /// Earlier rows are in another currency or adjusted otherwise, so nothing is computed from them.
    NotComparable,
    /// The price moved by more than 95 %, and a second source agrees.
    LargeChangeConfirmed,
    /// Official figures of the company could not be had.
    FundamentalsMissing,
    /// A second source was to be asked and had no answer.
    NoComparison,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_rounded_and_never_a_negative_nothing() {
        let price = |text: &str| text.parse::<Decimal>().unwrap();
        for (price, told) in [
            (price("101.999"), "+2.00 %"),
            (price("101.006"), "+1.01 %"),
            (price("98.735"), "−1.27 %"),
            (price("99.996"), "+0.00 %"),
            (price("100"), "+0.00 %"),
        ] {
            let basis = ChangeBasis::PreviousRow;
            let change = Change::between(Decimal::ONE_HUNDRED, price, basis, None).unwrap();
            assert_eq!(change.percent_text(), told, "{price}");
        }
    }
}
