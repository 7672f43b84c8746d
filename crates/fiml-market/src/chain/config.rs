//! How long answers are kept, and how long anybody waits for them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{AssetClass, Delivery, Quote};

use super::BreakerConfig;

/// How long answers are kept in memory and how many, and how long sources may take.
///
/// A price is repeated for its time; from then until its longest time it is repeated as stale while the
/// source is asked again. Prices of this machine have no longest time: they are read again at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketConfig {
    /// How long a running equity price is kept.
    pub equity_ttl: Duration,
    /// How long at most.
    pub equity_hard_ttl: Duration,
    /// How long a running coin price is kept.
    pub coin_ttl: Duration,
    /// How long at most.
    pub coin_hard_ttl: Duration,
    /// How long a daily price is kept, whatever the asset, where its source does not tell until when it cannot
    /// change.
    pub end_of_day_ttl: Duration,
    /// How long at most.
    pub end_of_day_hard_ttl: Duration,
    /// How long an official series is kept.
    pub macro_ttl: Duration,
    /// How long at most.
    pub macro_hard_ttl: Duration,
    /// How many answers are kept; 0 keeps none.
    pub capacity: usize,
    /// How long one provider may take.
    pub provider_timeout: Duration,
    /// How long all of them may take together.
    pub deadline: Duration,
    /// When a provider is left alone.
    pub breaker: BreakerConfig,
}

impl MarketConfig {
    /// 15 seconds.
    pub const DEFAULT_EQUITY_TTL: Duration = Duration::from_secs(15);
    /// 15 minutes.
    pub const DEFAULT_EQUITY_HARD_TTL: Duration = Duration::from_mins(15);
    /// 10 seconds.
    pub const DEFAULT_COIN_TTL: Duration = Duration::from_secs(10);
    /// 2 minutes.
    pub const DEFAULT_COIN_HARD_TTL: Duration = Duration::from_mins(2);
    /// 5 minutes; a changed price file ends it at once.
    pub const DEFAULT_END_OF_DAY_TTL: Duration = Duration::from_secs(300);
    /// 5 days.
    pub const DEFAULT_END_OF_DAY_HARD_TTL: Duration = Duration::from_hours(5 * 24);
    /// 1 hour.
    pub const DEFAULT_MACRO_TTL: Duration = Duration::from_hours(1);
    /// 7 days.
    pub const DEFAULT_MACRO_HARD_TTL: Duration = Duration::from_hours(7 * 24);
    /// 10,000 answers.
    pub const DEFAULT_CAPACITY: usize = 10_000;
    /// 2.5 seconds.
    pub const DEFAULT_PROVIDER_TIMEOUT: Duration = Duration::from_millis(2_500);
    /// 6 seconds.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(6);

    /// How long a quote is repeated, and how long at most.
    pub(super) fn lifetimes(
        &self,
        quote: &Quote,
        remote: bool,
        completeness: Completeness,
        now: DateTime<Utc>,
    ) -> (TimeDelta, TimeDelta) {
        let (soft, hard) = match (quote.asset_class, quote.delivery) {
            (AssetClass::Macro, _) => (self.macro_ttl, self.macro_hard_ttl),
            (_, Delivery::EndOfDay) => (self.end_of_day_ttl, self.end_of_day_hard_ttl),
            (AssetClass::Equity, _) => (self.equity_ttl, self.equity_hard_ttl),
            (AssetClass::Coin, _) => (self.coin_ttl, self.coin_hard_ttl),
        };
        let span = |span| TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
        let (soft, hard) = (span(soft), span(hard));
        let unchanged = quote.unchanged_until.map(|until| until - now);
        let unchanged = unchanged.filter(|left| *left > TimeDelta::zero());
        let longest = match completeness {
            Completeness::Whole => hard,
            Completeness::Failed | Completeness::NotAsked => soft,
        };
        let soft = unchanged.map_or(soft, |left| left.min(longest));
        (soft, if remote { hard.max(soft) } else { soft })
    }
}

/// How much is there of what was asked for beside the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completeness {
    /// All.
    Whole,
    /// The office, or the source of a second price, failed or is left alone, and is not to be asked for every
    /// price.
    Failed,
    /// Figures are missing that the office was not asked for, since our own limit was reached: whoever asks
    /// again is to get them.
    NotAsked,
}

impl Default for MarketConfig {
    fn default() -> Self {
        Self {
            equity_ttl: Self::DEFAULT_EQUITY_TTL,
            equity_hard_ttl: Self::DEFAULT_EQUITY_HARD_TTL,
            coin_ttl: Self::DEFAULT_COIN_TTL,
            coin_hard_ttl: Self::DEFAULT_COIN_HARD_TTL,
            end_of_day_ttl: Self::DEFAULT_END_OF_DAY_TTL,
            end_of_day_hard_ttl: Self::DEFAULT_END_OF_DAY_HARD_TTL,
            macro_ttl: Self::DEFAULT_MACRO_TTL,
            macro_hard_ttl: Self::DEFAULT_MACRO_HARD_TTL,
            capacity: Self::DEFAULT_CAPACITY,
            provider_timeout: Self::DEFAULT_PROVIDER_TIMEOUT,
            deadline: Self::DEFAULT_DEADLINE,
            breaker: BreakerConfig::default(),
        }
    }
}
