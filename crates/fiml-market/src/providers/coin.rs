//! What exchanges of coins have in common: a trade in a pair as a quote, and figures over daily candles.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::number::Figure;
use crate::technical::DailyClose;
use crate::{
    AsOf, BidAsk, Change, CryptoMetrics, DayFigures, Delivery, Depth, MarketState, Pair, Quote,
    QuoteRequest, Technical, pair,
};

/// The days that figures over the past look at.
const YEAR: usize = 365;

/// The last trade in a pair, and what goes with it.
#[derive(Debug)]
pub(super) struct Trade {
    pub(super) pair: Pair,
    /// The exchange's own name of the pair.
    pub(super) listed_as: String,
    pub(super) price: Decimal,
    pub(super) change: Option<Change>,
    pub(super) as_of: AsOf,
    pub(super) book: Option<BidAsk>,
    /// The current day in UTC, where the exchange tells of it.
    pub(super) day: DayFigures,
    pub(super) last_24h: CryptoMetrics,
    pub(super) technical: Option<Technical>,
}

impl Trade {
    /// The quote of an exchange, which trades at all hours.
    pub(super) fn quote(self, exchange: &str, request: &QuoteRequest) -> Quote {
        Quote {
            symbol: request.symbol.clone(),
            listed_as: self.listed_as,
            asset_class: request.asset_class,
            name: None,
            exchange: Some(exchange.to_owned()),
            market: None,
            currency: Some(self.pair.quote.to_string()),
            notes: pair::substituted(request, &self.pair).into_iter().collect(),
            pair: Some(self.pair),
            price: self.price,
            change: self.change,
            as_of: self.as_of,
            delivery: Delivery::Live,
            source: exchange.to_owned(),
            book: self.book,
            market_state: Some(MarketState::Open),
            unchanged_until: None,
            day: self.day,
            structural_data: None,
            crypto_metrics: Some(self.last_24h).filter(|_| request.depth != Depth::Quick),
            technical: self.technical,
        }
    }
}

/// Over the finished days of a year, from the times and closes of candles: today's is still moving.
pub(super) fn technical(
    candles: impl IntoIterator<Item = (i64, Figure)>,
    now: DateTime<Utc>,
) -> Option<Technical> {
    let days = candles.into_iter().filter_map(|(time, Figure(close))| {
        let date = DateTime::from_timestamp_secs(time)?.date_naive();
        (date < now.date_naive()).then_some(DailyClose { date, close })
    });
    let mut closes: Vec<DailyClose> = days.collect();
    closes.sort_unstable_by_key(|day| day.date);
    let year = closes.len().saturating_sub(YEAR);
    Technical::over(&closes[year..], true)
}
