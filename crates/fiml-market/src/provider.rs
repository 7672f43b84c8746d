//! The port every source of prices implements.

use std::fmt::{self, Debug};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::http::RateLimit;
use crate::providers::treasury;
use crate::{AssetClass, Fundamentals, MarketError, Quote, Symbol, Turn, pair};

/// What a source is, as far as whoever asks it must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The kinds of asset it answers for.
    pub classes: &'static [AssetClass],
    /// The exchange its prices are from, where they are all from one.
    pub venue: Option<&'static str>,
    /// How it is reached.
    pub reach: Reach,
    /// Under which terms its figures may be used, in a sentence.
    pub licence: Option<&'static str>,
}

/// How a source is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On this machine.
    Local,
    /// Over a network, at most so often.
    Network(RateLimit),
}

/// A source of prices.
///
/// A source that cannot answer says so: it never fills in a zero, a default or a guess.
#[async_trait]
pub trait MarketProvider: Debug + Send + Sync + 'static {
    /// The short, stable name of the source, as it stands in `source` and in attempts.
    fn name(&self) -> &str;

    /// What it is.
    fn profile(&self) -> Profile;

    /// How long it has asked to be left alone, from now on.
    fn closed_for(&self) -> Option<Duration>;

    /// Fetches one quote as of the turn's instant.
    ///
    /// - A symbol the source does not know is [`MarketError::SymbolNotFound`], with near matches if
    ///   it can list any.
    /// - A source that cannot answer is [`MarketError::Unavailable`].
    /// - A price is above zero.
    /// - What was asked for and could not be honoured stands in the quote's notes.
    async fn quote(&self, request: &QuoteRequest, turn: &Turn) -> Result<Quote, MarketError>;

    /// A number that changes when quotes given earlier no longer hold, such as after the prices
    /// were replaced; constant for a source that cannot tell.
    async fn generation(&self) -> u64;

    /// The symbols the source holds, in order; empty for a source that cannot list them.
    async fn symbols(&self) -> Vec<String>;
}

/// A source of official figures of companies.
#[async_trait]
pub trait FundamentalsProvider: Debug + Send + Sync + 'static {
    /// The short, stable name of the source.
    fn name(&self) -> &str;

    /// How it is reached.
    fn reach(&self) -> Reach;

    /// Under which terms its figures may be used, in a sentence.
    fn licence(&self) -> Option<&'static str>;

    /// How long it has asked to be left alone, from now on.
    fn closed_for(&self) -> Option<Duration>;

    /// What the company behind a share last reported as of the turn's instant.
    ///
    /// - A symbol of no company it knows is [`MarketError::SymbolNotFound`].
    /// - A source that cannot answer is [`MarketError::Unavailable`].
    /// - A figure that the company does not report is absent.
    async fn fundamentals(&self, symbol: &Symbol, turn: &Turn)
    -> Result<Fundamentals, MarketError>;
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
    /// Asks for whatever a symbol alone says it is: a coin with a dash before a currency (`BTC-USD`), an
    /// official series (`UST10Y`), and otherwise what goes by a ticker.
    pub fn of(symbol: Symbol) -> Self {
        match pair::split(&symbol) {
            // The whole symbol: an answer goes by the name that it was asked for.
            (_, Some(quote)) if pair::is_money(&quote) => Self::coin(symbol, None),
            _ => Self::ticker(symbol),
        }
    }

    /// Asks for an official series, or for a share, a fund or an index.
    pub fn ticker(symbol: Symbol) -> Self {
        let series = treasury::is_series(&symbol);
        let request = Self::equity(symbol);
        if series {
            return Self {
                asset_class: AssetClass::Macro,
                ..request
            };
        }
        request
    }

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
