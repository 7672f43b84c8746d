//! Coins on Coinbase Exchange: the last trade, the book, the last 24 hours, daily candles.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::number::{Figure, above_zero};
use crate::technical::DailyClose;
use crate::{
    AsOf, AsOfKind, AssetClass, BidAsk, Change, ChangeBasis, DayFigures, Delivery, Depth,
    MarketError, MarketProvider, MarketState, Pair, Profile, Quote, QuoteRequest, Reach, Technical,
    pair,
};

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

    async fn of_product(
        &self,
        request: &QuoteRequest,
        found: Pair,
        now: DateTime<Utc>,
    ) -> Result<Option<Quote>, MarketError> {
        let product = format!("{}-{}", found.base, found.quote);
        let path = |what| ["products", product.as_str(), what];
        let Some(ticker) = self.endpoint.json::<Ticker>(&path("ticker"), &[]).await? else {
            return Ok(None);
        };
        let Figure(price) = ticker.price;
        let stats: Option<Stats> = self.endpoint.json(&path("stats"), &[]).await?;
        let stats = stats.unwrap_or_default();
        let change = above_zero(stats.open)
            .and_then(|open| Change::between(open, price, ChangeBasis::Rolling24h, None));
        let technical = match request.depth {
            Depth::Quick | Depth::Standard => None,
            Depth::Deep => self.technical(&path("candles"), now).await?,
        };
        Ok(Some(Quote {
            symbol: request.symbol.clone(),
            listed_as: product,
            asset_class: request.asset_class,
            name: None,
            exchange: Some(NAME.to_owned()),
            market: None,
            currency: Some(found.quote.to_string()),
            notes: pair::substituted(request, &found).into_iter().collect(),
            pair: Some(found),
            price,
            change,
            as_of: AsOf {
                at: ticker.time,
                kind: AsOfKind::Exchange,
            },
            delivery: Delivery::Live,
            source: NAME.to_owned(),
            book: BidAsk::of(ticker.bid, ticker.ask),
            market_state: Some(MarketState::Open),
            day: DayFigures {
                open: above_zero(stats.open),
                day_high: above_zero(stats.high),
                day_low: above_zero(stats.low),
                volume: above_zero(stats.volume.or(ticker.volume)),
            },
            structural_data: None,
            technical,
        }))
    }

    /// Over the finished days alone: today's candle is still moving.
    async fn technical(
        &self,
        path: &[&str],
        now: DateTime<Utc>,
    ) -> Result<Option<Technical>, MarketError> {
        let daily = [("granularity", "86400")];
        let Some(candles) = self.endpoint.json::<Vec<Candle>>(path, &daily).await? else {
            return Ok(None);
        };
        let mut closes: Vec<DailyClose> = candles
            .into_iter()
            .filter_map(|(time, _, _, _, Figure(close), _)| {
                let date = DateTime::from_timestamp_secs(time)?.date_naive();
                (date < now.date_naive()).then_some(DailyClose { date, close })
            })
            .collect();
        closes.sort_unstable_by_key(|day| day.date);
        Ok(Technical::over(&closes, true))
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

    async fn quote(
        &self,
        request: &QuoteRequest,
        now: DateTime<Utc>,
    ) -> Result<Quote, MarketError> {
        // Ticker, statistics and candles; one more ticker for each product that is not there.
        let calls = match request.depth {
            Depth::Quick | Depth::Standard => 2,
            Depth::Deep => 3,
        };
        for (missed, found) in pair::wanted(request).into_iter().enumerate() {
            self.endpoint
                .admit(if missed == 0 { calls } else { 1 })
                .await?;
            if let Some(quote) = self.of_product(request, found, now).await? {
                return Ok(quote);
            }
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
