//! One market over many sources: asks them in order and remembers what they said.

mod answer;
mod asking;
mod breaker;
mod cache;
mod company;
mod config;
mod flight;
mod market;
mod source;
mod status;

pub use answer::{Answer, CacheInfo, CacheResult, Comparison, Lineage};
pub use breaker::{BreakerConfig, CircuitState};
pub use config::MarketConfig;
pub use market::Market;
pub use status::{CircuitStatus, LastFailure, OfficeStatus, ProviderStatus};
