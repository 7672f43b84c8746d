#![doc = include_str!("../README.md")]

mod error;
mod export;
mod reader;
mod series;
mod stats;
mod summary;

pub use error::AnalyticsError;
pub use export::{ExportedSession, MetricsExport};
pub use reader::{SessionAnalytics, StatsRequest};
pub use series::{SeriesPoint, SessionSeries, Step};
pub use stats::{AssetCount, Percentiles, SessionStats, TagCount};
pub use summary::{Change, UserSessionSummary};
