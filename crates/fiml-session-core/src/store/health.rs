//! The port of a store's condition.

use std::fmt::Debug;

use async_trait::async_trait;
use serde::Serialize;

use crate::{clock::Timestamp, store::StoreError};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// It will do harm one day.
    Warning,
    /// Acknowledged writes would be lost in a crash, or are refused already.
    Danger,
}

/// Something that an operator should know about a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What is so.
    pub found: String,
    /// What to change; empty where nothing needs changing.
    pub remedy: String,
}

/// The condition of a store's server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// What it is, as errors name it.
    pub store: &'static str,
    /// The version of the server, as it says it.
    pub version: String,
    /// What its clock said; none where it is ours.
    pub clock: Option<Timestamp>,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
}

/// Tells whether a store would keep what it acknowledges.
#[async_trait]
pub trait StoreHealth: Debug + Send + Sync + 'static {
    /// Asks the server; [`StoreError::Unavailable`] where it does not answer.
    async fn health(&self) -> Result<Health, StoreError>;
}
