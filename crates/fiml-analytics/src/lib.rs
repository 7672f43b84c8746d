#![doc = include_str!("../README.md")]

mod error;
mod export;
mod live;
mod period;
mod reader;
mod series;
mod stats;
mod summary;

pub use error::AnalyticsError;
pub use export::{ExportedSession, MetricsExport};
pub use fiml_session_core::store::Step;
pub use period::{StatsRequest, parse_instant};
pub use reader::SessionAnalytics;
pub use series::{SeriesPoint, SessionSeries};
pub use stats::{AssetCount, Percentiles, SessionStats, TagCount};
pub use summary::{Change, UserSessionSummary};
