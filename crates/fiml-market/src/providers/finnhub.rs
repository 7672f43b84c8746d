//! Shares and funds of the United States from Finnhub, with the user's own key.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::number::{Figure, above_zero};
use crate::text::printable;
use crate::{
    AsOf, AsOfKind, AssetClass, Change, ChangeBasis, DayFigures, Delivery, Depth, MarketError,
    MarketProvider, Profile, Quote, QuoteRequest, Reach,
};

const NAME: &str = "finnhub";
const LIMIT: RateLimit = RateLimit::new(60, 60);

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
}

impl Finnhub {
    /// Where it is reached unless somebody says otherwise.
    pub const BASE_URL: &'static str = "https://finnhub.io/api/v1";

    /// Finnhub at an address, under a key.
    pub fn new(client: &HttpClient, config: &FinnhubConfig) -> Result<Self, HttpSetupError> {
        let endpoint = Endpoint::new(NAME, client, &config.base_url, LIMIT)?;
        Ok(Self {
            endpoint: endpoint.with_header("x-finnhub-token", &config.key, "the key of Finnhub")?,
        })
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

    async fn quote(
        &self,
        request: &QuoteRequest,
        now: DateTime<Utc>,
    ) -> Result<Quote, MarketError> {
        let unknown = || MarketError::not_found(request, Vec::new());
        // Under the symbol of another market it would answer the American receipt.
        if request
            .market
            .as_deref()
            .is_some_and(|market| !is_us(market))
        {
            return Err(unknown());
        }
        let symbol = request.symbol.as_str();
        let query = [("symbol", symbol)];
        self.endpoint
            .admit(match request.depth {
                Depth::Quick => 1,
                Depth::Standard | Depth::Deep => 2,
            })
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
        // It states no session: a price that has not moved for a while is that of the last close.
        let delivery = if now - at > chrono::TimeDelta::minutes(15) {
            Delivery::EndOfDay
        } else {
            Delivery::Live
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
            exchange: shown(company.exchange),
            market: None,
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
            market_state: None,
            day: DayFigures {
                open: above_zero(price.o),
                day_high: above_zero(price.h),
                day_low: above_zero(price.l),
                volume: None,
            },
            structural_data: None,
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

fn is_us(market: &str) -> bool {
    matches!(
        market.to_ascii_uppercase().as_str(),
        "US" | "USA" | "NYSE" | "NASDAQ" | "AMEX"
    )
}
