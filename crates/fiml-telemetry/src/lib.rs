#![doc = include_str!("../README.md")]

mod active;
mod archive;
mod jobs;
mod metrics;
mod operations;
mod readings;
mod sessions;
mod telemetry;
mod upkeep;

pub use readings::Sources;
pub use telemetry::Telemetry;
