//! The market a caller asks: sources in order, with a memory.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::{AssetClass, Attempt, Delivery, MarketError, MarketProvider, Quote, QuoteRequest};

use super::cache::{Cache, Kept};
use super::{Answer, CacheResult};

/// How long answers are kept in memory, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketConfig {
    /// How long a running equity price is kept.
    pub equity_ttl: Duration,
    /// How long a running coin price is kept.
    pub coin_ttl: Duration,
    /// How long a daily price is kept, whatever the asset.
    pub end_of_day_ttl: Duration,
    /// How many answers are kept; 0 keeps none.
    pub capacity: usize,
}

impl MarketConfig {
    /// 15 seconds.
    pub const DEFAULT_EQUITY_TTL: Duration = Duration::from_secs(15);
    /// 10 seconds.
    pub const DEFAULT_COIN_TTL: Duration = Duration::from_secs(10);
    /// 5 minutes; a changed price file ends it at once.
    pub const DEFAULT_END_OF_DAY_TTL: Duration = Duration::from_secs(300);
    /// 10,000 answers.
    pub const DEFAULT_CAPACITY: usize = 10_000;

    fn ttl(&self, quote: &Quote) -> TimeDelta {
        let ttl = match (quote.delivery, quote.asset_class) {
            (Delivery::EndOfDay, _) => self.end_of_day_ttl,
            (Delivery::Live | Delivery::Delayed { .. }, AssetClass::Equity) => self.equity_ttl,
            (Delivery::Live | Delivery::Delayed { .. }, AssetClass::Coin) => self.coin_ttl,
        };
        TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX)
    }
}

impl Default for MarketConfig {
    fn default() -> Self {
        Self {
            equity_ttl: Self::DEFAULT_EQUITY_TTL,
            coin_ttl: Self::DEFAULT_COIN_TTL,
            end_of_day_ttl: Self::DEFAULT_END_OF_DAY_TTL,
            capacity: Self::DEFAULT_CAPACITY,
        }
    }
}

/// Sources of prices asked in order, with a memory of what they answered.
///
/// - The first source that answers wins; figures of two sources are never mixed.
/// - A symbol counts as not found only when every source said so.
/// - Only answers are kept, never failures, and none outlives a change of a source.
/// - With no source at all every question is [`MarketError::NotConfigured`].
#[derive(Debug)]
pub struct Market {
    providers: Vec<Arc<dyn MarketProvider>>,
    config: MarketConfig,
    cache: Cache,
}

impl Market {
    /// A market over these sources, asked in this order.
    pub fn new(providers: Vec<Arc<dyn MarketProvider>>, config: MarketConfig) -> Self {
        let cache = Cache::new(config.capacity);
        Self {
            providers,
            config,
            cache,
        }
    }

    /// A market without a source: it answers every question by saying how to name one.
    pub fn unconfigured() -> Self {
        Self::new(Vec::new(), MarketConfig::default())
    }

    /// Whether there is a source to ask.
    pub fn is_configured(&self) -> bool {
        !self.providers.is_empty()
    }

    /// Answers a request as of `now`, from memory where that still holds.
    pub async fn quote(
        &self,
        request: &QuoteRequest,
        now: DateTime<Utc>,
    ) -> Result<Answer, MarketError> {
        if self.providers.is_empty() {
            return Err(MarketError::NotConfigured);
        }
        // Taken before a source is asked: a change in between makes the entry useless, never wrong.
        let generations = self.generations().await;
        if let Some(kept) = self.cache.get(request, &generations, now) {
            return Ok(Answer::new(kept, CacheResult::Hit, Vec::new(), now));
        }
        let (quote, attempts) = self.ask(request, now).await?;
        let provider = attempts
            .last()
            .map(|attempt| attempt.provider.clone())
            .unwrap_or_default();
        let ttl = self.config.ttl(&quote);
        let kept = Kept {
            quote,
            provider,
            generations,
            fetched_at: now,
            expires_at: now
                .checked_add_signed(ttl)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        };
        self.cache.insert(request.clone(), kept.clone(), now);
        Ok(Answer::new(kept, CacheResult::Miss, attempts, now))
    }

    /// The symbols the sources can list, in order, each once.
    pub async fn symbols(&self) -> Vec<String> {
        let mut symbols = Vec::new();
        for provider in &self.providers {
            symbols.extend(provider.symbols().await);
        }
        symbols.sort_unstable();
        symbols.dedup();
        symbols
    }

    async fn generations(&self) -> Vec<u64> {
        let mut generations = Vec::with_capacity(self.providers.len());
        for provider in &self.providers {
            generations.push(provider.generation().await);
        }
        generations
    }

    async fn ask(
        &self,
        request: &QuoteRequest,
        now: DateTime<Utc>,
    ) -> Result<(Quote, Vec<Attempt>), MarketError> {
        let mut attempts = Vec::new();
        let mut similar: Vec<String> = Vec::new();
        let mut unknown_to_all = true;
        for provider in &self.providers {
            let asked = Instant::now();
            let result = provider.quote(request, now).await;
            let ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
            attempts.push(Attempt::new(provider.name(), ms, result.as_ref().err()));
            match result {
                Ok(quote) => return Ok((quote, attempts)),
                Err(MarketError::SymbolNotFound { near, .. }) => {
                    similar.extend(near);
                }
                Err(_) => unknown_to_all = false,
            }
        }
        if unknown_to_all {
            let mut seen = std::collections::HashSet::new();
            similar.retain(|name| seen.insert(name.clone()));
            similar.truncate(5);
            return Err(MarketError::SymbolNotFound {
                symbol: request.to_string(),
                near: similar,
            });
        }
        Err(MarketError::ProviderUnavailable { attempts })
    }
}
