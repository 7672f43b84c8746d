#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    reason = "behaviours are tests: a store's error fails them where it happens"
)]

#[macro_use]
pub mod suite;

pub mod active;
pub mod archive;
pub mod fixtures;
pub mod metrics;
pub mod model;

pub use suite::{Behaviour, Kept};
