//! Coins on Kraken: the last trade, the book, today in UTC, daily candles.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::number::{Figure, above_zero};
use crate::text::printable;
use crate::{
    AsOf, AsOfKind, AssetClass, BidAsk, Change, ChangeBasis, CryptoMetrics, DayFigures, Depth,
    FailureKind, MarketError, MarketProvider, Pair, Profile, Quote, QuoteRequest, Reach, Turn,
    pair,
};

use super::coin::{self, Trade};

const NAME: &str = "kraken";
/// About one call a second, counted over a minute so that a few at once fit.
const LIMIT: RateLimit = RateLimit::new(60, 60).at_once(3);

/// Kraken; it asks for no key and states no time, so its prices are of the moment they arrive.
#[derive(Debug)]
pub struct Kraken {
    endpoint: Endpoint,
}

impl Kraken {
    /// Where it is reached unless somebody says otherwise.
    pub const BASE_URL: &'static str = "https://api.kraken.com";

    /// The exchange at an address.
    pub fn new(client: &HttpClient, base_url: &str) -> Result<Self, HttpSetupError> {
        Ok(Self {
            endpoint: Endpoint::new(NAME, client, base_url, LIMIT)?,
        })
    }

    /// What the exchange says under the pair asked for; `None` where it has no such pair.
    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        what: &str,
        pair: &Pair,
        more: &[(&str, &str)],
    ) -> Result<Option<T>, MarketError> {
        let name = format!("{}{}", here(pair.base.as_str()), here(pair.quote.as_str()));
        let mut query = vec![("pair", name.as_str())];
        query.extend(more);
        let path = ["0", "public", what];
        let Some(envelope) = self.endpoint.json::<Envelope>(&path, &query).await? else {
            return Err(self.endpoint.bad("it has no such resource"));
        };
        if let Some(error) = envelope.error.first() {
            return self.refusal(error);
        }
        let mut result = envelope.result.unwrap_or_default();
        result.remove("last");
        let Some((found, value)) = result.into_iter().next() else {
            return Err(self
                .endpoint
                .bad("it answered neither a result nor an error"));
        };
        if !names(&found, pair) {
            return Err(self.endpoint.implausible(format!(
                "it answered for {}, not for {pair}",
                printable(&found)
            )));
        }
        let value = serde_json::from_str(value.get())
            .map_err(|error| self.endpoint.bad(printable(&error.to_string())))?;
        Ok(Some(value))
    }

    /// Errors come with the status 200.
    fn refusal<T>(&self, error: &str) -> Result<Option<T>, MarketError> {
        let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
        if says(&["Unknown asset pair", "Invalid asset pair"]) {
            return Ok(None);
        }
        if says(&["Rate limit", "Too many requests", "Throttled"]) {
            return Err(self.endpoint.rate_limited(error));
        }
        let failure = if error.starts_with("EService") || says(&["Internal error"]) {
            FailureKind::ServerError
        } else {
            FailureKind::Refused
        };
        Err(self.endpoint.failed(failure, printable(error)))
    }

    async fn of_pair(
        &self,
        pair: Pair,
        depth: Depth,
        now: DateTime<Utc>,
    ) -> Result<Option<Trade>, MarketError> {
        let Some(ticker) = self.ask::<Ticker>("Ticker", &pair, &[]).await? else {
            return Ok(None);
        };
        let Some(Figure(price)) = ticker.c.first().copied() else {
            return Err(self.endpoint.bad("it states no last price"));
        };
        if ticker.v.get(1).is_some_and(|Figure(day)| day.is_zero()) {
            let problem = "nothing was traded for a day, and it does not say when last";
            return Err(self.endpoint.implausible(problem));
        }
        let open = above_zero(ticker.o);
        let technical = match depth {
            Depth::Quick | Depth::Standard => None,
            Depth::Deep => {
                let daily = [("interval", "1440")];
                let candles: Option<Vec<Candle>> = self.ask("OHLC", &pair, &daily).await?;
                let candles = candles.unwrap_or_default().into_iter();
                coin::technical(candles.map(|candle| (candle.0, candle.4)), now)
            }
        };
        Ok(Some(Trade {
            listed_as: pair.to_string(),
            pair,
            price,
            change: open.and_then(|open| Change::between(open, price, ChangeBasis::UtcDay, None)),
            as_of: AsOf {
                at: now,
                kind: AsOfKind::Received,
            },
            book: BidAsk::of(ticker.b.first().copied(), ticker.a.first().copied()),
            day: DayFigures {
                open,
                day_high: above_zero(ticker.h.first().copied()),
                day_low: above_zero(ticker.l.first().copied()),
                volume: above_zero(ticker.v.first().copied()),
            },
            last_24h: CryptoMetrics {
                volume: above_zero(ticker.v.get(1).copied()),
                high: above_zero(ticker.h.get(1).copied()),
                low: above_zero(ticker.l.get(1).copied()),
            },
            technical,
        }))
    }
}

#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(default)]
    error: Vec<String>,
    result: Option<HashMap<String, Box<RawValue>>>,
}

/// `Ticker`: the first figure of a list is of today, or the price itself; the second of the last 24 hours.
#[derive(Debug, Deserialize)]
struct Ticker {
    /// Ask.
    #[serde(default)]
    a: Vec<Figure>,
    /// Bid.
    #[serde(default)]
    b: Vec<Figure>,
    /// Last trade.
    c: Vec<Figure>,
    #[serde(default)]
    v: Vec<Figure>,
    #[serde(default)]
    l: Vec<Figure>,
    #[serde(default)]
    h: Vec<Figure>,
    /// The first price of the day in UTC.
    o: Option<Figure>,
}

/// `OHLC`: time, open, high, low, close, mean, volume, count.
type Candle = (i64, Figure, Figure, Figure, Figure, Figure, Figure, u64);

/// A coin by the name it has here.
fn here(symbol: &str) -> &str {
    match symbol {
        "BTC" => "XBT",
        "DOGE" => "XDG",
        other => other,
    }
}

/// Whether an answer's name is that of a pair: `XBTUSD`, or as old pairs are called, `XXBTZUSD`.
fn names(found: &str, pair: &Pair) -> bool {
    let (base, quote) = (here(pair.base.as_str()), here(pair.quote.as_str()));
    let sides = |side: &str| [side.to_owned(), format!("X{side}"), format!("Z{side}")];
    let bases = sides(base).into_iter().chain([pair.base.to_string()]);
    bases.into_iter().any(|base| {
        let rest = found.strip_prefix(&base);
        rest.is_some_and(|rest| sides(quote).iter().any(|quote| rest == quote))
    })
}

#[async_trait]
impl MarketProvider for Kraken {
    fn name(&self) -> &str {
        NAME
    }

    fn profile(&self) -> Profile {
        Profile {
            classes: &[AssetClass::Coin],
            venue: Some(NAME),
            reach: Reach::Network(LIMIT),
            licence: Some("Kraken public market data, under Kraken's API terms."),
        }
    }

    fn closed_for(&self) -> Option<Duration> {
        self.endpoint.closed_for()
    }

    async fn quote(&self, request: &QuoteRequest, turn: &Turn) -> Result<Quote, MarketError> {
        // The ticker, and the candles; one more ticker for each pair that is not there.
        let mut calls = match request.depth {
            Depth::Quick | Depth::Standard => 1,
            Depth::Deep => 2,
        };
        for pair in pair::wanted(request) {
            self.endpoint.admit(calls, turn).await?;
            let trade = self.of_pair(pair, request.depth, turn.now()).await?;
            if let Some(trade) = trade {
                return Ok(trade.quote(NAME, request));
            }
            calls = 1;
        }
        Err(MarketError::not_found(request, Vec::new()))
    }

    async fn generation(&self) -> u64 {
        0
    }

    async fn symbols(&self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_known_by_each_of_its_names_and_no_other() {
        let pair = |base: &str, quote: &str| Pair {
            base: base.parse().unwrap(),
            quote: quote.parse().unwrap(),
        };
        for found in ["XXBTZUSD", "XBTUSD"] {
            assert!(names(found, &pair("BTC", "USD")), "{found}");
        }
        assert!(names("XDGUSD", &pair("DOGE", "USD")));
        assert!(names("XETHXXBT", &pair("ETH", "BTC")));
        for found in ["XETHZUSD", "XXBTZEUR", "XBTUSDT", "", "USD"] {
            assert!(!names(found, &pair("BTC", "USD")), "{found}");
        }
    }
}
