//! How the sources of a market are doing.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::http::RateLimit;
use crate::{AssetClass, Attempt};

use super::CircuitState;

/// One source: what it is for, and how it has done in this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderStatus {
    /// Its name.
    pub name: String,
    /// The kinds of asset it is asked for.
    pub classes: Vec<AssetClass>,
    /// The limit it publishes; fewer calls than that are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<RateLimit>,
    /// Under which terms its figures may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<&'static str>,
    /// Whether it is asked, for each kind of asset.
    pub circuits: Vec<CircuitStatus>,
    /// How many seconds it has asked to be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_for_seconds: Option<u64>,
    /// The last time it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,
}

/// The office that knows what companies report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfficeStatus {
    /// Its name.
    pub name: String,
    /// The limit it publishes; fewer calls than that are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<RateLimit>,
    /// Under which terms its figures may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<&'static str>,
    /// How many seconds it has asked to be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_for_seconds: Option<u64>,
}

/// Whether a source is asked for a kind of asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CircuitStatus {
    /// The kind.
    pub asset_class: AssetClass,
    /// Whether it is.
    pub state: CircuitState,
}

/// When and how a source failed last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastFailure {
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// How it failed.
    #[serde(flatten)]
    pub attempt: Attempt,
}
