//! A quote with everything a reader needs to trust it or not.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::{
    AsOf, AssetClass, Attempt, Freshness, FreshnessStatus, Fundamentals, Quote, Valuation, number,
};

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
    /// What the company behind a share reports officially, where somebody was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fundamentals: Option<Fundamentals>,
    /// What follows from the price and those figures together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valuation: Option<Valuation>,
    /// The price of a second source, at full depth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Under which terms the figures may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<&'static str>,
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
    /// Somebody else was asking a source already.
    Coalesced,
    /// It was kept, and is past its time; a source is being asked again.
    Stale,
}

impl CacheResult {
    /// The result as it stands in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Coalesced => "coalesced",
            Self::Stale => "stale",
        }
    }
}

/// A second source's price beside the first's; never an average of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Who answered, and from what.
    pub source: String,
    /// Its price.
    #[serde(serialize_with = "number::serialize")]
    pub price: Decimal,
    /// The instant that price is of.
    pub as_of: AsOf,
    /// By how much it is above the first, in percent of the first.
    #[serde(serialize_with = "number::serialize")]
    pub spread_percent: Decimal,
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
        matches!(self.cache.result, CacheResult::Hit | CacheResult::Stale)
    }

    /// One line for a record: `AAPL 223.02 USD +8.99 % (file:stocks.csv, as of 2010-03-01, stale, hit)`, the
    /// last two of them how old the price is and whether memory answered.
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
            let _ = write!(line, " {}", change.percent_text());
        }
        let _ = write!(
            line,
            " ({}, as of {}, {}, {})",
            quote.source,
            quote.as_of.label(),
            self.freshness.status.as_str(),
            self.cache.result.as_str()
        );
        line
    }

    pub(super) fn new(
        kept: &Kept,
        result: CacheResult,
        attempts: Vec<Attempt>,
        now: DateTime<Utc>,
    ) -> Self {
        let (quote, fundamentals) = (&kept.quote, &kept.fundamentals);
        let mut freshness = Freshness::judge(
            quote.as_of,
            quote.delivery,
            kept.fetched_at,
            kept.expires_at,
            now,
        );
        let aged = freshness.status == FreshnessStatus::Stale;
        if result == CacheResult::Stale && !aged {
            freshness.status = FreshnessStatus::Stale;
            freshness.stale_reason = Some(format!(
                "kept past its time, {} seconds after it was fetched; the source is being asked again",
                (now - kept.fetched_at).num_seconds()
            ));
        }
        let mut quote = quote.clone();
        if result == CacheResult::Stale && quote.asset_class == AssetClass::Equity {
            // It may have opened or closed since.
            quote.market_state = None;
        }
        let in_dollars = quote.currency.as_deref() == Some("USD");
        // An old price and today's shares make a value that nothing ever had.
        let valued = fundamentals.as_deref().filter(|_| in_dollars && !aged);
        let company = fundamentals.as_deref().map(|company| &company.source);
        let providers: Vec<String> = [&kept.provider]
            .into_iter()
            .chain(company)
            .cloned()
            .collect();
        let sources = [&quote.source].into_iter().chain(company);
        let sources: Vec<String> = sources.cloned().collect();
        Self {
            cache: CacheInfo {
                result,
                fetched_at: kept.fetched_at,
                expires_at: kept.expires_at,
                ttl_seconds: (kept.expires_at - now).num_seconds().max(0),
            },
            attempts,
            data_lineage: Lineage {
                sources,
                source_count: providers.len(),
                providers,
                timestamp: kept.fetched_at,
            },
            valuation: valued.map(|company| Valuation::of(quote.price, company)),
            fundamentals: fundamentals.as_deref().cloned(),
            comparison: kept.comparison.clone(),
            licence: kept.licence,
            freshness,
            quote,
        }
    }
}
