#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    reason = "behaviours are tests: a store's error fails them where it happens"
)]

#[macro_use]
pub mod suite;

pub mod active;
pub mod archive;
#[cfg(feature = "servers")]
pub mod checker;
pub mod counts;
pub mod fixtures;
pub mod jobs;
pub mod metrics;
pub mod model;
#[cfg(feature = "servers")]
pub mod proxy;
#[cfg(feature = "servers")]
pub mod servers;
pub mod upkeep;

pub use suite::{Behaviour, Kept};
