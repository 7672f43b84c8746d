//! Coins on Coinbase Exchange: the last trade, the book, the last 24 hours, daily candles.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::number::{Figure, above_zero};
use crate::{
    AsOf, AsOfKind, AssetClass, BidAsk, Change, ChangeBasis, CryptoMetrics, DayFigures, Depth,
    MarketError, MarketProvider, Pair, Profile, Quote, QuoteRequest, Reach, Turn, pair,
};

use super::coin::{self, Trade};

const NAME: &str = "coinbase";
const LIMIT: RateLimit = RateLimit::new(10, 1);

/// Coinbase Exchange; it asks for no key.
#[derive(Debug)]
pub struct Coinbase {
    endpoint: Endpoint,
}

impl Coinbase {
    /// Where it is reached unless somebody says otherwise.
    pub const BASE_URL: &'static str = "https://api.exchange.coinbase.com";

    /// The exchange at an address.
    pub fn new(client: &HttpClient, base_url: &str) -> Result<Self, HttpSetupError> {
        Ok(Self {
            endpoint: Endpoint::new(NAME, client, base_url, LIMIT)?,
        })
    }

    async fn of_pair(
        &self,
        pair: Pair,
        depth: Depth,
        now: DateTime<Utc>,
    ) -> Result<Option<Trade>, MarketError> {
        let product = format!("{}-{}", pair.base, pair.quote);
        let path = |what| ["products", product.as_str(), what];
        let Some(ticker) = self.endpoint.json::<Ticker>(&path("ticker"), &[]).await? else {
            return Ok(None);
        };
        let Figure(price) = ticker.price;
        let stats: Option<Stats> = self.endpoint.json(&path("stats"), &[]).await?;
        let stats = stats.unwrap_or_default();
        let open = above_zero(stats.open);
        let technical = match depth {
            Depth::Quick | Depth::Standard => None,
            Depth::Deep => {
                let daily = [("granularity", "86400")];
                let candles: Option<Vec<Candle>> =
                    self.endpoint.json(&path("candles"), &daily).await?;
                let candles = candles.unwrap_or_default().into_iter();
                coin::technical(candles.map(|candle| (candle.0, candle.4)), now)
            }
        };
        Ok(Some(Trade {
            listed_as: product,
            pair,
            price,
            change: open
                .and_then(|open| Change::between(open, price, ChangeBasis::Rolling24h, None)),
            as_of: AsOf {
                at: ticker.time,
                kind: AsOfKind::Exchange,
            },
            book: BidAsk::of(ticker.bid, ticker.ask),
            day: DayFigures::default(),
            last_24h: CryptoMetrics {
                volume: above_zero(stats.volume.or(ticker.volume)),
                high: above_zero(stats.high),
                low: above_zero(stats.low),
            },
            technical,
        }))
    }
}

/// `/products/ID/ticker`.
#[derive(Debug, Deserialize)]
struct Ticker {
    price: Figure,
    time: DateTime<Utc>,
    bid: Option<Figure>,
    ask: Option<Figure>,
    volume: Option<Figure>,
}

/// `/products/ID/stats`, of the last 24 hours.
#[derive(Debug, Default, Deserialize)]
struct Stats {
    open: Option<Figure>,
    high: Option<Figure>,
    low: Option<Figure>,
    volume: Option<Figure>,
}

/// `/products/ID/candles`: time, low, high, open, close, volume.
type Candle = (i64, Figure, Figure, Figure, Figure, Figure);

#[async_trait]
impl MarketProvider for Coinbase {
    fn name(&self) -> &str {
        NAME
    }

    fn profile(&self) -> Profile {
        Profile {
            classes: &[AssetClass::Coin],
            venue: Some(NAME),
            reach: Reach::Network(LIMIT),
            licence: Some(
                "Coinbase Exchange market data, under Coinbase's market data terms of use.",
            ),
        }
    }

    fn closed_for(&self) -> Option<Duration> {
        self.endpoint.closed_for()
    }

    async fn quote(&self, request: &QuoteRequest, turn: &Turn) -> Result<Quote, MarketError> {
        // Ticker, statistics and candles; one more ticker for each product that is not there.
        let mut calls = match request.depth {
            Depth::Quick | Depth::Standard => 2,
            Depth::Deep => 3,
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
