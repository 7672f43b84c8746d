//! A quote with everything a reader needs to trust it or not.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{Attempt, Freshness, Quote};

use super::cache::Kept;

/// A quote, where it came from, how old it is and whether it was kept in memory.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The quote.
    pub quote: Quote,
    /// How old it is, judged at the instant of the answer even when it comes from memory.
    pub freshness: Freshness,
    /// Whether it comes from memory.
    pub cache: CacheInfo,
    /// The sources asked for this answer, in order; none when it comes from memory.
    pub attempts: Vec<Attempt>,
    /// The sources the quote rests on.
    pub data_lineage: Lineage,
}

/// Whether an answer comes from memory, and until when it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheInfo {
    /// Whether it comes from memory.
    pub result: CacheResult,
    /// When the source was asked.
    pub fetched_at: DateTime<Utc>,
    /// When the answer stops being served from memory; sooner if the source changes.
    pub expires_at: DateTime<Utc>,
    /// The seconds left until then.
    pub ttl_seconds: i64,
}

/// Whether an answer comes from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheResult {
    /// It was kept.
    Hit,
    /// A source was asked.
    Miss,
}

impl CacheResult {
    /// The result as it stands in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// The sources a quote rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lineage {
    /// The names of the providers.
    pub providers: Vec<String>,
    /// What exactly they answered from.
    pub sources: Vec<String>,
    /// How many there are.
    pub source_count: usize,
    /// When they were asked.
    pub timestamp: DateTime<Utc>,
}

impl Answer {
    /// Whether the answer comes from memory.
    pub fn is_hit(&self) -> bool {
        self.cache.result == CacheResult::Hit
    }

    /// One line for a record: `AAPL 223.02 USD +8.99 % (file:stocks.csv, as of 2010-03-01, stale)`.
    pub fn summary(&self) -> String {
        let quote = &self.quote;
        let mut line = format!("{} {}", quote.listed_as, quote.price);
        let unit = quote
            .currency
            .clone()
            .or_else(|| quote.pair.as_ref().map(|pair| pair.quote.to_string()));
        if let Some(unit) = unit {
            let _ = write!(line, " {unit}");
        }
        if let Some(change) = &quote.change {
            let percent = crate::number::round(change.percent, 2);
            let sign = if percent.is_sign_negative() {
                "−"
            } else {
                "+"
            };
            let _ = write!(line, " {sign}{:.2} %", percent.abs());
        }
        let _ = write!(
            line,
            " ({}, as of {}, {})",
            quote.source,
            quote.as_of.label(),
            self.freshness.status.as_str()
        );
        line
    }

    pub(super) fn new(
        kept: Kept,
        result: CacheResult,
        attempts: Vec<Attempt>,
        now: DateTime<Utc>,
    ) -> Self {
        let Kept {
            quote,
            provider,
            fetched_at,
            expires_at,
            ..
        } = kept;
        Self {
            freshness: Freshness::judge(quote.as_of, quote.delivery, fetched_at, expires_at, now),
            cache: CacheInfo {
                result,
                fetched_at,
                expires_at,
                ttl_seconds: (expires_at - now).num_seconds(),
            },
            attempts,
            data_lineage: Lineage {
                providers: vec![provider],
                sources: vec![quote.source.clone()],
                source_count: 1,
                timestamp: fetched_at,
            },
            quote,
        }
    }
}
