#![doc = include_str!("../README.md")]

mod asset;
pub mod chain;
mod error;
mod freshness;
mod fundamentals;
pub mod http;
mod near;
mod number;
mod pair;
mod places;
mod plausible;
mod provider;
pub mod providers;
mod quote;
mod symbol;
mod technical;
mod text;
mod turn;

pub use asset::{AssetClass, disclaimer};
pub use chain::{
    Answer, BreakerConfig, CacheInfo, CacheResult, CircuitState, CircuitStatus, Comparison,
    LastFailure, Lineage, Market, MarketConfig, OfficeStatus, ProviderStatus,
};
pub use error::{Attempt, BoxError, FailureKind, MarketError};
pub use freshness::{AsOf, AsOfKind, Delivery, Freshness, FreshnessStatus};
pub use fundamentals::{Fundamentals, Reported, Valuation};
pub use http::{HttpClient, HttpSetupError, RateLimit};
pub use number::Number;
pub use pair::Pair;
pub use provider::{Depth, FundamentalsProvider, MarketProvider, Profile, QuoteRequest, Reach};
pub use providers::coinbase::Coinbase;
pub use providers::edgar::{Edgar, EdgarConfig};
pub use providers::file::{
    FilePrices, LoadReport, LoadWarning, LoadedFile, PriceFileError, RejectedFile,
};
pub use providers::finnhub::{Finnhub, FinnhubConfig};
pub use providers::kraken::Kraken;
pub use providers::treasury::Treasury;
pub use providers::yahoo::Yahoo;
pub use quote::{
    BidAsk, Change, ChangeBasis, CryptoMetrics, DayFigures, MarketState, Note, NoteKind, Quote,
    RangeSource, StructuralData,
};
pub use symbol::{InvalidSymbol, Symbol};
pub use technical::Technical;
pub use turn::Turn;
