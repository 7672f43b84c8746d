//! Shares and funds of the United States from Finnhub, with the user's own key.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::number::{Figure, above_zero};
use crate::text::printable;
use crate::{
    AsOf, AsOfKind, AssetClass, Change, ChangeBasis, DayFigures, Delivery, Depth, MarketError,
    MarketProvider, MarketState, Profile, Quote, QuoteRequest, Reach, Turn, places,
};

const NAME: &str = "finnhub";
const LIMIT: RateLimit = RateLimit::new(60, 60);
/// How long it is believed whether the market is open.
const SESSION_KEPT: TimeDelta = TimeDelta::minutes(1);
/// How long the question may take: the price is in hand by then, and is not to be lost over it.
const SESSION_TIME: Duration = Duration::from_millis(500);

/// Where Finnhub is, and the key it knows the user by.
#[derive(Clone)]
pub struct FinnhubConfig {
    /// Where it is reached.
    pub base_url: String,
    /// The key of the user's account.
    pub key: String,
}

impl fmt::Debug for FinnhubConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinnhubConfig")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// Finnhub.
#[derive(Debug)]
pub struct Finnhub {
    endpoint: Endpoint,
    session: Mutex<Option<Told>>,
}

/// What it last said of the market, which holds for every symbol.
#[derive(Debug)]
struct Told {
    at: DateTime<Utc>,
    state: Option<MarketState>,
}

impl Finnhub {
    /// Where it is reached unless somebody says otherwise.
    pub const BASE_URL: &'static str = "https://finnhub.io/api/v1";

    /// Finnhub at an address, under a key.
    pub fn new(client: &HttpClient, config: &FinnhubConfig) -> Result<Self, HttpSetupError> {
        let endpoint = Endpoint::new(NAME, client, &config.base_url, LIMIT)?;
        Ok(Self {
            endpoint: endpoint.with_header("x-finnhub-token", &config.key, "the key of Finnhub")?,
            session: Mutex::default(),
        })
    }

    /// Whether shares are being traded, asked once a minute; nothing where it does not say.
    ///
    /// A price made after it was told to be closed shows that it may have opened since: then it is asked again.
    async fn state(&self, priced: DateTime<Utc>, now: DateTime<Utc>) -> Option<MarketState> {
        // Whoever waits here waits for one bounded question, and no longer than it may take.
        let mut told = timeout(SESSION_TIME, self.session.lock()).await.ok()?;
        let fits = |told: &&Told| {
            let outlived = told.state == Some(MarketState::Closed) && priced > told.at;
            told.at <= now && now - told.at < SESSION_KEPT && !outlived
        };
        if let Some(told) = told.as_ref().filter(fits) {
            return told.state;
        }
        // However long the price itself was worth waiting for.
        self.endpoint.admit(1, &Turn::at(now)).await.ok()?;
        // Before it is asked: a question that is cut short is not put again by each one that follows.
        let told = told.insert(Told {
            at: now,
            state: None,
        });
        let path = ["stock", "market-status"];
        let session = self.endpoint.json(&path, &[("exchange", "US")]);
        let session = timeout(SESSION_TIME, session).await.ok()?;
        let session: Session = session.ok().flatten().unwrap_or_default();
        told.state = session.is_open.map(|open| {
            if open {
                MarketState::Open
            } else {
                MarketState::Closed
            }
        });
        told.state
    }
}

/// `/quote`; the price and the time are 0 where it knows no such symbol.
#[derive(Debug, Deserialize)]
struct Price {
    c: Figure,
    t: i64,
    h: Option<Figure>,
    l: Option<Figure>,
    o: Option<Figure>,
    pc: Option<Figure>,
}

/// `/stock/market-status`; open in the regular session alone.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    is_open: Option<bool>,
}

/// `/stock/profile2`; empty where it knows no such company.
#[derive(Debug, Default, Deserialize)]
struct Company {
    ticker: Option<String>,
    name: Option<String>,
    exchange: Option<String>,
    currency: Option<String>,
}

#[async_trait]
impl MarketProvider for Finnhub {
    fn name(&self) -> &str {
        NAME
    }

    fn profile(&self) -> Profile {
        Profile {
            classes: &[AssetClass::Equity],
            venue: None,
            reach: Reach::Network(LIMIT),
            licence: Some(
                "Finnhub data, under the terms of your own Finnhub plan; free plans are for personal use.",
            ),
        }
    }

    fn closed_for(&self) -> Option<Duration> {
        self.endpoint.closed_for()
    }

    async fn quote(&self, request: &QuoteRequest, turn: &Turn) -> Result<Quote, MarketError> {
        let unknown = || MarketError::not_found(request, Vec::new());
        // Under the symbol of another market it would answer the American receipt.
        let abroad = |market: &str| !places::is_us(market);
        if request.market.as_deref().is_some_and(abroad) {
            return Err(unknown());
        }
        let symbol = request.symbol.as_str();
        let query = [("symbol", symbol)];
        self.endpoint
            .admit(
                match request.depth {
                    Depth::Quick => 1,
                    Depth::Standard | Depth::Deep => 2,
                },
                turn,
            )
            .await?;
        let price: Option<Price> = self.endpoint.json(&["quote"], &query).await?;
        let price = price.filter(|price| price.t > 0 && !price.c.0.is_zero());
        let price = price.ok_or_else(unknown)?;
        let at = DateTime::from_timestamp_secs(price.t)
            .ok_or_else(|| self.endpoint.implausible("its time is out of range"))?;
        let company = match request.depth {
            Depth::Quick => Company::default(),
            Depth::Standard | Depth::Deep => {
                let path = ["stock", "profile2"];
                self.endpoint.json(&path, &query).await?.unwrap_or_default()
            }
        };
        if let Some(ticker) = company.ticker.as_deref()
            && !ticker.eq_ignore_ascii_case(symbol)
        {
            return Err(self.endpoint.implausible(format!(
                "it answered for {}, not for {symbol}",
                printable(ticker)
            )));
        }
        let close = above_zero(price.pc);
        let change = close
            .and_then(|close| Change::between(close, price.c.0, ChangeBasis::PreviousClose, None));
        let market = company.exchange.as_deref().and_then(places::market_of);
        // What it says of the market is of the American one.
        let american = match market {
            Some(market) => places::is_us(market),
            None => !symbol.contains('.') || request.symbol.share_class().is_some(),
        };
        let state = if american {
            self.state(at, turn.now()).await
        } else {
            None
        };
        let delivery = match state {
            Some(MarketState::Closed) => Delivery::EndOfDay,
            // Nobody says that it is the last price of a day, so it may be one that stopped.
            Some(MarketState::Open) | None => Delivery::Live,
        };
        let shown = |text: Option<String>| {
            text.filter(|text| !text.is_empty())
                .as_deref()
                .map(printable)
        };
        Ok(Quote {
            symbol: request.symbol.clone(),
            listed_as: symbol.to_owned(),
            asset_class: request.asset_class,
            name: shown(company.name),
            market: market.map(str::to_owned),
            exchange: shown(company.exchange),
            currency: shown(company.currency),
            pair: None,
            price: price.c.0,
            change,
            as_of: AsOf {
                at,
                kind: AsOfKind::Exchange,
            },
            delivery,
            source: NAME.to_owned(),
            book: None,
            market_state: state,
            unchanged_until: None,
            day: DayFigures {
                open: above_zero(price.o),
                day_high: above_zero(price.h),
                day_low: above_zero(price.l),
                volume: None,
            },
            structural_data: None,
            crypto_metrics: None,
            technical: None,
            notes: Vec::new(),
        })
    }

    async fn generation(&self) -> u64 {
        0
    }

    async fn symbols(&self) -> Vec<String> {
        Vec::new()
    }
}
