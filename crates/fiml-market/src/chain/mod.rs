//! One market over many sources: asks them in order and remembers what they said.

mod answer;
mod cache;
mod market;

pub use answer::{Answer, CacheInfo, CacheResult, Lineage};
pub use market::{Market, MarketConfig};
