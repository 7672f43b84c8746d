#![doc = include_str!("../README.md")]

mod error;
mod reader;
mod stats;

pub use error::AnalyticsError;
pub use reader::{SessionAnalytics, StatsRequest};
pub use stats::{AssetCount, Percentiles, SessionStats, TagCount};
