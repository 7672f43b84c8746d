//! The port every source of prices implements.

use std::fmt::{self, Debug};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{AssetClass, MarketError, Quote, Symbol};

/// A source of prices.
///
/// A source that cannot answer says so: it never fills in a zero, a default or a guess.
#[async_trait]
pub trait MarketProvider: Debug + Send + Sync + 'static {
    /// The short, stable name of the source, as it stands in `source` and in attempts.
    fn name(&self) -> &str;

    /// Fetches one quote as of `now`.
    ///
    /// - A symbol the source does not know is [`MarketError::SymbolNotFound`], with near matches if
    ///   it can list any.
    /// - A source that cannot answer is [`MarketError::Unavailable`].
    /// - A price is above zero and not of a time after `now`.
    /// - What was asked for and could not be honoured stands in the quote's notes.
    async fn quote(&self, request: &QuoteRequest, now: DateTime<Utc>)
    -> Result<Quote, MarketError>;

    /// A number that changes when quotes given earlier no longer hold, such as after the prices
    /// were replaced; constant for a source that cannot tell.
    async fn generation(&self) -> u64;

    /// The symbols the source holds, in order; empty for a source that cannot list them.
    async fn symbols(&self) -> Vec<String>;
}

/// What is asked of the market.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuoteRequest {
    /// The kind of asset.
    pub asset_class: AssetClass,
    /// Its symbol; for a coin the coin itself (`BTC`) or a pair (`BTC-USD`).
    pub symbol: Symbol,
    /// The market asked for, if one was named: `US`, `UK`.
    pub market: Option<String>,
    /// The exchange asked for, if one was named.
    pub exchange: Option<String>,
    /// What a coin is to be priced in; any dollar when absent.
    pub pair: Option<Symbol>,
    /// How much to find out.
    pub depth: Depth,
}

impl QuoteRequest {
    /// Asks for a share, a fund or an index, at standard depth.
    pub const fn equity(symbol: Symbol) -> Self {
        Self {
            asset_class: AssetClass::Equity,
            symbol,
            market: None,
            exchange: None,
            pair: None,
            depth: Depth::Standard,
        }
    }

    /// Asks for a coin, at standard depth.
    pub const fn coin(symbol: Symbol, pair: Option<Symbol>) -> Self {
        Self {
            asset_class: AssetClass::Coin,
            symbol,
            market: None,
            exchange: None,
            pair,
            depth: Depth::Standard,
        }
    }
}

impl fmt::Display for QuoteRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pair {
            Some(pair) if self.asset_class == AssetClass::Coin => {
                write!(f, "{}/{pair}", self.symbol)
            }
            _ => write!(f, "{}", self.symbol),
        }
    }
}

/// How much to find out about an asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// The price and its change.
    Quick,
    /// Also the figures over the trailing year.
    #[default]
    Standard,
    /// All a source has, and a second source where there is one.
    Deep,
}
