#![doc = include_str!("../README.md")]

mod asset;
pub mod chain;
mod error;
mod freshness;
mod near;
mod number;
mod pair;
mod provider;
pub mod providers;
mod quote;
mod symbol;
mod text;

pub use asset::{AssetClass, disclaimer};
pub use chain::{Answer, CacheInfo, CacheResult, Lineage, Market, MarketConfig};
pub use error::{Attempt, BoxError, MarketError};
pub use freshness::{AsOf, AsOfKind, Delivery, Freshness, FreshnessStatus};
pub use pair::Pair;
pub use provider::{Depth, MarketProvider, QuoteRequest};
pub use providers::file::{
    FilePrices, LoadReport, LoadWarning, LoadedFile, PriceFileError, RejectedFile,
};
pub use quote::{
    Change, ChangeBasis, DayFigures, Note, NoteKind, Quote, RangeSource, StructuralData,
};
pub use symbol::{InvalidSymbol, Symbol};
